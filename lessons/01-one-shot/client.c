/* One-shot client: sends one line, says that this was all, and prints what
 * comes back until the end.
 * Usage: client [HOST [PORT]]    127.0.0.1 9999 unless given
 * Limit: it sends the first line that is not empty, and no other. */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
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
    int server = socket(AF_INET, SOCK_STREAM, 0);
    if (server < 0)
        return failed("socket", strerror(errno));
    if (connect(server, (const struct sockaddr *)address,
                sizeof *address) == 0)
        return server;
    failed("connect", strerror(errno));
    close(server);
    return -1;
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

/* Sends the message piece by piece, and prints what comes until the end. A
 * piece goes out when the one before has been answered: if both sides only
 * sent, they would wait for each other. Returns 0, or -1 when no answer
 * came. */
static int ask(int server, const char *line, size_t length)
{
    char answer[4096];
    size_t sent = 0, answered = 0;
    int sending = 1;
    ssize_t n;
    for (;;) {
        if (sending && answered >= sent) {
            size_t left = length - sent;
            n = send(server, line + sent,
                     left < sizeof answer ? left : sizeof answer,
                     MSG_NOSIGNAL);
            if (n < 0 && errno == EINTR)
                continue;
            sent += n > 0 ? (size_t)n : 0;
            if (sent == length)
                shutdown(server, SHUT_WR);
            if (sent == length || n < 0)
                sending = 0; /* if it failed, recv will tell */
        }
        n = recv(server, answer, sizeof answer, 0);
        if (n == 0 || (n < 0 && errno != EINTR))
            break;
        print(answer, n > 0 ? (size_t)n : 0);
        answered += n > 0 ? (size_t)n : 0;
    }
    if (answered == 0)
        return failed("recv", n < 0 ? strerror(errno) : "no answer");
    if (answered < length)
        fprintf(stderr, "client: only %zu of %zu bytes were answered\n",
                answered, length);
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
    char *line = NULL;
    size_t room = 0, length = read_line(&line, &room);
    int status = 0;
    if (length > 0)
        status = ask(server, line, length) < 0;
    free(line);
    close(server);
    return status;
}
