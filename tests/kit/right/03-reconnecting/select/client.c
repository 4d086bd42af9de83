/* Style: one big main with goto; select; its own reader of lines with
 * fgetc; says on standard error only what has to be said. */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/select.h>
#include <sys/socket.h>
#include <time.h> /* struct timeval */
#include <unistd.h>

int main(int argc, char *argv[])
{
    static const int waits[] = { 50, 100, 200, 400, 800 };
    const char *where = "127.0.0.1", *digits = "0123456789";
    long max_tries = 8, number = 9999, row = 0;
    unsigned level = 0;
    int first = 1, s, one = 1, c, over = 0;
    unsigned char *text = NULL, *reply = NULL;
    size_t cap = 0, len = 0, sent = 0, have = 0;
    struct sockaddr_in to;

    if (argc > 1)
        where = argv[1];
    if (argc > 2)
        number =
            strspn(argv[2], digits) == strlen(argv[2]) ? atol(argv[2]) : -1;
    if (argc > 3)
        max_tries =
            strspn(argv[3], digits) == strlen(argv[3]) ? atol(argv[3]) : -1;
    memset(&to, 0, sizeof to);
    to.sin_family = AF_INET;
    if (argc > 4 || number < 1 || number > 65535 || max_tries < 1 ||
        !inet_pton(AF_INET, where, &to.sin_addr)) {
        fprintf(stderr, "bad arguments; HOST PORT TRIES, all optional\n");
        exit(2);
    }
    to.sin_port = htons((unsigned short)number);

again:
    if (row == max_tries) {
        fprintf(stderr, "client: %s %ld: no answer in %ld attempts, bye\n",
                where, number, max_tries);
        exit(EXIT_FAILURE);
    }
    if (!first) {
        struct timeval t = { 0, waits[level] * 1000 };
        select(0, NULL, NULL, NULL, &t);
        if (level < 4)
            level++;
    }
    first = 0;
    row++;
    s = socket(AF_INET, SOCK_STREAM, 0);
    if (s < 0) {
        perror("client: socket");
        exit(EXIT_FAILURE);
    }
    if (connect(s, (struct sockaddr *)&to, sizeof to) != 0) {
        perror("client: connect");
        close(s);
        goto again;
    }
    setsockopt(s, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    if (fcntl(s, F_SETFL, fcntl(s, F_GETFL) | O_NONBLOCK) != 0)
        perror("client: fcntl");
    sent = have = 0;
    if (len > 0)
        goto dialogue;

next:
    if (over)
        exit(EXIT_SUCCESS);
    if (isatty(fileno(stdin)))
        fprintf(stderr, "> ");
    len = 0;
    do {
        c = getc(stdin);
        if (c == EOF)
            break;
        if (len == cap) {
            cap = cap ? 2 * cap : 128;
            text = realloc(text, cap);
            reply = realloc(reply, cap);
            if (!text || !reply) {
                perror("client: memory");
                exit(EXIT_FAILURE);
            }
        }
        text[len++] = (unsigned char)c;
    } while (c != '\n');
    if (ferror(stdin)) {
        perror("client: input");
        exit(EXIT_FAILURE);
    }
    over = c == EOF;
    if (len == 0)
        exit(EXIT_SUCCESS);
    if (len == 1 && text[0] == '\n')
        goto next;
    sent = have = 0;

dialogue:
    while (have < len) {
        fd_set in, out;
        ssize_t n;
        FD_ZERO(&in);
        FD_ZERO(&out);
        FD_SET(s, &in);
        if (sent < len)
            FD_SET(s, &out);
        if (select(s + 1, &in, &out, NULL, NULL) < 0) {
            if (errno == EINTR)
                continue;
            perror("client: select");
            exit(EXIT_FAILURE);
        }
        if (FD_ISSET(s, &out)) {
            n = send(s, text + sent, len - sent, MSG_NOSIGNAL);
            if (n < 0 && errno != EINTR && errno != EAGAIN)
                goto broken;
            if (n > 0)
                sent += (size_t)n;
        }
        if (FD_ISSET(s, &in)) {
            n = recv(s, reply + have, len - have, 0);
            if (n == 0)
                errno = ENOTCONN;
            if (n == 0 || (n < 0 && errno != EINTR && errno != EAGAIN))
                goto broken;
            if (n > 0)
                have += (size_t)n;
        }
    }
    if (fwrite(reply, 1, len, stdout) != len || fflush(stdout)) {
        perror("client: output");
        exit(EXIT_FAILURE);
    }
    row = 0;
    level = 0;
    if (len >= 4 && len <= 5 && !memcmp(text, "exit\n", len))
        exit(EXIT_SUCCESS);
    goto next;

broken:
    perror("client: broken");
    close(s);
    goto again;
}
