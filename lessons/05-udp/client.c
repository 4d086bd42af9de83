/* UDP client: sends each line as a datagram, and prints what comes back.
 * Usage: client [HOST [PORT]]    127.0.0.1 9999 unless given
 * Limit: it waits for ever for an answer that got lost. */
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

/* Returns a socket whose peer is the server, or -1. Nothing travels yet. */
static int connect_to(const struct sockaddr_in *address)
{
    int server = socket(AF_INET, SOCK_DGRAM, 0);
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

/* Sends a line and prints the answer: one datagram each, always whole.
 * Returns 0, or -1 when nobody is there or the line is too large. */
static int talk(int server, const char *line, size_t length)
{
    char answer[65536]; /* no datagram is larger, so none is cut short */
    ssize_t n;
    do
        n = send(server, line, length, 0);
    while (n < 0 && errno == EINTR);
    if (n < 0)
        return failed("send", strerror(errno));
    do
        n = recv(server, answer, sizeof answer, 0);
    while (n < 0 && errno == EINTR);
    if (n < 0)
        return failed("recv", strerror(errno));
    print(answer, (size_t)n);
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
    if (server < 0)
        return 1;
    char *line = NULL;
    size_t room = 0, length;
    int status = 0, leaving = 0;
    while (!leaving && status == 0 && (length = read_line(&line, &room))) {
        status = talk(server, line, length) < 0;
        leaving = is_exit(line, length);
    }
    free(line);
    close(server);
    return status;
}
