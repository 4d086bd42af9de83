/*
 * What the steps of a conversation share: its connections, how long we
 * wait, how bytes are sent and received, and the report of a failure.
 *
 * Uses proc.c, text.c, base.c.
 */
#include "driver.h"

#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

static char **steps;    /* of the script */
static int step_number; /* the one that is done now, from 1 on */
static int ports;       /* the descriptor on which ports are printed */

/* The script's steps are kept for the report of a failure. */
void begin_conversation(char *script[])
{
    struct rlimit limit;
    steps = script;
    getrlimit(RLIMIT_NOFILE, &limit);
    limit.rlim_cur = limit.rlim_max;
    setrlimit(RLIMIT_NOFILE, &limit);
    signal(SIGPIPE, SIG_IGN); /* not everybody reads all ports */
    ports = dup(STDOUT_FILENO);
    dup2(STDERR_FILENO, STDOUT_FILENO); /* for reports */
}

void note_step(int number)
{
    step_number = number;
}

void print_port(int port)
{
    dprintf(ports, "%d\n", port);
}

/* How many milliseconds we wait for what has to come. */
long long patience(void)
{
    const char *ms = getenv("PATIENCE");
    return ms ? atol(ms) : 2000;
}

/* The group of the watched processes, or 0. */
long watched(void)
{
    const char *group = getenv("WATCHED");
    return group ? atol(group) : 0;
}

/* ---- the report of a failure ----------------------------------------- */

static void report_step(int number)
{
    enum { WIDTH = 47 };
    const char *step = steps[number - 1];
    /* Of a file the name is enough: its folder is the test's own. */
    const char *folder = strstr(step, " /");
    const char *rest = folder ? strrchr(folder, '/') + 1 : step;
    int kept = folder ? (int)(folder + 1 - step) : 0;
    printf("%3d. %.*s%-*.*s%-3s %s\n", number, kept, step, WIDTH - kept,
           WIDTH - kept, rest,
           (size_t)kept + strlen(rest) > WIDTH ? "..." : "",
           number < step_number ? "ok" : "FAILED");
}

/* Prints the steps that held, and the one that did not. */
static void report_steps(void)
{
    /* It must not write into its log how it saw our end. */
    if (watched())
        signal_tested(watched(), SIGSTOP);
    printf("The steps (s: a listener; a, b, c: connections; x: the "
           "program):\n");
    /* The last ones have led to the failure. */
    int left_out = step_number > 12 ? step_number - 6 : 0;
    if (left_out > 0) {
        char before[32];
        snprintf(before, sizeof before, "the first %d steps", left_out);
        printf("     %-50s ok\n", before);
    }
    for (int i = left_out + 1; i <= step_number; i++)
        report_step(i);
}

/* The step has failed: ends the driver, with a report that says why. */
void failed(const char *format, ...)
{
    va_list arguments;
    report_steps();
    printf("     ");
    va_start(arguments, format);
    vprintf(format, arguments);
    va_end(arguments);
    printf("\n");
    exit(1);
}

/* The same where other bytes came than expected. */
void not_this(const unsigned char *expected, size_t expected_length,
              const unsigned char *got, size_t got_length, const char *why)
{
    report_steps();
    differ(expected, expected_length, got, got_length);
    printf("%s\n", why);
    exit(1);
}

/* ---- connections ----------------------------------------------------- */

static struct connection *connections;
static size_t connection_count;

/* Returns the connection of this name. Of several it is the last one. The
 * pointer holds until the next connection is made. */
struct connection *find_connection(const char *name)
{
    for (size_t i = connection_count; i-- > 0;)
        if (strcmp(connections[i].name, name) == 0)
            return &connections[i];
    script_error("no connection has this name", name);
}

/* Gives a socket a name: it is a connection now. */
struct connection *name_connection(const char *name, int fd)
{
    int type = 0;
    socklen_t size = sizeof type;
    if ((connection_count & (connection_count - 1)) == 0)
        connections = need(realloc(connections, (connection_count * 2 + 1) *
                                                    sizeof *connections));
    struct connection *c = &connections[connection_count];
    memset(c, 0, sizeof *c);
    snprintf(c->name, sizeof c->name, "%s", name);
    c->number = connection_count++;
    c->fd = fd;
    getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &size);
    c->is_udp = type == SOCK_DGRAM;
    return c;
}

/* A port of this machine; any free one if there is no text. */
struct sockaddr_in loopback(const char *port)
{
    struct sockaddr_in a = { .sin_family = AF_INET };
    a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    a.sin_port = htons((uint16_t)(port ? atoi(port) : 0));
    return a;
}

/* Makes a UDP socket take datagrams of this address only: all others are
 * refused. */
void take_only_from(int fd, struct sockaddr_in a)
{
    if (connect(fd, (struct sockaddr *)&a, sizeof a) < 0)
        failed("connect: %s", strerror(errno));
}

/* Waits for an event. Returns 0 when it has not come by the deadline. */
int await(int fd, short event, long long deadline)
{
    for (;;) {
        long long left = deadline - now();
        struct pollfd p = { .fd = fd, .events = event };
        int n = poll(&p, 1, left > 0 ? (int)left : 0);
        if (n > 0)
            return 1;
        if (n == 0 || errno != EINTR)
            return 0;
    }
}

/* ---- sending and receiving ------------------------------------------- */

/* Did the last datagram wait for its answer so long that the peer may send
 * it again? */
static int is_late(const struct connection *c)
{
    enum { LATE_MS = 200 };
    struct timespec t;
    clock_gettime(CLOCK_REALTIME, &t);
    return c->came.tv_sec &&
           (t.tv_sec - c->came.tv_sec) * 1000 +
                   (t.tv_nsec - c->came.tv_nsec) / 1000000 >=
               LATE_MS;
}

/* Sends all the bytes. By UDP they are one datagram. */
void send_all(struct connection *c, const unsigned char *bytes,
              size_t length)
{
    size_t sent = 0;
    long long deadline = now() + patience();
    c->late = is_late(c);
    do {
        if (!await(c->fd, POLLOUT, deadline))
            failed("the peer took no more after %zu of %zu bytes", sent,
                   length);
        ssize_t n =
            c->peer.sin_port
                ? sendto(c->fd, bytes, length, 0,
                         (struct sockaddr *)&c->peer, sizeof c->peer)
                : send(c->fd, bytes + sent, length - sent,
                       MSG_NOSIGNAL | MSG_DONTWAIT);
        if (n < 0 && errno != EAGAIN && errno != EINTR)
            failed("send: %s", strerror(errno));
        sent += n > 0 ? (size_t)n : 0;
    } while (sent < length);
}

/* Receives a datagram; notes whose it is, and when it came. */
static ssize_t receive_datagram(struct connection *c, unsigned char *bytes,
                                size_t room)
{
    _Alignas(struct cmsghdr) char told[CMSG_SPACE(sizeof c->came)];
    struct iovec part = { bytes, room };
    struct msghdr message = { .msg_name = &c->peer,
                              .msg_namelen = sizeof c->peer,
                              .msg_iov = &part,
                              .msg_iovlen = 1,
                              .msg_control = told,
                              .msg_controllen = sizeof told };
    ssize_t n = recvmsg(c->fd, &message, 0);
    struct cmsghdr *time = n < 0 ? NULL : CMSG_FIRSTHDR(&message);
    if (time && time->cmsg_type == SCM_TIMESTAMPNS)
        memcpy(&c->came, CMSG_DATA(time), sizeof c->came);
    return n;
}

enum { DATAGRAM_ROOM = 65536 };

/* Receives what is there next: a datagram, or bytes of a stream behind
 * those that we have. Returns how many bytes came. */
static size_t receive(struct connection *c, const unsigned char *expected,
                      size_t length, unsigned char *got, size_t have,
                      long long deadline)
{
    if (!await(c->fd, POLLIN, deadline))
        not_this(expected, length, got, have,
                 have ? "Then nothing more came, and no end either."
                      : "Nothing came, and no end either.");
    ssize_t n = c->is_udp ? receive_datagram(c, got, length + DATAGRAM_ROOM)
                          : recv(c->fd, got + have, length - have, 0);
    if (n < 0)
        not_this(expected, length, got, have,
                 errno == ECONNRESET     ? "Then came a reset."
                 : errno == ECONNREFUSED ? "Nobody is at that port."
                                         : strerror(errno));
    if (n == 0 && !c->is_udp)
        not_this(expected, length, got, have,
                 "Then the peer ended the connection.");
    return (size_t)n;
}

static int is_same(const unsigned char *a, size_t a_length,
                   const unsigned char *b, size_t b_length)
{
    return a_length == b_length && memcmp(a, b, a_length) == 0;
}

/* Receives exactly these bytes: of a stream, or as one datagram. */
void get(struct connection *c, const unsigned char *expected, size_t length)
{
    unsigned char *got = need(malloc(length + DATAGRAM_ROOM));
    size_t have = 0;
    long long deadline = now() + patience();
    if (!c->is_udp) {
        while (have < length && memcmp(got, expected, have) == 0)
            have += receive(c, expected, length, got, have, deadline);
    } else {
        /* The one before may come again, since we were late. The peer is
         * not to blame for that. */
        do
            have = receive(c, expected, length, got, 0, deadline);
        while (c->late && is_same(got, have, c->taken, c->taken_length) &&
               !is_same(got, have, expected, length));
        c->taken = need(realloc(c->taken, have + 1));
        memcpy(c->taken, got, have);
        c->taken_length = have;
        c->late = 0;
    }
    if (!is_same(got, have, expected, length))
        not_this(expected, length, got, have, "That is something else.");
    free(got);
}
