/* Loads a server of the lessons with many clients, each with one message in
 * flight, and tells how fast it answers. One process, one thread, epoll.
 *
 * Usage: load KIND PORT CLIENTS MS [PID]    for MS milliseconds; KIND is
 *   messages      each client sends one after another
 *   connections   so many connect, send one message, leave, and come again
 *   waits         one client alone, with messages that tend to wait
 *   idle          what clients that are silent cost in memory
 *
 * PID is the server's; with it the use of its processor is told, too. Every
 * answer is compared with the message in upper case. What was measured is
 * one line of NAME=VALUE; p50, p99 and longest are microseconds.
 * Exit status: 0 measured, 1 an answer is wrong or missing, or a call
 * failed (one line says which), 2 bad usage.
 * Limit: for a message it needs as long as a good server does. */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum {
    SIZE = 32,         /* bytes of a message */
    LONG = 6000,       /* of a long one: no server reads it at once */
    WINDOW = 500,      /* so many clients connect at the same time */
    STALL_MS = 300,    /* nobody new is answered: the others will not be */
    MISSING_MS = 5000, /* an answer that takes longer is missing */
    MOST_CLIENTS = 60000, /* and connections: the ports of one address */
    MOST_MS = 10000,
    SLOT = 64, /* the times are counted with 1/64 precision */
};

enum state { CONNECTING, ASKED, RESTING };

static struct client {
    int fd;
    enum state state;
    int known;       /* it was answered at least once */
    uint32_t number; /* of its message; each is spelled differently */
    uint32_t got;    /* so many bytes of the answer are here */
    uint64_t since;
} clients[MOST_CLIENTS];

static struct sockaddr_in server = { .sin_family = AF_INET };
static int queue; /* of epoll */
static uint32_t asked;
static unsigned answered; /* so many clients are known */
static char question[SIZE + 1] = "........hello, how are you today?";
static char expected[SIZE + 1] = "........HELLO, HOW ARE YOU TODAY?";

/* ---- what can go wrong ------------------------------------------- */

static int failed(const char *what)
{
    fprintf(stderr, "load: %s 127.0.0.1:%d: %s\n", what,
            ntohs(server.sin_port), strerror(errno));
    exit(1);
}

static int check(int result, const char *call)
{
    return result < 0 ? failed(call) : result;
}

static void wrong(const char *format, long a, long b)
{
    fputs("load: ", stderr);
    fprintf(stderr, format, a, b);
    fputc('\n', stderr);
    exit(1);
}

/* Compares a part of an answer, from this byte on. */
static void compare(const char *answer, size_t length, const char *right,
                    size_t from, size_t size)
{
    if (length > size - from)
        wrong("%ld bytes were answered to a message of %ld",
              (long)(from + length), (long)size);
    if (memcmp(right + from, answer, length) == 0)
        return;
    fprintf(stderr, "load: a wrong answer: '%.*s' instead of '%.*s'\n",
            (int)(length < SIZE ? length : SIZE), answer,
            (int)(length < SIZE ? length : SIZE), right + from);
    exit(1);
}

/* ---- time --------------------------------------------------------- */

static uint64_t read_clock(clockid_t clock)
{
    struct timespec t;
    return clock_gettime(clock, &t) < 0
               ? 0
               : (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec;
}

static uint64_t now(void)
{
    return read_clock(CLOCK_MONOTONIC);
}

static uint64_t ms(uint64_t n)
{
    return n * 1000000;
}

/* How often each time was seen. Up to 128 ns each has a slot; beyond, a
 * slot is a 64th to a 128th of its time wide. */
static uint32_t seen[SLOT * 59];
static uint64_t counted, longest, late;

static void count(uint64_t ns)
{
    int shift = ns < 2 * SLOT ? 0 : 57 - __builtin_clzll(ns);
    seen[(uint64_t)shift * SLOT + (ns >> shift)]++;
    counted++;
    longest = ns > longest ? ns : longest;
    late += ns >= ms(35);
}

/* The time, in microseconds, within which this part of the answers came. */
static double within(double part)
{
    uint64_t sum = 0, wanted = (uint64_t)(part * (double)counted);
    for (unsigned i = 0; i < sizeof seen / sizeof *seen; i++) {
        sum += seen[i];
        if (sum > wanted) {
            unsigned shift = i < 2 * SLOT ? 0 : i / SLOT - 1;
            return (double)((uint64_t)(i - shift * SLOT) << shift) / 1000;
        }
    }
    return (double)longest / 1000;
}

/* How long it was counted, and how long the processors worked meanwhile. */
static clockid_t server_clock;
static int server_known;
static uint64_t lasted, by_server, by_load;
static uint64_t opening; /* how long it took until all were answered once */

static void start_counting(void)
{
    memset(seen, 0, sizeof seen);
    counted = longest = late = 0;
    by_server = server_known ? read_clock(server_clock) : 0;
    by_load = read_clock(CLOCK_PROCESS_CPUTIME_ID);
    lasted = now();
}

static void stop_counting(void)
{
    lasted = now() - lasted;
    by_load = read_clock(CLOCK_PROCESS_CPUTIME_ID) - by_load;
    by_server = server_known ? read_clock(server_clock) - by_server : 0;
}

static void tell(unsigned wanted)
{
    double ns = (double)lasted;
    printf("clients=%u answered=%u ms=%.0f count=%llu rate=%.1f p50=%.1f "
           "p99=%.1f longest=%.1f late=%llu load_busy=%.3f",
           wanted, answered, ns / 1e6, (unsigned long long)counted,
           (double)counted * 1e9 / ns, within(0.5), within(0.99),
           (double)longest / 1000, (unsigned long long)late,
           (double)by_load / ns);
    if (opening)
        printf(" opening=%.1f", (double)opening / 1e6);
    if (server_known)
        printf(" server_busy=%.3f", (double)by_server / ns);
    putchar('\n');
}

/* ---- one client --------------------------------------------------- */

static void spell(char *text, uint32_t number, unsigned first)
{
    for (int i = 0; i < 8; i++)
        text[i] = (char)(first + (number >> 4 * i & 15));
}

/* Returns a socket that is connected, or will be. A load has an address of
 * its own, 127.1.x.y: so it finds free ports, whoever was here before. */
static int connect_to_server(int flags)
{
    struct sockaddr_in own = { .sin_family = AF_INET };
    own.sin_addr.s_addr = htonl(0x7f010000 | (getpid() & 0xffff));
    int on = 1,
        fd = check(socket(AF_INET, SOCK_STREAM | flags, 0), "socket");
    /* The port is chosen by connect then, which knows the other end. */
    check(
        setsockopt(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &on, sizeof on),
        "setsockopt");
    check(setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on),
          "setsockopt");
    check(bind(fd, (struct sockaddr *)&own, sizeof own), "bind");
    if (connect(fd, (struct sockaddr *)&server, sizeof server) < 0 &&
        errno != EINPROGRESS)
        failed("connect");
    return fd;
}

static void start(struct client *c)
{
    c->since = now();
    c->fd = connect_to_server(SOCK_NONBLOCK);
    c->state = CONNECTING;
    /* Edges: epoll need not look again at one whose answer was read. */
    struct epoll_event event = { EPOLLIN | EPOLLOUT | EPOLLET, { c } };
    check(epoll_ctl(queue, EPOLL_CTL_ADD, c->fd, &event), "epoll_ctl");
}

static void ask(struct client *c)
{
    c->state = ASKED;
    c->got = 0;
    c->number = asked++;
    spell(question, c->number, 'a');
    ssize_t n = send(c->fd, question, SIZE, MSG_NOSIGNAL);
    if (n != SIZE) /* there is room: all before was answered */
        failed("send");
}

/* Returns 1 when the whole answer to the client's message is there. */
static int on_event(struct client *c)
{
    if (c->state == CONNECTING) {
        int error = 0;
        socklen_t size = sizeof error;
        getsockopt(c->fd, SOL_SOCKET, SO_ERROR, &error, &size);
        errno = error;
        if (error)
            failed("connect");
        ask(c);
        return 0;
    }
    char answer[2 * SIZE];
    ssize_t got = recv(c->fd, answer, sizeof answer, 0);
    if (got < 0 && (errno == EAGAIN || errno == EINTR))
        return 0;
    if (got < 0)
        failed("recv");
    if (got == 0)
        wrong("the server closed a connection, %ld bytes of %ld answered",
              c->got, c->state == ASKED ? SIZE : 0);
    if (c->state == RESTING)
        wrong("%ld bytes came that nobody asked for", got, 0);
    spell(expected, c->number, 'A');
    compare(answer, (size_t)got, expected, c->got, SIZE);
    c->got += (uint32_t)got;
    if (c->got < SIZE)
        return 0;
    c->state = RESTING;
    answered += !c->known;
    c->known = 1;
    return 1;
}

static struct epoll_event events[512];

/* The number of events within so many milliseconds. */
static int wait_for_events(int timeout)
{
    int n =
        epoll_wait(queue, events, sizeof events / sizeof *events, timeout);
    return n < 0 && errno == EINTR ? 0 : check(n, "epoll_wait");
}

/* ---- what is measured --------------------------------------------- */

/* Connects all, and lets each ask once. Some may not be answered. */
static void open_clients(unsigned wanted)
{
    unsigned opened = answered, window = WINDOW;
    while (answered < wanted) {
        while (opened < wanted && opened - answered < window)
            start(&clients[opened++]);
        int n = wait_for_events(STALL_MS);
        for (int i = 0; i < n; i++)
            on_event(events[i].data.ptr);
        if (n == 0 && opened == wanted)
            break;
        if (n == 0)
            window = wanted; /* these will wait; the others shall try */
    }
    if (answered == 0)
        wrong("none of %ld clients was answered within %ld ms", opened,
              STALL_MS);
}

/* Each answer is followed by the next message, until the time is over and
 * so many answers were counted, but not beyond the last moment. */
static void exchange(uint64_t until, uint64_t least, uint64_t last)
{
    uint64_t time = now();
    start_counting();
    while (time < until || (counted < least && time < last)) {
        int n = wait_for_events(10);
        for (int i = 0; i < n; i++) {
            struct client *c = events[i].data.ptr;
            if (!on_event(c))
                continue;
            time = now();
            count(time - c->since);
            c->since = time;
            ask(c);
        }
        time = now();
    }
    stop_counting();
}

static void measure_messages(unsigned wanted, uint64_t duration)
{
    opening = now();
    open_clients(wanted);
    opening = now() - opening;
    for (unsigned i = 0; i < wanted; i++)
        if (clients[i].known) {
            clients[i].since = now();
            ask(&clients[i]);
        }
    exchange(now() + duration / 5, 0, 0); /* to warm up */
    uint64_t time = now();
    exchange(time + duration, 3 * (uint64_t)answered, time + 6 * duration);

    unsigned waiting = answered; /* each has asked once more */
    for (uint64_t end = now() + ms(MISSING_MS); waiting > 0;) {
        int n = wait_for_events(100);
        for (int i = 0; i < n; i++)
            waiting -= (unsigned)on_event(events[i].data.ptr);
        if (now() > end)
            wrong("%ld answers are missing after %ld ms", waiting,
                  MISSING_MS);
    }
    tell(wanted);
}

static void measure_connections(unsigned wanted, uint64_t duration)
{
    for (unsigned i = 0; i < wanted; i++)
        start(&clients[i]);
    start_counting();
    uint64_t time = now(), last = time, end = time + duration;
    while (time < end && counted < MOST_CLIENTS / 3) {
        int n = wait_for_events(10);
        for (int i = 0; i < n; i++) {
            struct client *c = events[i].data.ptr;
            if (!on_event(c))
                continue;
            close(c->fd);
            last = now();
            count(last - c->since);
            start(c);
        }
        time = now();
        if (time - last > ms(MISSING_MS))
            wrong("no answer within %ld ms, after %ld connections",
                  MISSING_MS, (long)counted);
    }
    stop_counting();
    tell(wanted);
}

/* Messages at which Nagle's algorithm and delayed acknowledgements can wait
 * for each other: in two parts, and so long that the answer has parts. */
static void measure_waits(uint64_t duration)
{
    static char sent[LONG], right[LONG], answer[LONG];
    struct timeval patience = { MISSING_MS / 1000, 0 };
    int fd = connect_to_server(0);
    check(
        setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience),
        "setsockopt");
    for (int i = 0; i < LONG; i++) {
        sent[i] = (char)('a' + i % 23);
        right[i] = (char)('A' + i % 23);
    }
    start_counting();
    uint64_t until = now() + duration;
    for (uint64_t i = 0; now() < until; i++) {
        size_t length = i % 2 ? LONG : SIZE,
               first = i % 2 ? LONG : SIZE / 2;
        uint64_t since = now();
        size_t from = 0;
        for (size_t end = first; from < length; end = length)
            from += (size_t)check(
                (int)send(fd, sent + from, end - from, MSG_NOSIGNAL),
                "send");
        for (size_t got = 0; got < length;) {
            ssize_t n = recv(fd, answer, sizeof answer, 0);
            if (n < 0)
                failed("recv");
            if (n == 0)
                wrong("the server closed, %ld bytes of %ld answered",
                      (long)got, (long)length);
            compare(answer, (size_t)n, right, got, length);
            got += (size_t)n;
        }
        count(now() - since);
    }
    stop_counting();
    answered = 1;
    tell(1);
}

/* The memory of a process in KiB: its own, and its part of the shared. */
static long memory(const char *pid)
{
    char line[256];
    long kib = -1;
    snprintf(line, sizeof line, "/proc/%s/smaps_rollup", pid);
    FILE *file = fopen(line, "r");
    while (file && fgets(line, sizeof line, file))
        if (sscanf(line, "Pss: %ld", &kib) == 1)
            break;
    if (file)
        fclose(file);
    if (kib < 0)
        wrong("the memory of the server cannot be read", 0, 0);
    return kib;
}

static void measure_idle(unsigned wanted, const char *pid)
{
    /* What the server needs once is there after the first client. */
    open_clients(1);
    usleep(200000);
    long before = memory(pid);
    open_clients(wanted);
    usleep(200000);
    long after = memory(pid);
    printf("clients=%u answered=%u before=%ld after=%ld", wanted, answered,
           before, after);
    if (answered == wanted && wanted > 1)
        printf(" each=%.2f", (double)(after - before) / (wanted - 1));
    putchar('\n');
}

int main(int argc, char *argv[])
{
    static const char *const kinds[] = { "messages", "connections", "waits",
                                         "idle" };
    int kind = 0;
    while (argc > 1 && kind < 4 && strcmp(argv[1], kinds[kind]) != 0)
        kind++;
    unsigned long number[4] = { 0 }; /* PORT, CLIENTS, MS, PID */
    for (int i = 2; i < argc && i < 6; i++)
        if (!argv[i][strspn(argv[i], "0123456789")])
            number[i - 2] = strtoul(argv[i], NULL, 10);
    unsigned wanted = (unsigned)number[1];
    uint64_t duration = ms(number[2]);
    if (argc < 5 || argc > 6 || kind > 3 || number[0] - 1 >= 65535 ||
        number[1] - 1 >= MOST_CLIENTS || number[2] - 1 >= MOST_MS) {
        fputs("usage: load messages|connections|waits|idle PORT CLIENTS MS "
              "[PID]\n",
              stderr);
        return 2;
    }
    server.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    server.sin_port = htons((uint16_t)number[0]);
    server_known = argc > 5 && clock_getcpuclockid((pid_t)number[3],
                                                   &server_clock) == 0;
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
        limit.rlim_cur = limit.rlim_max;
        setrlimit(RLIMIT_NOFILE, &limit);
    }
    queue = check(epoll_create1(0), "epoll_create1");

    if (kind == 0)
        measure_messages(wanted, duration);
    else if (kind == 1)
        measure_connections(wanted, duration);
    else if (kind == 2)
        measure_waits(duration);
    else
        measure_idle(wanted, argc > 5 ? argv[5] : "self");
    return 0;
}
