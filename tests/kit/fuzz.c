/*
 * Talks to a server in every way that a client may, at random, and checks
 * every byte that comes back. It belongs to tests/kit/fuzz.bats.
 *
 *   fuzz SERVER WAY MS [SEED]
 *       Starts the program SERVER on a free port, makes clients for MS
 *       milliseconds, and waits until the last of them is through. WAY says
 *       what the server promises:
 *         one    one client, then the server leaves with status 0; so there
 *                is a new server for each client
 *         exit   the same, and the line "exit" ends the dialogue too
 *         queue  one client at a time; the others wait for their turn
 *         many   many clients at once, and none of them holds up another
 *         udp    datagrams
 *       The SEED is printed. The same seed makes the same clients, though
 *       the moments at which they meet are never quite the same.
 *       Exit status: 0 every byte was answered once, in order, in upper
 *       case; 1 something else happened, and that is printed; 2 bad usage.
 *
 * A client sends up to 64 KiB in pieces of random sizes. It reads at once,
 * slowly, or not at all. It half-closes and waits for the rest; or it
 * closes, or resets, at any moment. Of "many", some send 512 KiB and read
 * late, so that an answer gets stuck half-way; and one pours without
 * reading until nothing goes any more, and reads only after others have had
 * all their answers.
 */
#include <arpa/inet.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum {
    CLIENTS = 40,     /* at once */
    LARGEST = 65536,  /* bytes that a client sends at the most */
    POURED = 1 << 23, /* that one sends so much */
    BIG = 1 << 19,    /* and these */
    BIGS = 80,        /* clients that send so much */
    PATIENCE = 10000, /* milliseconds that any one answer may take */
    DATAGRAM = 65507, /* the largest there is */
    QUEUED = 8,       /* datagrams of one socket on their way */
    SOCKETS = 4
};

enum ending { FINISH, CLOSE, RESET };

static struct client {
    int fd, number, finished, exits, holds;
    int big, stuck, late; /* it reads when so many others were served */
    enum ending ending;
    char *data;
    size_t length, sent, got, due; /* due: bytes that have an answer */
    size_t piece, sip;             /* bytes at once, at the most */
    int sip_pause, send_pause;     /* milliseconds between two of them */
    long long send_at, read_at, leave_at, progress;
} clients[CLIENTS];

static const char *program, *way;
static unsigned long long seed;
static uint64_t state;
static pid_t server;
static int port, log_fd = -1, made, served, bigs;
static unsigned long long answered;
static long long last_call;

static long long now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec * 1000LL + t.tv_nsec / 1000000;
}

static void nap(void)
{
    nanosleep(&(struct timespec){ .tv_nsec = 1000000 }, NULL);
}

/* Returns a number below limit. */
static size_t below(size_t limit)
{
    state ^= state >> 12;
    state ^= state << 25;
    state ^= state >> 27;
    return (size_t)((state * 2685821657736338717u) >> 33) % limit;
}

/* A size: small ones are as likely as large ones. */
static size_t some_size(size_t most)
{
    size_t size = most;
    while (size > 8 && below(4) > 0)
        size /= 4;
    return 1 + below(size);
}

static char upper(char byte)
{
    return byte >= 'a' && byte <= 'z' ? (char)(byte - 'a' + 'A') : byte;
}

static void fail(const char *format, ...)
{
    va_list arguments;
    char text[512];
    va_start(arguments, format);
    vprintf(format, arguments);
    va_end(arguments);
    printf("\n%d clients were made, %llu bytes answered right before.\n",
           made, answered);
    ssize_t n = log_fd < 0 ? 0 : pread(log_fd, text, sizeof text, 0);
    if (n > 0)
        printf("The server's log begins:\n%.*s\n", (int)n, text);
    printf("Again with the same clients: SEED=%llu\n", seed);
    if (server > 0)
        kill(server, SIGKILL);
    exit(1);
}

/* Prints a byte of an answer that is not what it should be. */
static void not_this(const struct client *c, size_t at, char got)
{
    fail("client %d: byte %zu of the answer is \\x%02x, not \\x%02x; "
         "%zu bytes were sent",
         c->number, at + 1, (unsigned char)got,
         (unsigned char)upper(c->data[at]), c->sent);
}

/* ---- the server ------------------------------------------------------ */

static void start_server(void)
{
    FILE *file = tmpfile();
    if (!file)
        fail("tmpfile: %s", strerror(errno));
    if (log_fd >= 0)
        close(log_fd);
    log_fd = dup(fileno(file));
    fclose(file);
    server = fork();
    if (server == 0) {
        int null = open("/dev/null", O_RDWR);
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        dup2(null, 0);
        dup2(null, 1);
        dup2(log_fd, 2);
        for (int fd = 3; fd < 1024; fd++)
            close(fd);
        execl(program, program, "0", (char *)NULL);
        _exit(127);
    }
    char line[128];
    long long deadline = now() + PATIENCE;
    for (port = 0; port == 0; nap()) {
        ssize_t n = pread(log_fd, line, sizeof line - 1, 0);
        line[n > 0 ? n : 0] = '\0';
        if (strchr(line, '\n') &&
            sscanf(line, "listening on 127.0.0.1:%d", &port) != 1)
            fail("the server does not say where it listens");
        if (now() > deadline || waitpid(server, NULL, WNOHANG) != 0)
            fail("the server does not listen");
    }
}

/* The one client has gone: so does its server. */
static void server_leaves(void)
{
    int status;
    long long deadline = now() + PATIENCE;
    while (waitpid(server, &status, WNOHANG) == 0) {
        if (now() > deadline)
            fail("the client has gone, but the server stays");
        nap();
    }
    server = 0;
    if (!WIFEXITED(status) || WEXITSTATUS(status) != 0)
        fail("the client has gone; the server %s %d, not with status 0",
             WIFEXITED(status) ? "leaves with status"
                               : "is ended by signal",
             WIFEXITED(status) ? WEXITSTATUS(status) : WTERMSIG(status));
}

static int descriptors(void)
{
    char path[64];
    int count = 0;
    snprintf(path, sizeof path, "/proc/%d/fd", (int)server);
    DIR *dir = opendir(path);
    while (dir && readdir(dir))
        count++;
    if (dir)
        closedir(dir);
    return count;
}

static long long processor_time(void) /* of the server, in ms */
{
    clockid_t clock;
    struct timespec t = { 0 };
    if (clock_getcpuclockid(server, &clock) == 0)
        clock_gettime(clock, &t);
    return t.tv_sec * 1000LL + t.tv_nsec / 1000000;
}

/* All clients have gone: the server runs, has let go of them, and rests. */
static void server_rests(int at_first)
{
    long long deadline = now() + PATIENCE;
    while (descriptors() != at_first) {
        if (waitpid(server, NULL, WNOHANG) != 0)
            fail("the server has ended");
        if (now() > deadline)
            fail("all clients have gone; the server has %d descriptors, "
                 "and had %d before",
                 descriptors(), at_first);
        nap();
    }
    long long from = processor_time(), until = now() + 100;
    while (now() < until)
        nap();
    if (processor_time() - from > 5)
        fail("with nobody there, the server uses %lld ms in 100 ms",
             processor_time() - from);
    kill(server, SIGKILL);
    waitpid(server, NULL, 0);
    server = 0;
}

/* ---- a client -------------------------------------------------------- */

/* Lines that end the dialogue of "exit", and such that nearly do. Returns
 * where the first that ends it is over, or 0. */
static size_t tempt(char *data, size_t length)
{
    static const char *const words[] = {
        "exit",    "exit",       "\n",      "\n",       "\r\n",       "\r",
        " exit\n", "exit now\n", "xexit\n", "Exit\n",   "exit\r\r\n", "exi",
        "it\n",    "hello\n",    "e",       "\nexit\n", "exit\n\r"
    };
    size_t filled = 0;
    while (filled < length) {
        const char *word = words[below(sizeof words / sizeof *words)];
        for (; *word && filled < length; word++)
            data[filled++] = *word;
    }
    for (size_t line = 0, i = 0; i < length; i++)
        if (data[i] == '\n') {
            size_t in_line = i - line;
            if ((in_line == 4 || (in_line == 5 && data[i - 1] == '\r')) &&
                memcmp(data + line, "exit", 4) == 0)
                return i + 1;
            line = i + 1;
        }
    return 0;
}

static void open_client(struct client *c)
{
    struct sockaddr_in a = { .sin_family = AF_INET };
    int on = 1, small = (int)(2048 + below(16384));
    a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    a.sin_port = htons((uint16_t)port);
    memset(c, 0, sizeof *c);
    c->number = ++made;
    c->ending = below(3) > 0 ? FINISH : below(2) ? CLOSE : RESET;
    c->length = some_size(LARGEST);
    c->piece = some_size(LARGEST) + c->length / 256;
    c->sip = below(3) ? LARGEST : 512 + below(8192);
    c->sip_pause = c->sip < LARGEST ? (int)below(3) : 0;
    /* At most 64 pauses, so that everybody comes to an end. */
    if (c->piece * 64 > c->length && below(2))
        c->send_pause = (int)below(4);
    c->progress = c->send_at = c->read_at = now();
    c->leave_at = now() + (long long)below(40);
    if (below(4) == 0)
        c->read_at += (long long)below(60);
    if (strcmp(way, "many") == 0 && now() < last_call &&
        (bigs == 0 || (bigs < BIGS && below(4) == 0))) {
        c->big = 1;
        c->length = BIG;
        if (bigs++ == 0) {
            c->ending = FINISH;
            c->length = POURED;
        }
        c->late = bigs == 1 ? 20 : (int)below(50);
        c->piece = c->sip = LARGEST;
        c->send_pause = c->sip_pause = 0;
        c->read_at = INT64_MAX;
        c->leave_at = now() + 100 + (long long)below(400);
    }
    c->data = malloc(c->length);
    if (!c->data)
        fail("out of memory");
    c->due = c->length;
    if (strcmp(way, "exit") == 0) {
        size_t over = tempt(c->data, c->length);
        c->exits = over > 0;
        c->holds = c->exits && below(2);
        if (c->exits)
            c->due = over;
    } else {
        for (size_t i = 0; i < c->length; i++)
            c->data[i] =
                i < LARGEST ? (char)below(256) : c->data[i - LARGEST + 15];
    }

    c->fd = socket(AF_INET, SOCK_STREAM, 0);
    if (c->big) {
        /* With small segments the kernel holds little, so they get
         * stuck. */
        int segment = 1200;
        small += 32768;
        setsockopt(c->fd, IPPROTO_TCP, TCP_MAXSEG, &segment,
                   sizeof segment);
        setsockopt(c->fd, SOL_SOCKET, SO_SNDBUF, &small, sizeof small);
    }
    if (c->big || below(3) == 0)
        setsockopt(c->fd, SOL_SOCKET, SO_RCVBUF, &small, sizeof small);
    if (below(4))
        setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    if (connect(c->fd, (struct sockaddr *)&a, sizeof a) < 0)
        fail("client %d: connect: %s", c->number, strerror(errno));
    c->progress = now();
}

static void end_client(struct client *c)
{
    if (c->ending == RESET) {
        struct linger now_and_hard = { .l_onoff = 1 };
        setsockopt(c->fd, SOL_SOCKET, SO_LINGER, &now_and_hard,
                   sizeof now_and_hard);
    }
    close(c->fd);
    free(c->data);
    c->data = NULL;
    c->fd = 0;
}

/* Of "queue", one who comes later gets nothing before the earlier ones have
 * sent their last. */
static void mind_the_queue(const struct client *c)
{
    for (int i = 0; i < CLIENTS; i++)
        if (clients[i].fd > 0 && clients[i].number < c->number &&
            !clients[i].finished)
            fail("client %d is answered, but client %d is not through",
                 c->number, clients[i].number);
}

static void take(struct client *c)
{
    static char bytes[LARGEST];
    ssize_t n = recv(c->fd, bytes, c->sip, MSG_DONTWAIT);
    if (n < 0 && (errno == EAGAIN || errno == EINTR))
        return;
    if (n < 0)
        fail("client %d: recv: %s; %zu bytes were sent, %zu answered",
             c->number, strerror(errno), c->sent, c->got);
    if (n == 0) {
        if (c->got < c->due || (!c->finished && !c->exits))
            fail("client %d: the server ends the connection; %zu bytes "
                 "were sent, %zu due, %zu answered",
                 c->number, c->sent, c->due, c->got);
        c->ending = FINISH;
        end_client(c);
        served++;
        return;
    }
    for (ssize_t i = 0; i < n; i++) {
        size_t at = c->got + (size_t)i;
        if (at >= c->sent || at >= c->due)
            fail("client %d: more than %zu bytes are answered; %zu were "
                 "sent, %zu are due",
                 c->number, at, c->sent, c->due);
        if (bytes[i] != upper(c->data[at]))
            not_this(c, at, bytes[i]);
    }
    if (strcmp(way, "queue") == 0)
        mind_the_queue(c);
    c->got += (size_t)n;
    answered += (unsigned long long)n;
    c->progress = now();
    c->read_at = now() + c->sip_pause;
}

static void give(struct client *c)
{
    size_t left = c->length - c->sent, piece = 1 + below(c->piece);
    ssize_t n = send(c->fd, c->data + c->sent, piece < left ? piece : left,
                     MSG_NOSIGNAL | MSG_DONTWAIT);
    if (n < 0 && (errno == EAGAIN || errno == EINTR))
        return;
    if (n < 0)
        fail("client %d: send: %s; %zu bytes were sent, %zu answered",
             c->number, strerror(errno), c->sent, c->got);
    c->sent += (size_t)n;
    c->stuck = 0;
    c->progress = now();
    c->send_at = now() + c->send_pause;
}

static int is_first(const struct client *c)
{
    for (int i = 0; i < CLIENTS; i++)
        if (clients[i].fd > 0 && clients[i].number < c->number)
            return 0;
    return 1;
}

/* What is to be done without waiting. */
static void consider(struct client *c, int hurry)
{
    long long t = now();
    if (hurry) {
        c->send_pause = c->sip_pause = 0;
        c->read_at = c->read_at > t ? t : c->read_at;
    }
    if (c->ending != FINISH && t >= c->leave_at) {
        end_client(c);
        return;
    }
    if (c->sent == c->length && !c->finished && !c->holds &&
        t >= c->send_at) {
        shutdown(c->fd, SHUT_WR);
        c->finished = 1;
    }
    /* Nothing has gone for a while. Now the others have to be served all
     * the same; then this one reads. */
    if (c->read_at == INT64_MAX) {
        if (!c->stuck && t > c->progress + 100)
            c->stuck = 1 + served;
        if ((c->stuck && served > c->stuck + c->late) || c->finished)
            c->read_at = t;
    }
    if (t > c->progress + PATIENCE && (strcmp(way, "queue") || is_first(c)))
        fail("client %d: silence; %zu bytes were sent, %zu answered%s",
             c->number, c->sent, c->got,
             c->read_at == INT64_MAX ? ", and nobody else is served" : "");
}

/* Makes clients until the time is over, at most so many at once and in all,
 * and stays with them until the last has ended. */
static void talk(long long until, int at_once, int in_all)
{
    struct pollfd polled[CLIENTS];
    for (int open = 1, begun = 0; open > 0;) {
        int hurry = now() >= until;
        for (int i = 0; i < CLIENTS; i++)
            if (clients[i].fd > 0 && clients[i].read_at == INT64_MAX)
                hurry = 0; /* it needs others that are served */

        open = 0;
        for (int i = 0; i < CLIENTS; i++) {
            struct client *c = &clients[i];
            polled[i] = (struct pollfd){ .fd = -1 };
            if (c->fd <= 0 && (!hurry || begun == 0) && i < at_once &&
                begun < in_all &&
                (begun == 0 || in_all == 1 || below(8) == 0)) {
                open_client(c);
                begun++;
            }
            if (c->fd > 0)
                consider(c, hurry);
            if (c->fd <= 0)
                continue;
            open++;
            short events = 0;
            if (c->sent < c->length && now() >= c->send_at)
                events |= POLLOUT;
            if (now() >= c->read_at)
                events |= POLLIN;
            if (events)
                polled[i] =
                    (struct pollfd){ .fd = c->fd, .events = events };
        }
        if (open == 0 && !hurry && begun < in_all)
            open = 1;
        poll(polled, CLIENTS, 1);
        for (int i = 0; i < CLIENTS; i++) {
            struct client *c = &clients[i];
            if (polled[i].revents & POLLOUT)
                give(c);
            if (polled[i].events & POLLIN && polled[i].revents & ~POLLOUT)
                take(c);
        }
        if (waitpid(server, NULL, WNOHANG) != 0 && in_all > 1) {
            server = 0;
            fail("the server has ended");
        }
    }
}

/* ---- datagrams ------------------------------------------------------- */

static struct datagram_socket {
    int fd;
    struct {
        char *data;
        size_t length;
    } queue[QUEUED];
    int first, count;
} sockets[SOCKETS];

static int udp_socket(void)
{
    struct sockaddr_in a = { .sin_family = AF_INET };
    a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    a.sin_port = htons((uint16_t)port);
    int fd = socket(AF_INET, SOCK_DGRAM, 0);
    if (fd < 0 || connect(fd, (struct sockaddr *)&a, sizeof a) < 0)
        fail("connect: %s", strerror(errno));
    return fd;
}

/* Sends a datagram whose answer nobody waits for. */
static void send_and_leave(void)
{
    int fd = udp_socket();
    if (send(fd, "gone", 4, 0) < 0)
        fail("send: %s", strerror(errno));
    close(fd);
}

/* Takes an answer: the whole datagram that is due, and no other. Returns
 * its length, or -1 when none is there. */
static ssize_t take_datagram(struct datagram_socket *s)
{
    static char bytes[65536];
    ssize_t n = recv(s->fd, bytes, sizeof bytes, MSG_DONTWAIT);
    if (n < 0 && (errno == EAGAIN || errno == EINTR))
        return -1;
    if (n < 0)
        fail("recv: %s", strerror(errno));
    if (s->count == 0)
        fail("a datagram of %zd bytes comes, and none was due", n);
    char *data = s->queue[s->first].data;
    size_t length = s->queue[s->first].length;
    if ((size_t)n != length)
        fail("the answer to a datagram of %zu bytes has %zd", length, n);
    for (ssize_t i = 0; i < n; i++)
        if (bytes[i] != upper(data[i]))
            fail("byte %zd of a datagram of %zd is \\x%02x, not \\x%02x",
                 i + 1, n, (unsigned char)bytes[i],
                 (unsigned char)upper(data[i]));
    free(data);
    s->first = (s->first + 1) % QUEUED;
    s->count--;
    answered += length;
    return n;
}

/* On their way are at most 32 KiB, or one larger datagram: the buffers of
 * the kernel hold that, so nothing gets lost. */
static void talk_udp(long long until)
{
    struct pollfd polled[SOCKETS];
    size_t on_way = 0;
    int count = 0;
    long long progress = now();
    for (int i = 0; i < SOCKETS; i++)
        sockets[i].fd = udp_socket();
    while (now() < until || count > 0) {
        struct datagram_socket *s = &sockets[below(SOCKETS)];
        size_t length = below(8) ? some_size(DATAGRAM) : 0;
        if (now() < until && s->count < QUEUED &&
            (count == 0 || on_way + length <= 32768)) {
            char *data = malloc(length + 1);
            if (!data)
                fail("out of memory");
            for (size_t i = 0; i < length; i++)
                data[i] = (char)below(256);
            if (count == 0 && below(8) == 0)
                send_and_leave();
            int at = (s->first + s->count++) % QUEUED;
            s->queue[at].data = data;
            s->queue[at].length = length;
            if (send(s->fd, data, length, 0) < 0)
                fail("send: %s", strerror(errno));
            count++;
            made++;
            on_way += length;
            if (below(2))
                continue;
        }
        for (int i = 0; i < SOCKETS; i++)
            polled[i] =
                (struct pollfd){ .fd = sockets[i].fd, .events = POLLIN };
        poll(polled, SOCKETS, 1);
        for (int i = 0; i < SOCKETS; i++) {
            ssize_t n;
            while (polled[i].revents &&
                   (n = take_datagram(&sockets[i])) >= 0) {
                count--;
                on_way -= (size_t)n;
                progress = now();
            }
        }
        if (count == 0)
            progress = now();
        if (now() > progress + PATIENCE)
            fail("silence; %d datagrams have no answer", count);
    }
    for (int i = 0; i < SOCKETS; i++)
        close(sockets[i].fd);
}

int main(int argc, char *argv[])
{
    if (argc < 4 || argc > 5) {
        fputs("usage: fuzz SERVER one|exit|queue|many|udp MS [SEED]\n",
              stderr);
        return 2;
    }
    program = argv[1];
    way = argv[2];
    long long until = now() + atol(argv[3]);
    seed = argc > 4 && *argv[4] ? strtoull(argv[4], NULL, 10)
                                : (unsigned long long)now() * 1000003 +
                                      (unsigned long long)getpid();
    state = seed * 2862933555777941757u + 3037000493u;
    state = state ? state : 1;
    last_call = until;
    signal(SIGPIPE, SIG_IGN);
    setvbuf(stdout, NULL, _IOLBF, 0);
    printf("seed %llu\n", seed);

    if (strcmp(way, "one") == 0 || strcmp(way, "exit") == 0) {
        while (now() < until) {
            start_server();
            talk(until, 1, 1);
            server_leaves();
        }
    } else {
        start_server();
        int at_first = descriptors();
        if (strcmp(way, "udp") == 0)
            talk_udp(until);
        else
            talk(until, CLIENTS, INT32_MAX);
        server_rests(at_first);
    }
    printf("%d clients or datagrams, %llu bytes answered\n", made,
           answered);
    return 0;
}
