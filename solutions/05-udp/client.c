/* UDP client: sends each line as a datagram, and prints what comes back.
 * Usage: client [HOST [PORT [TRIES]]]    127.0.0.1 9999 4 unless given
 * Limit: the server may do the work of a line more than once. */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { PATIENCE = 250 }; /* milliseconds that an answer may take */

static const char *host, *port, *tries;

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

/* Returns milliseconds, by a clock that nobody sets. */
static long long now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec * 1000LL + t.tv_nsec / 1000000;
}

/* Waits for the datagram that begins with the tag, and prints the rest of
 * it. Returns 0, or -1 when it has not come in time. */
static int await(int server, const char *tag, size_t tag_length)
{
    char answer[65536]; /* no datagram is larger, so none is cut short */
    long long left, deadline = now() + PATIENCE;
    while ((left = deadline - now()) > 0) {
        struct pollfd polled = { .fd = server, .events = POLLIN };
        if (poll(&polled, 1, (int)left) < 0 && errno != EINTR) {
            failed("poll", strerror(errno));
            exit(1);
        }
        ssize_t n = recv(server, answer, sizeof answer, MSG_DONTWAIT);
        if (n < (ssize_t)tag_length || memcmp(answer, tag, tag_length) != 0)
            continue; /* refused, or the answer to another line */
        print(answer + tag_length, (size_t)n - tag_length);
        return 0;
    }
    return -1;
}

/* Sends line number N as "N line", and prints the answer without the N.
 * Returns 0, or -1 when no answer came, or the line is too large. */
static int talk(int server, unsigned long number, const char *line,
                size_t length)
{
    char datagram[65536], tag[24];
    size_t tag_length = (size_t)snprintf(tag, sizeof tag, "%lu ", number);
    if (length > sizeof datagram - tag_length)
        return failed("send", strerror(EMSGSIZE));
    memcpy(datagram, tag, tag_length);
    memcpy(datagram + tag_length, line, length);
    for (unsigned long i = strtoul(tries, NULL, 10); i > 0; i--) {
        ssize_t n;
        int refused = 0; /* that may be the news of an earlier datagram */
        do
            n = send(server, datagram, tag_length + length, 0);
        while (n < 0 &&
               (errno == EINTR || (errno == ECONNREFUSED && !refused++)));
        if (n < 0 && errno != ECONNREFUSED)
            return failed("send", strerror(errno));
        if (await(server, tag, tag_length) == 0)
            return 0;
    }
    fprintf(stderr, "client: no answer to line %lu\n", number);
    return -1;
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
    tries = argc > 3 ? argv[3] : "4";
    if (argc > 4 || inet_pton(AF_INET, host, &address.sin_addr) != 1 ||
        port[strspn(port, "0123456789")] ||
        strtoul(port, NULL, 10) - 1 >= 65535 ||
        tries[strspn(tries, "0123456789")] ||
        strtoul(tries, NULL, 10) == 0) {
        fputs("usage: client [HOST [PORT [TRIES]]]  (HOST: an IPv4 address "
              "in numbers; PORT: 1 to 65535; TRIES: 1 or more)\n",
              stderr);
        return 2;
    }
    address.sin_port = htons((uint16_t)atoi(port));

    int server = connect_to(&address);
    if (server < 0)
        return 1;
    char *line = NULL;
    size_t room = 0, length;
    unsigned long number = 0;
    int status = 0, leaving = 0;
    while (!leaving && status == 0 && (length = read_line(&line, &room))) {
        status = talk(server, ++number, line, length) < 0;
        leaving = is_exit(line, length);
    }
    free(line);
    close(server);
    return status;
}
