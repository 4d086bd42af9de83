/*
 * Looping server that ends at the line "exit".
 * Style: one big function; a socket that never waits, and select.
 * Usage: server [PORT]    on 127.0.0.1, 9999 unless given
 */
#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/select.h>
#include <sys/socket.h>
#include <unistd.h>

#define TRY(call)                                                          \
    do {                                                                   \
        if ((call) < 0) {                                                  \
            perror("server: " #call);                                      \
            return 1;                                                      \
        }                                                                  \
    } while (0)

int main(int argc, char *argv[])
{
    unsigned long wanted = 9999;
    if (argc == 2) {
        const char *p = argv[1];
        for (wanted = 0; isdigit((unsigned char)*p) && wanted < 65536; p++)
            wanted = wanted * 10 + (unsigned long)(*p - '0');
        if (p == argv[1] || *p)
            wanted = 65536;
    }
    if (argc > 2 || wanted > 65535) {
        fprintf(stderr, "usage: server [PORT]\n");
        return 2;
    }

    struct sockaddr_in me = { .sin_family = AF_INET,
                              .sin_port = htons((in_port_t)wanted),
                              .sin_addr = { htonl(INADDR_LOOPBACK) } };
    socklen_t len = sizeof(me);
    int s, c, one = 1;
    TRY(s = socket(PF_INET, SOCK_STREAM, IPPROTO_TCP));
    TRY(setsockopt(s, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one)));
    TRY(bind(s, (struct sockaddr *)&me, sizeof(me)));
    TRY(listen(s, 1));
    TRY(getsockname(s, (struct sockaddr *)&me, &len));
    fprintf(stderr, "ready, port %u\n", (unsigned)ntohs(me.sin_port));
    while ((c = accept(s, NULL, NULL)) == -1)
        if (errno != EINTR && errno != ECONNABORTED)
            TRY(c);
    close(s);
    TRY(setsockopt(c, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one)));
    TRY(fcntl(c, F_SETFL, fcntl(c, F_GETFL) | O_NONBLOCK));

    char buffer[16384];
    size_t first = 0, last = 0; /* the answers that are still to be sent */
    const char word[] = "exit";
    size_t right = 0;      /* how many of the line's bytes are the word's */
    int wrong = 0, cr = 0; /* another byte was there; a \r is behind it */
    enum { TALK, LAST_WORDS, LISTEN } phase = TALK;

    for (;;) {
        fd_set in, out;
        FD_ZERO(&in);
        FD_ZERO(&out);
        if (first < last)
            FD_SET(c, &out);
        else
            FD_SET(c, &in);
        if (select(c + 1, &in, &out, NULL, NULL) < 0) {
            if (errno == EINTR)
                continue;
            perror("server: select");
            return 1;
        }
        ssize_t n;
        if (FD_ISSET(c, &in)) {
            n = recv(c, buffer, sizeof(buffer), 0);
            if (n == 0)
                break;
            if (n > 0 && phase == TALK) {
                first = last = 0;
                while (last < (size_t)n && phase == TALK) {
                    char *b = &buffer[last++];
                    if (*b == '\n') {
                        if (!wrong && right == strlen(word))
                            phase = LAST_WORDS;
                        right = 0;
                        wrong = cr = 0;
                    } else if (right < strlen(word)) {
                        wrong |= *b != word[right++];
                    } else {
                        wrong |= cr || *b != '\r';
                        cr = 1;
                    }
                    if (strchr("abcdefghijklmnopqrstuvwxyz", *b) && *b)
                        *b -= 32;
                }
            }
        } else {
            n = send(c, buffer + first, last - first, MSG_NOSIGNAL);
            if (n > 0)
                first += (size_t)n;
        }
        if (n < 0 && errno != EAGAIN && errno != EWOULDBLOCK &&
            errno != EINTR) {
            fprintf(stderr, "lost the client: %s\n", strerror(errno));
            break;
        }
        if (phase == LAST_WORDS && first == last) {
            shutdown(c, SHUT_WR); /* if it fails, recv will say why */
            phase = LISTEN;
        }
    }
    fputs("bye\n", stderr);
    return close(c) < 0 && errno != ECONNRESET;
}
