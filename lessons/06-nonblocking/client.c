/* Nonblocking client: waits for its input and for the server at once, and
 * prints each answer when it comes.
 * Usage: client [HOST [PORT]]    127.0.0.1 9999 unless given
 * Limit: when the connection breaks, it leaves. */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static const char *host, *port;

/* Says what failed. Returns -1. */
static int failed(const char *call, const char *why)
{
    fprintf(stderr, "client: %s %s:%s: %s\n", call, host, port, why);
    return -1;
}

/* Returns a connection to the server, or -1. */
static int connect_to(const struct sockaddr_in *address)
{
    int on = 1, server = socket(AF_INET, SOCK_STREAM, 0);
    if (server < 0)
        return failed("socket", strerror(errno));
    if (connect(server, (const struct sockaddr *)address,
                sizeof *address) != 0)
        failed("connect", strerror(errno));
    else if (setsockopt(server, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on) !=
             0)
        failed("setsockopt", strerror(errno));
    else
        return server;
    close(server);
    return -1;
}

/* Prints bytes as they came. */
static void print(const char *bytes, size_t length)
{
    if (fwrite(bytes, 1, length, stdout) < length || fflush(stdout) != 0) {
        perror("client: fwrite");
        exit(1);
    }
}

/* Takes out what is not sent: empty lines, and all that follows the line
 * "exit", at which *open becomes 0. The input comes in pieces; a line may
 * begin in one and go on in the next. Returns how many bytes remain. */
static size_t keep_lines(char *input, size_t length, int *open)
{
    static char start[4]; /* the first bytes of the line */
    static size_t column; /* how many bytes it has so far */
    size_t kept = 0;
    for (size_t i = 0; i < length && *open; i++) {
        if (input[i] != '\n') {
            if (column < sizeof start)
                start[column] = input[i];
            column++;
            input[kept++] = input[i];
        } else if (column > 0) {
            *open = column != 4 || memcmp(start, "exit", 4) != 0;
            column = 0;
            input[kept++] = '\n';
        }
    }
    return kept;
}

/* Sends the input and prints the answers, until all is answered or the
 * server closes. Returns 0, or -1 when an answer is missing. */
static int talk(int server)
{
    char input[4096], answer[4096];
    size_t length = 0, sent = 0, unanswered = 0;
    int open = 1; /* may more input come? */
    ssize_t n;
    while (open || unanswered > 0) {
        /* More is read when all is sent, so the memory is bounded. A
         * negative descriptor is one that poll passes over. */
        int sending = sent < length;
        struct pollfd polled[] = {
            { .fd = server, .events = sending ? POLLIN | POLLOUT : POLLIN },
            { .fd = open && !sending ? STDIN_FILENO : -1,
              .events = POLLIN },
        };
        if (poll(polled, 2, -1) < 0) {
            if (errno != EINTR)
                return failed("poll", strerror(errno));
            continue;
        }

        if (polled[0].revents & ~POLLOUT) {
            n = recv(server, answer, sizeof answer, 0);
            if (n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR)) {
                if (unanswered == 0)
                    return 0;
                return failed("recv",
                              n < 0 ? strerror(errno)
                                    : "closed before the whole answer");
            }
            size_t got = n > 0 ? (size_t)n : 0;
            print(answer, got);
            unanswered -= got < unanswered ? got : unanswered;
        }
        if (polled[0].revents & POLLOUT) {
            n = send(server, input + sent, length - sent, MSG_NOSIGNAL);
            if (n < 0 && errno != EAGAIN && errno != EINTR)
                return failed("send", strerror(errno));
            sent += n > 0 ? (size_t)n : 0;
        }
        if (polled[1].revents) {
            n = read(STDIN_FILENO, input, sizeof input);
            if (n < 0 && errno != EAGAIN && errno != EINTR)
                return failed("read", strerror(errno));
            if (n == 0)
                open = 0;
            length = keep_lines(input, n > 0 ? (size_t)n : 0, &open);
            sent = 0;
            unanswered += length;
        }
    }
    return 0;
}

int main(int argc, char *argv[])
{
    struct sockaddr_in address = { .sin_family = AF_INET };
    host = argc > 1 ? argv[1] : "127.0.0.1";
    port = argc > 2 ? argv[2] : "9999";
    if (argc > 3 || inet_pton(AF_INET, host, &address.sin_addr) != 1 ||
        port[strspn(port, "0123456789")] ||
        strtoul(port, NULL, 10) - 1 >= 65535) {
        fputs("usage: client [HOST [PORT]]  (HOST: an IPv4 address in "
              "numbers; PORT: 1 to 65535)\n",
              stderr);
        return 2;
    }
    address.sin_port = htons((uint16_t)atoi(port));

    int server = connect_to(&address);
    if (server < 0)
        return 1;
    int status = 1;
    if (fcntl(server, F_SETFL, O_NONBLOCK) < 0)
        failed("fcntl", strerror(errno));
    else
        status = talk(server) < 0;
    close(server);
    return status;
}
