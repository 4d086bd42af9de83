/* UDP client as a machine of five states; it waits with select.
 * Usage: client [HOST [PORT [TRIES]]] */
#include <arpa/inet.h>
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/select.h>
#include <sys/socket.h>
#include <time.h> /* clock_gettime */
#include <unistd.h>

typedef enum { READING, SENDING, WAITING, DONE, FAILED } State;

typedef struct {
    int fd;
    const char *address[2]; /* host and port, for messages */
    unsigned long tries;    /* for each line */
    unsigned long line;     /* the number of the line in hand */
    unsigned long left;     /* tries that it still has */
    int last;               /* is it the line exit? */
    char *input;
    size_t input_room;
    char *packet; /* number, space, line */
    size_t packet_size, head_size;
    int64_t until; /* microseconds */
} Client;

static int64_t microseconds(void)
{
    struct timespec moment;
    if (clock_gettime(CLOCK_MONOTONIC, &moment) != 0)
        abort();
    return (int64_t)moment.tv_sec * 1000000 + moment.tv_nsec / 1000;
}

static State complain(const Client *c, const char *what)
{
    fprintf(stderr, "client: %s %s:%s: %s\n", what, c->address[0],
            c->address[1], strerror(errno));
    return FAILED;
}

static State next_line(Client *c)
{
    if (c->last)
        return DONE;
    if (isatty(fileno(stdin)))
        fprintf(stderr, "> ");
    ssize_t length = getline(&c->input, &c->input_room, stdin);
    if (length == -1 && feof(stdin))
        return DONE;
    if (length == -1)
        return complain(c, "getline");
    if (length == 1 && c->input[0] == '\n')
        return READING;
    c->last =
        strcmp(c->input, "exit\n") == 0 || strcmp(c->input, "exit") == 0;
    if (strlen(c->input) != (size_t)length)
        c->last = 0; /* a NUL is in it */

    free(c->packet);
    c->packet = malloc((size_t)length + 32);
    if (!c->packet)
        return complain(c, "malloc");
    c->line += 1;
    c->head_size = (size_t)sprintf(c->packet, "%lu ", c->line);
    memcpy(&c->packet[c->head_size], c->input, (size_t)length);
    c->packet_size = c->head_size + (size_t)length;
    c->left = c->tries;
    return SENDING;
}

static State send_packet(Client *c)
{
    if (c->left == 0) {
        fprintf(stderr, "client: no answer to line %lu\n", c->line);
        return FAILED;
    }
    c->left--;
    /* The first refusal may be an old one: it is cleared by being told. */
    for (int again = 0; again < 2; again++) {
        ssize_t sent;
        while ((sent = send(c->fd, c->packet, c->packet_size, 0)) == -1 &&
               errno == EINTR) {
        }
        if (sent >= 0)
            break;
        if (errno != ECONNREFUSED)
            return complain(c, "send");
    }
    c->until = microseconds() + 250000;
    return WAITING;
}

static State wait_for_answer(Client *c)
{
    static char answer[65536];
    int64_t rest = c->until - microseconds();
    if (rest <= 0)
        return SENDING;
    struct timeval timeout = { .tv_usec = (suseconds_t)rest };
    fd_set set;
    FD_ZERO(&set);
    FD_SET(c->fd, &set);
    if (select(c->fd + 1, &set, NULL, NULL, &timeout) != 1)
        return WAITING;
    ssize_t size = recv(c->fd, answer, sizeof answer, MSG_DONTWAIT);
    if (size == -1 || (size_t)size < c->head_size)
        return WAITING;
    if (memcmp(answer, c->packet, c->head_size) != 0)
        return WAITING;
    size_t text = (size_t)size - c->head_size;
    if (fwrite(&answer[c->head_size], 1, text, stdout) != text ||
        fflush(stdout) == EOF)
        return complain(c, "fwrite");
    return READING;
}

/* Is it a decimal number from 1 to most? Returns it, or 0. */
static unsigned long number_of(const char *text, unsigned long most)
{
    char *end;
    if (*text < '0' || *text > '9')
        return 0;
    unsigned long value = strtoul(text, &end, 10);
    return *end == '\0' && value <= most ? value : 0;
}

int main(int argc, char *argv[])
{
    static const char *const defaults[] = { "127.0.0.1", "9999", "4" };
    const char *given[3];
    for (int i = 0; i < 3; i++)
        given[i] = argc > i + 1 ? argv[i + 1] : defaults[i];
    struct sockaddr_in to = { .sin_family = AF_INET };
    unsigned long port_number = number_of(given[1], 65535);
    Client c = { .address = { given[0], given[1] } };
    c.tries = number_of(given[2], -1UL);
    if (argc > 4 || port_number == 0 || c.tries == 0 ||
        inet_pton(AF_INET, given[0], &to.sin_addr) != 1) {
        fprintf(stderr, "usage: client [HOST [PORT [TRIES]]]\n");
        return 2;
    }
    to.sin_port = htons((uint16_t)port_number);

    State state = READING;
    c.fd = socket(AF_INET, SOCK_DGRAM, IPPROTO_UDP);
    if (c.fd == -1)
        state = complain(&c, "socket");
    else if (connect(c.fd, (struct sockaddr *)&to, sizeof to) == -1)
        state = complain(&c, "connect");

    while (state != DONE && state != FAILED) {
        switch (state) {
        case READING:
            state = next_line(&c);
            break;
        case SENDING:
            state = send_packet(&c);
            break;
        default:
            state = wait_for_answer(&c);
            break;
        }
    }
    free(c.packet);
    free(c.input);
    if (c.fd != -1)
        close(c.fd);
    return state == DONE ? EXIT_SUCCESS : EXIT_FAILURE;
}
