/* Style: the clients are in a queue, the one silent for longest in front; the
 * table of poll is made anew for each call. read and write; log on stdout. */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define PIECE 1500
#define MOST 12000

struct visitor {
    struct visitor *older, *newer;
    int fd;
    int64_t spoke;             /* microseconds */
    unsigned char *next, *end; /* the rest of the answer */
    unsigned char bytes[PIECE];
};

static struct visitor *oldest, *newest;
static unsigned visitors;
static struct pollfd table[MOST + 1];
static struct visitor *owner[MOST + 1];

static int64_t microseconds(void)
{
    struct timespec ts;
    if (clock_gettime(CLOCK_MONOTONIC, &ts) != 0)
        abort();
    return (int64_t)ts.tv_sec * 1000000 + ts.tv_nsec / 1000;
}

static void die(const char *what)
{
    fprintf(stderr, "server: %s: %s\n", what, strerror(errno));
    exit(EXIT_FAILURE);
}

static void append(struct visitor *v)
{
    v->newer = NULL;
    v->older = newest;
    *(newest ? &newest->newer : &oldest) = v;
    newest = v;
}

static void unlink_visitor(struct visitor *v)
{
    *(v->older ? &v->older->newer : &oldest) = v->newer;
    *(v->newer ? &v->newer->older : &newest) = v->older;
}

static void farewell(struct visitor *v, const char *why)
{
    printf("%d: %s\n", v->fd, why);
    unlink_visitor(v);
    close(v->fd);
    free(v);
    visitors--;
}

/* Writes what it can. Returns false if the connection is broken. */
static bool flush(struct visitor *v)
{
    while (v->next != v->end) {
        ssize_t n = write(v->fd, v->next, (size_t)(v->end - v->next));
        if (n >= 0)
            v->next += n;
        else if (errno == EAGAIN || errno == EWOULDBLOCK)
            return true;
        else if (errno != EINTR)
            return false;
    }
    return true;
}

/* Reads a piece. Returns false if there will be no more. */
static bool hear(struct visitor *v)
{
    ssize_t n = read(v->fd, v->bytes, PIECE);
    if (n == 0)
        return false;
    if (n < 0)
        return errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR;
    v->next = v->bytes;
    v->end = v->bytes + n;
    for (unsigned char *p = v->next; p < v->end; p++)
        if (*p >= 'a' && *p <= 'z')
            *p ^= 0x20;
    v->spoke = microseconds();
    unlink_visitor(v);
    append(v);
    return flush(v);
}

/* Returns false if accept failed for lack of something. */
static bool welcome(int door)
{
    int fd = accept(door, NULL, NULL);
    if (fd < 0) {
        if (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR ||
            errno == ECONNABORTED)
            return true;
        printf("nobody more: %s\n", strerror(errno));
        return false;
    }
    struct visitor *v = malloc(sizeof *v);
    if (!v || fcntl(fd, F_SETFL, O_NONBLOCK) != 0) {
        printf("nobody more: %s\n", strerror(errno));
        free(v);
        close(fd);
        return false;
    }
    v->fd = fd;
    v->next = v->end = v->bytes;
    v->spoke = microseconds();
    append(v);
    visitors++;
    printf("%d: welcome\n", fd);
    return true;
}

static bool number(const char *text, long most, long *value)
{
    char *rest;
    if (*text < '0' || *text > '9')
        return false;
    errno = 0;
    *value = strtol(text, &rest, 10);
    return *rest == '\0' && errno == 0 && *value <= most;
}

static int open_door(uint16_t number)
{
    struct sockaddr_in here;
    socklen_t length = sizeof here;
    int yes = 1, door = socket(PF_INET, SOCK_STREAM, 0);
    if (door < 0)
        die("socket");
    memset(&here, 0, sizeof here);
    here.sin_family = AF_INET;
    here.sin_addr.s_addr = htonl(0x7f000001);
    here.sin_port = htons(number);
    if (setsockopt(door, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes) ||
        setsockopt(door, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes))
        die("setsockopt");
    if (bind(door, (struct sockaddr *)&here, length))
        die("bind 127.0.0.1");
    if (listen(door, SOMAXCONN) || fcntl(door, F_SETFL, O_NONBLOCK))
        die("listen");
    if (getsockname(door, (struct sockaddr *)&here, &length))
        die("getsockname");
    fprintf(stderr, "listening on 127.0.0.1:%u\n", ntohs(here.sin_port));
    return door;
}

int main(int argc, char **argv)
{
    long where = 9999, limit = 0;
    if (argc > 3 || (argc > 1 && !number(argv[1], 65535, &where)) ||
        (argc > 2 && !number(argv[2], 999999999, &limit))) {
        fprintf(stderr, "usage: %s [PORT [IDLE_MS]]\n", argv[0]);
        exit(2);
    }
    signal(SIGPIPE, SIG_IGN);
    setvbuf(stdout, NULL, _IOLBF, 0);
    int door = open_door((uint16_t)where);
    int64_t silence = (int64_t)limit * 1000, rest_until = 0;

    while (true) {
        int64_t moment = microseconds(), wake = INT64_MAX;
        while (silence && oldest && moment - oldest->spoke >= silence)
            farewell(oldest, "silent for too long");
        if (silence && oldest)
            wake = oldest->spoke + silence;
        bool resting = moment < rest_until;
        if (resting && rest_until < wake)
            wake = rest_until;

        nfds_t used = 0;
        for (struct visitor *v = oldest; v; v = v->newer) {
            owner[used] = v;
            table[used].fd = v->fd;
            table[used++].events = v->next == v->end ? POLLIN : POLLOUT;
        }
        nfds_t of_visitors = used;
        if (!resting && visitors < MOST) {
            table[used].fd = door;
            table[used++].events = POLLIN;
        }
        int patience =
            wake == INT64_MAX ? -1 : (int)((wake - moment + 999) / 1000);
        int ready = poll(table, used, patience);
        if (ready < 0 && errno != EINTR)
            die("poll");
        if (ready <= 0)
            continue;
        for (nfds_t k = 0; k < of_visitors; k++)
            if (table[k].revents) {
                bool well = table[k].events == POLLIN ? hear(owner[k])
                                                      : flush(owner[k]);
                if (!well)
                    farewell(owner[k], "has left");
            }
        if (used > of_visitors && table[of_visitors].revents &&
            !welcome(door))
            rest_until = microseconds() + 1000000;
    }
}
