/* Reconnecting client: a dialogue, line by line, that comes back when the
 * server does.
 * Usage: client [HOST [PORT]]    127.0.0.1 9999 unless given
 * Limit: the line in hand is lost when the connection breaks. */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
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

/* Returns a connection to the server, however long it takes to get one. */
static int connect_to(const struct sockaddr_in *address)
{
    for (;;) {
        int on = 1, server = socket(AF_INET, SOCK_STREAM, 0);
        if (server < 0) {
            failed("socket", strerror(errno));
            exit(1);
        }
        if (connect(server, (const struct sockaddr *)address,
                    sizeof *address) != 0)
            failed("connect", strerror(errno));
        else if (setsockopt(server, IPPROTO_TCP, TCP_NODELAY, &on,
                            sizeof on) != 0)
            failed("setsockopt", strerror(errno));
        else
            return server;
        close(server);
        sleep(1);
    }
}

/* Reads the next line that is not empty, with its newline. Returns its
 * length, or 0 at the end of the input. */
static size_t read_line(char **line, size_t *room)
{
    ssize_t length;
    do {
        if (isatty(STDIN_FILENO))
            fputs("> ", stderr);
        length = getline(line, room, stdin);
    } while (length == 1 && **line == '\n');
    if (length < 0 && !feof(stdin)) {
        perror("client: getline");
        exit(1);
    }
    return length < 0 ? 0 : (size_t)length;
}

/* Prints bytes as they came. */
static void print(const char *bytes, size_t length)
{
    if (fwrite(bytes, 1, length, stdout) < length || fflush(stdout) != 0) {
        perror("client: fwrite");
        exit(1);
    }
}

/* Sends a line piece by piece, and prints the answer, which has as many
 * bytes. A piece goes out when the one before has been answered: if both
 * sides only sent, they would wait for each other. Returns 0, or -1 when
 * the connection broke. */
static int talk(int server, const char *line, size_t length)
{
    char answer[16384];
    size_t sent = 0, answered = 0;
    while (answered < length) {
        size_t left = length - sent, due = sent - answered;
        ssize_t n;
        if (due == 0) {
            n = send(server, line + sent,
                     left < sizeof answer ? left : sizeof answer,
                     MSG_NOSIGNAL);
            if (n < 0 && errno != EINTR)
                return failed("send", strerror(errno));
            sent += n > 0 ? (size_t)n : 0;
            continue;
        }
        n = recv(server, answer, due < sizeof answer ? due : sizeof answer,
                 0);
        if (n == 0)
            return failed("recv", "closed before the whole answer");
        if (n < 0 && errno != EINTR)
            return failed("recv", strerror(errno));
        print(answer, n > 0 ? (size_t)n : 0);
        answered += n > 0 ? (size_t)n : 0;
    }
    return 0;
}

/* Is this line the word that ends the dialogue? */
static int is_exit(const char *line, size_t length)
{
    return length >= 4 && strncmp(line, "exit\n", length) == 0;
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
    char *line = NULL;
    size_t room = 0, length;
    int leaving = 0;
    while (!leaving && (length = read_line(&line, &room))) {
        int broken = talk(server, line, length) < 0;
        leaving = is_exit(line, length);
        if (broken && !leaving) {
            close(server);
            sleep(1);
            server = connect_to(&address);
        }
    }
    free(line);
    close(server);
    return 0;
}
