/* Style: each place is a machine with three states, and stays where it is; a
 * free one has a descriptor of -1, which poll passes over. Deadlines are
 * looked at behind poll, and kept as struct timespec. */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum state { FREE, LISTENING_TO, ANSWERING };
enum { ROOM = 4096, SEATS = 4000 };

struct machine {
    enum state state;
    struct timespec alarm;
    int from, to; /* in memory: the rest of the answer */
    char *memory;
};

static struct machine machines[SEATS];
static struct pollfd watched[SEATS + 1]; /* the listener is behind them */
static int seats;                        /* that were ever used */
static int free_seats[SEATS], free_count;
static struct timespec limit;
static int limited;

static void quit(int status, const char *format, ...)
{
    va_list list;
    va_start(list, format);
    vfprintf(stderr, format, list);
    va_end(list);
    fputc('\n', stderr);
    exit(status);
}

static int earlier(const struct timespec *x, const struct timespec *y)
{
    return x->tv_sec != y->tv_sec ? x->tv_sec < y->tv_sec
                                  : x->tv_nsec < y->tv_nsec;
}

static struct timespec in(struct timespec span)
{
    struct timespec when;
    clock_gettime(CLOCK_MONOTONIC, &when);
    when.tv_sec += span.tv_sec;
    when.tv_nsec += span.tv_nsec;
    if (when.tv_nsec >= 1000000000) {
        when.tv_nsec -= 1000000000;
        when.tv_sec++;
    }
    return when;
}

/* How many milliseconds there are until then, rounded up. */
static int until(const struct timespec *then)
{
    struct timespec current = in((struct timespec){ 0, 0 });
    if (!earlier(&current, then))
        return 0;
    long long ns = (then->tv_sec - current.tv_sec) * 1000000000LL +
                   then->tv_nsec - current.tv_nsec;
    return (int)((ns + 999999) / 1000000);
}

static void go(int seat, enum state state)
{
    machines[seat].state = state;
    switch (state) {
    case FREE:
        fprintf(stderr, "seat %d: free\n", seat);
        close(watched[seat].fd);
        watched[seat].fd = -1;
        free(machines[seat].memory);
        free_seats[free_count++] = seat;
        break;
    case LISTENING_TO:
        watched[seat].events = POLLIN;
        break;
    case ANSWERING:
        watched[seat].events = POLLOUT;
        break;
    }
}

static void answer(int seat)
{
    struct machine *m = &machines[seat];
    ssize_t n;
    do
        n = send(watched[seat].fd, m->memory + m->from,
                 (size_t)(m->to - m->from), MSG_NOSIGNAL);
    while (n < 0 && errno == EINTR);
    if (n < 0 && errno != EAGAIN) {
        go(seat, FREE);
        return;
    }
    if (n > 0)
        m->from += (int)n;
    go(seat, m->from < m->to ? ANSWERING : LISTENING_TO);
}

static void listen_to(int seat)
{
    struct machine *m = &machines[seat];
    ssize_t n = recv(watched[seat].fd, m->memory, ROOM, 0);
    if (n < 0 && (errno == EAGAIN || errno == EINTR))
        return;
    if (n <= 0) {
        go(seat, FREE);
        return;
    }
    for (char *p = m->memory; p < m->memory + n; p++)
        if (*p >= 'a' && *p <= 'z')
            *p += 'A' - 'a';
    m->from = 0;
    m->to = (int)n;
    m->alarm = in(limit);
    answer(seat);
}

/* Returns 0 if nobody can be taken at present, for lack of a resource. */
static int take(int listener)
{
    int fd = accept(listener, NULL, NULL);
    if (fd < 0)
        return errno == EAGAIN || errno == EINTR || errno == ECONNABORTED ||
               errno == EPROTO;
    char *memory = malloc(ROOM);
    if (!memory || fcntl(fd, F_SETFL, O_NONBLOCK) < 0) {
        free(memory);
        close(fd);
        return 0;
    }
    int seat = free_count > 0 ? free_seats[--free_count] : seats++;
    machines[seat].memory = memory;
    machines[seat].alarm = in(limit);
    watched[seat].fd = fd;
    watched[seat].revents = 0;
    go(seat, LISTENING_TO);
    fprintf(stderr, "seat %d: taken\n", seat);
    return 1;
}

static void run(int listener)
{
    struct timespec again = { 0, 0 }; /* when accept is tried again */
    for (;;) {
        int sleep_for = -1, rest = until(&again);
        if (rest > 0)
            sleep_for = rest;
        for (int s = 0; limited && s < seats; s++) {
            if (machines[s].state == FREE)
                continue;
            int ms = until(&machines[s].alarm);
            if (sleep_for < 0 || ms < sleep_for)
                sleep_for = ms;
        }
        int full = free_count == 0 && seats == SEATS;
        watched[seats] =
            (struct pollfd){ rest > 0 || full ? -1 : listener, POLLIN, 0 };
        if (poll(watched, (nfds_t)seats + 1, sleep_for) < 0) {
            if (errno == EINTR)
                continue;
            quit(1, "server: poll: %s", strerror(errno));
        }
        int knocks = watched[seats].revents != 0;
        for (int s = 0; s < seats; s++) {
            if (watched[s].fd >= 0 && watched[s].revents != 0) {
                if (machines[s].state == ANSWERING)
                    answer(s);
                else
                    listen_to(s);
            }
            if (limited && machines[s].state != FREE &&
                until(&machines[s].alarm) == 0)
                go(s, FREE);
        }
        if (knocks && !take(listener))
            again = in((struct timespec){ 1, 0 });
    }
}

static long decimal(const char *text, long most)
{
    long value = 0;
    if (!*text)
        return -1;
    for (; *text >= '0' && *text <= '9' && value <= most; text++)
        value = value * 10 + (*text - '0');
    return *text || value > most ? -1 : value;
}

int main(int argc, char *argv[])
{
    long where = argc > 1 ? decimal(argv[1], 65535) : 9999;
    long ms = argc > 2 ? decimal(argv[2], 999999999) : 0;
    if (argc > 3 || where < 0 || ms < 0)
        quit(2, "usage: server [PORT [IDLE_MS]]");
    limited = ms > 0;
    limit.tv_sec = ms / 1000;
    limit.tv_nsec = ms % 1000 * 1000000;

    struct sockaddr_in name = { .sin_family = AF_INET,
                                .sin_port = htons((in_port_t)where),
                                .sin_addr = { htonl(INADDR_LOOPBACK) } };
    socklen_t length = sizeof name;
    int yes = 1, listener = socket(AF_INET, SOCK_STREAM, 0);
    if (listener < 0 ||
        setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes) <
            0 ||
        setsockopt(listener, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes) <
            0 ||
        bind(listener, (struct sockaddr *)&name, length) < 0 ||
        listen(listener, SOMAXCONN) < 0 ||
        fcntl(listener, F_SETFL, O_NONBLOCK) < 0 ||
        getsockname(listener, (struct sockaddr *)&name, &length) < 0)
        quit(1, "server: 127.0.0.1:%ld: %s", where, strerror(errno));
    fprintf(stderr, "listening on 127.0.0.1:%d\n", ntohs(name.sin_port));
    run(listener);
}
