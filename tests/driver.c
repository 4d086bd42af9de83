/*
 * The tests' driver: does what netcat cannot.
 *
 *   driver listening PGID tcp|udp MS
 *       Waits until a process of the group PGID has a TCP socket that
 *       listens (or a UDP socket that is bound), and prints "ADDRESS PORT".
 *       It looks into /proc and connects to nothing. Exit status: 0 found,
 *       3 the group has ended, 4 not within MS milliseconds.
 *
 *   driver ended PID MS
 *       Waits until the process has ended and its parent has taken note.
 *       Exit status: 0 ended, 1 not within MS milliseconds.
 *
 *   driver guard SECONDS PROGRAM [ARGUMENT]...
 *       Runs a program in a process group of its own, and waits until it
 *       and all that it has started have ended. When the time is over, or
 *       SIGTERM comes, or the guard's parent ends, it kills them. Exit
 *       status: the program's; 128 and the number of the signal that
 *       ended it; 124 after the time; 126 if it could not be run.
 *
 *   driver compare EXPECTED GOT
 *       Compares two files. Where they differ it prints both, escaped,
 *       with a mark under the first difference. Exit status: 0 the same, 1.
 *
 *   driver await FILE TEXT MS
 *       Waits until the file holds exactly the TEXT (escaped, as below).
 *       Exit status: 0; 1 after MS milliseconds, with the difference.
 *
 *   driver merge NAME FIFO [NAME FIFO]...
 *       Prints what comes out of the FIFOs, line by line as it comes, each
 *       behind its NAME and a space, until it is ended by a signal. Where
 *       several have something to say, the first named comes first.
 *
 *   driver play STEP...
 *       Plays a conversation, one argument a step: "NAME VERB [ARGUMENT]".
 *       NAME is a connection's; "c*50" does the step for c1 to c50. Text is
 *       escaped: \n \r \t \0 \\ \xHH. Waiting ends after PATIENCE
 *       milliseconds (environment, 2000 unless set). The first step that
 *       fails ends it: all the steps so far are printed with what happened.
 *       Exit status: 0 all steps held, 1 one failed, 2 the script is wrong.
 *
 *     open PORT [FROM] connect by TCP to 127.0.0.1:PORT, from the address
 *                      FROM if it is given
 *     udp PORT         a UDP socket whose peer is 127.0.0.1:PORT
 *     bind [PORT]      take a TCP port without listening: it refuses.
 *                      The port is printed on standard output
 *     listen           listen on the port that bind took
 *     listener         bind, and listen before the port is printed
 *     udp-bind [PORT]  take a UDP port
 *     udp-deaf [PORT]  take a UDP port that refuses what comes
 *     accept NAME      take the next client of the listener NAME
 *     none MS          nobody connects to this listener for MS milliseconds
 *     send TEXT        send it all (UDP: as one datagram)
 *     slowly TEXT      send it byte by byte, each as a segment of its own
 *     get TEXT         receive exactly this
 *     take TEXT        receive just this datagram; its sender is the peer
 *     whoami TEXT      send it, get this connection's own address
 *     quiet MS         nothing comes for MS milliseconds
 *     served PORT [MS] open, send "a", get "A". With MS: as long as the
 *                      answer is "busy" or a close, once more, for MS ms
 *     end [MS]         the peer has ended, with nothing more to say; within
 *                      MS ms, where given: 0 is now
 *     gone [MS]        the peer has ended, by an end or a reset
 *     busy             "busy\n" and the end, or a reset
 *     finish           half-close: no more will be sent
 *     close            close
 *     reset            close with a reset
 *     echo N           send N bytes and receive their answers meanwhile
 *     sip N            the same, with a rest of 1 ms per 256 KiB read
 *     all              send every byte value, get each one's answer
 *     pour N           send until the peer takes no more; it must stop
 *                      before N bytes
 *     drain            receive the answers to all that was poured
 *     flood            send and never read, until the peer has gone
 *     burst N          send N datagrams of one byte as fast as can be, then
 *                      wait until the peer has read what it could keep
 *     datagram N       send a datagram of N bytes, get its answer
 *     numbered N       take the datagrams "1 x\n" to "N x\n", answer each
 *     nag TEXT         send this datagram every 20 ms until one comes
 *     to NAME          what this UDP socket sends goes to NAME's peer
 *     deaf, hears      a UDP port refuses its peer's datagrams, and no more
 *     said FILE MS     a program has written to the file, or MS ms are over
 *     until FILE       the file is there; until then nobody has connected
 *                      here, and nothing has come
 *     upper            answer one client in upper case until it ends
 *     after MS         at least MS ms have passed since the last "mark"
 *     before MS        at most MS ms have passed since the last "mark"
 *     mark             the clock starts here
 *     touch            make the file TEXT: a signal to the shell
 *
 *   These look at the processes of the group WATCHED (environment; without
 *   its first process, which is the time limit):
 *     signal NAME      send it the signal STOP, CONT, WINCH, URG, CHLD or
 *                      TERM; STOP: and wait until it has stopped
 *     rests            it comes to wait for something: one that spins never
 *                      does, however little of a processor it gets
 *     threads N        there are N threads at most
 *     weigh            what memory it uses is noted
 *     grown KB         it uses at most so much more than when weighed
 *     calm MS          it uses at most 5 % of a processor for MS ms, and it
 *                      sleeps (a busy machine gives little to one that spins)
 *     asleep MS        the same, and it wakes at most twice
 */
#include <arpa/inet.h>
#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { SHOWN = 48 }; /* bytes of a text that a message shows at the most */

static long long now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec * 1000LL + t.tv_nsec / 1000000;
}

static void *need(void *memory)
{
    if (memory)
        return memory;
    fputs("driver: out of memory\n", stderr);
    exit(2);
}

static void script_error(const char *what, const char *text)
{
    fprintf(stderr, "driver: %s: %s\n", what, text);
    exit(2);
}

/* ---- bytes, escaped ---------------------------------------------------- */

/* Writes one byte as it is escaped. Returns how many columns it takes. */
static int escape(char *out, unsigned char byte)
{
    switch (byte) {
    case '\n':
        return sprintf(out, "\\n");
    case '\r':
        return sprintf(out, "\\r");
    case '\t':
        return sprintf(out, "\\t");
    case '\\':
        return sprintf(out, "\\\\");
    default:
        return sprintf(out, byte >= 32 && byte < 127 ? "%c" : "\\x%02x",
                       byte);
    }
}

/* Prints bytes from..length, escaped and cut. Returns the column at which
 * the byte number mark begins. */
static int show(const unsigned char *bytes, size_t from, size_t length,
                size_t mark)
{
    char out[8];
    int column = 0, at = 0;
    if (from > 0)
        column += printf("... ");
    column += printf("\"");
    for (size_t i = from; i < length && i < from + SHOWN; i++) {
        if (i == mark)
            at = column;
        column += escape(out, bytes[i]);
        fputs(out, stdout);
    }
    if (mark >= length)
        at = column;
    printf(length > from + SHOWN ? "\" ... (%zu bytes)" : "\"", length);
    return at;
}

/* Prints what was expected and what came, with a mark at the first
 * difference. Returns 1 if there is one. */
static int differ(const unsigned char *expected, size_t expected_length,
                  const unsigned char *got, size_t got_length)
{
    size_t i = 0;
    while (i < expected_length && i < got_length && expected[i] == got[i])
        i++;
    if (i == expected_length && i == got_length)
        return 0;
    size_t from = i > SHOWN / 2 ? i - SHOWN / 2 : 0;
    printf("expected  ");
    show(expected, from, expected_length, i);
    printf("\ngot       ");
    int at = show(got, from, got_length, i);
    printf("\n%*s^ byte %zu\n", 10 + at, "", i + 1);
    return 1;
}

static unsigned char *read_file(const char *path, size_t *length)
{
    FILE *file = fopen(path, "r");
    if (!file)
        script_error(path, strerror(errno));
    unsigned char *bytes = NULL;
    size_t room = 0;
    *length = 0;
    for (;;) {
        bytes = need(realloc(bytes, room += 65536));
        size_t n = fread(bytes + *length, 1, room - *length, file);
        *length += n;
        if (n == 0)
            break;
    }
    fclose(file);
    return bytes;
}

static int compare(char *argv[])
{
    size_t expected_length, got_length;
    unsigned char *expected = read_file(argv[0], &expected_length);
    unsigned char *got = read_file(argv[1], &got_length);
    return differ(expected, expected_length, got, got_length);
}

/* ---- who listens ------------------------------------------------------- */

/* Reads what /proc tells of a process. Returns its state, or 0 if there is no
 * such process. */
static int look_at(const char *pid, long *parent, long *pgrp)
{
    char path[64], line[512], state;
    snprintf(path, sizeof path, "/proc/%.20s/stat", pid);
    int fd = open(path, O_RDONLY);
    if (fd < 0)
        return 0;
    ssize_t n = read(fd, line, sizeof line - 1);
    close(fd);
    line[n > 0 ? n : 0] = '\0';
    char *end = strrchr(line, ')');
    return end && sscanf(end, ") %c %ld %ld", &state, parent, pgrp) == 3
               ? state
               : 0;
}

/* Is the process one of the group, or about to become its first? A zombie is
 * not: it has ended. Returns its state, or 0. */
static int in_group(const char *pid, long group)
{
    long parent, pgrp;
    int state = look_at(pid, &parent, &pgrp);
    return state != 'Z' && (pgrp == group || atol(pid) == group) ? state
                                                                 : 0;
}

/* Returns the next process of a group and its state, or NULL at the end. */
static const char *next_process(DIR *proc, long group, int *state)
{
    struct dirent *e;
    while (proc && (e = readdir(proc)))
        if (isdigit((unsigned char)e->d_name[0]) &&
            (*state = in_group(e->d_name, group)) != 0)
            return e->d_name;
    return NULL;
}

/* Has the process the socket with this inode open? Any socket, if 0. */
static int has_socket(const char *pid, unsigned long inode)
{
    char path[64], link[512], target[64], wanted[64];
    snprintf(path, sizeof path, "/proc/%.20s/fd", pid);
    snprintf(wanted, sizeof wanted, "socket:[%lu]", inode);
    DIR *dir = opendir(path);
    int found = 0;
    for (struct dirent *e; dir && !found && (e = readdir(dir));) {
        snprintf(link, sizeof link, "%s/%s", path, e->d_name);
        ssize_t n = readlink(link, target, sizeof target - 1);
        target[n > 0 ? n : 0] = '\0';
        found = strncmp(target, wanted, inode ? sizeof wanted : 8) == 0;
    }
    if (dir)
        closedir(dir);
    return found;
}

/* Prints the address on which the process listens. Returns 1 if it does. */
static int find_listener(const char *pid, const char *table, int state)
{
    char path[64], line[512];
    snprintf(path, sizeof path, "/proc/%.20s/net/%s", pid, table);
    FILE *file = fopen(path, "r");
    int found = 0;
    while (file && !found && fgets(line, sizeof line, file)) {
        char address[64];
        unsigned int port, st;
        unsigned long inode;
        if (sscanf(line,
                   " %*d: %63[0-9A-Fa-f]:%x %*x:%*x %x %*x:%*x %*x:%*x %*x "
                   "%*d %*d %lu",
                   address, &port, &st, &inode) != 4 ||
            (int)st != state || !has_socket(pid, inode))
            continue;
        struct in_addr in = { (in_addr_t)strtoul(address, NULL, 16) };
        printf("%s %u\n", strlen(address) > 8 ? "IPv6" : inet_ntoa(in),
               port);
        found = 1;
    }
    if (file)
        fclose(file);
    return found;
}

static int listening(char *argv[])
{
    long group = atol(argv[0]);
    int udp = strcmp(argv[1], "udp") == 0;
    long long deadline = now() + atol(argv[2]);
    do {
        int alive = 0, state;
        DIR *proc = opendir("/proc");
        for (const char *pid; (pid = next_process(proc, group, &state));) {
            alive = 1;
            /* The kernel's tables are long; most have no need of them. */
            if (!has_socket(pid, 0))
                continue;
            if (find_listener(pid, udp ? "udp" : "tcp", udp ? 7 : 10) ||
                find_listener(pid, udp ? "udp6" : "tcp6", udp ? 7 : 10))
                return 0;
        }
        if (proc)
            closedir(proc);
        if (!alive)
            return 3;
        nanosleep(&(struct timespec){ .tv_nsec = 1000000 }, NULL);
    } while (now() < deadline);
    return 4;
}

/* ---- what a program uses ----------------------------------------------- */

struct usage {
    long threads, kilobytes, wakes;
    int sleeps;             /* all its processes */
    long long microseconds; /* of processor time */
};

/* Returns the number behind a word in a file of /proc, or 0. */
static long number_in(const char *path, const char *word)
{
    char text[4096];
    int fd = open(path, O_RDONLY);
    if (fd < 0)
        return 0;
    ssize_t n = read(fd, text, sizeof text - 1);
    close(fd);
    text[n > 0 ? n : 0] = '\0';
    const char *at = strstr(text, word);
    return at ? atol(at + strlen(word)) : 0;
}

/* Adds what one process uses. */
static void add_usage(struct usage *u, const char *pid)
{
    char path[600];
    struct timespec t;
    clockid_t clock;
    snprintf(path, sizeof path, "/proc/%.20s/status", pid);
    u->threads += number_in(path, "\nThreads:");
    u->kilobytes += number_in(path, "\nVmRSS:");
    if (clock_getcpuclockid((pid_t)atol(pid), &clock) == 0 &&
        clock_gettime(clock, &t) == 0)
        u->microseconds += t.tv_sec * 1000000LL + t.tv_nsec / 1000;
    snprintf(path, sizeof path, "/proc/%.20s/task", pid);
    DIR *tasks = opendir(path);
    for (struct dirent *e; tasks && (e = readdir(tasks));) {
        if (!isdigit((unsigned char)e->d_name[0]))
            continue;
        snprintf(path, sizeof path, "/proc/%.20s/task/%s/status", pid,
                 e->d_name);
        u->wakes += number_in(path, "\nvoluntary_ctxt_switches:");
    }
    if (tasks)
        closedir(tasks);
}

/* What the processes of a group use, without its first one. */
static struct usage usage_of(long group)
{
    struct usage u = { .sleeps = 1 };
    DIR *proc = opendir("/proc");
    int state;
    for (const char *pid; (pid = next_process(proc, group, &state));) {
        if (atol(pid) == group)
            continue;
        add_usage(&u, pid);
        u.sleeps &= state == 'S';
    }
    if (proc)
        closedir(proc);
    return u;
}

/* Sends the processes of a group a signal, without its first one: that is the
 * time limit, and one that is stopped ends nothing. */
static void send_signal(long group, int number)
{
    DIR *proc = opendir("/proc");
    int state;
    for (const char *pid; (pid = next_process(proc, group, &state));)
        if (atol(pid) != group)
            kill((pid_t)atol(pid), number);
    if (proc)
        closedir(proc);
}

/* Waits until they are all stopped (T), or sleep (S). Returns 0, or -1 if the
 * time, in milliseconds, is over before. */
static int await_state(long group, char due, long long limit)
{
    long long deadline = now() + limit;
    for (int others = 1, state; others;) {
        DIR *proc = opendir("/proc");
        others = 0;
        for (const char *pid; (pid = next_process(proc, group, &state));)
            others |= atol(pid) != group && state != due;
        if (proc)
            closedir(proc);
        if (others && now() > deadline)
            return -1;
        nanosleep(&(struct timespec){ .tv_nsec = 200000 }, NULL);
    }
    return 0;
}

/* ---- conversations ----------------------------------------------------- */

struct connection {
    char name[32];
    int fd;
    size_t poured, drained;  /* bytes, and those whose answers are seen */
    struct sockaddr_in peer; /* of the datagram that came last */
};

static struct connection *connections;
static size_t connection_count;
static long long patience = 2000, marked;

/* The report of a failure: the steps that held, and the one that did not. */
static char **steps;
static int step_number;

static int port_out; /* the ports that bind takes are printed there */

static void report_steps(void)
{
    /* Its log shall not tell how it took our end. */
    if (getenv("WATCHED"))
        send_signal(atol(getenv("WATCHED")), SIGSTOP);
    /* What led to the failure are the last of them. */
    int i = step_number > 12 ? step_number - 6 : 0;
    if (i > 0)
        printf("     the first %d steps %13s %17s ok\n", i, "", "");
    for (; i < step_number; i++)
        printf("%3d. %-47.47s%-3s %s\n", i + 1, steps[i],
               strlen(steps[i]) > 47 ? "..." : "",
               i < step_number - 1 ? "ok" : "FAILED");
}

static void failed(const char *format, ...)
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

static struct connection *find(const char *name)
{
    for (size_t i = connection_count; i-- > 0;)
        if (strcmp(connections[i].name, name) == 0)
            return &connections[i];
    script_error("no connection has this name", name);
    return NULL;
}

static struct connection *name_one(const char *name, int fd)
{
    if ((connection_count & (connection_count - 1)) == 0)
        connections = need(realloc(connections, (connection_count * 2 + 1) *
                                                    sizeof *connections));
    struct connection *c = &connections[connection_count++];
    memset(c, 0, sizeof *c);
    snprintf(c->name, sizeof c->name, "%s", name);
    c->fd = fd;
    return c;
}

static struct sockaddr_in local(const char *port)
{
    struct sockaddr_in a = { .sin_family = AF_INET };
    a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    a.sin_port = htons((uint16_t)(port ? atoi(port) : 0));
    return a;
}

/* Waits for an event. Returns 0 when it has not come by the deadline. */
static int await(int fd, short event, long long deadline)
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

static int is_udp(const struct connection *c)
{
    int type = 0;
    socklen_t size = sizeof type;
    getsockopt(c->fd, SOL_SOCKET, SO_TYPE, &type, &size);
    return type == SOCK_DGRAM;
}

/* Turns the escapes of a step into bytes. */
static unsigned char *unescape(const char *text, size_t *length)
{
    unsigned char *out = need(malloc(strlen(text) + 1)), *to = out;
    for (; *text; text++) {
        if (*text != '\\') {
            *to++ = (unsigned char)*text;
            continue;
        }
        unsigned int hex;
        switch (*++text) {
        case 'n':
            *to++ = '\n';
            break;
        case 'r':
            *to++ = '\r';
            break;
        case 't':
            *to++ = '\t';
            break;
        case '0':
            *to++ = '\0';
            break;
        case '\\':
            *to++ = '\\';
            break;
        case 'x':
            if (sscanf(text + 1, "%2x", &hex) != 1)
                script_error("two hexadecimal digits after \\x", text);
            *to++ = (unsigned char)hex;
            text += 2;
            break;
        default:
            script_error("no such escape", text);
        }
    }
    *length = (size_t)(to - out);
    return out;
}

static void upper(unsigned char *bytes, size_t length)
{
    for (size_t i = 0; i < length; i++)
        if (bytes[i] >= 'a' && bytes[i] <= 'z')
            bytes[i] = (unsigned char)(bytes[i] - 'a' + 'A');
}

static void send_all(struct connection *c, const unsigned char *bytes,
                     size_t length)
{
    size_t sent = 0;
    long long deadline = now() + patience;
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

/* Says what came instead of what was due. */
static void not_this(const unsigned char *expected, size_t expected_length,
                     const unsigned char *got, size_t got_length,
                     const char *why)
{
    report_steps();
    differ(expected, expected_length, got, got_length);
    printf("%s\n", why);
    exit(1);
}

/* Receives exactly these bytes: of a stream, or as one datagram. */
static void get(struct connection *c, const unsigned char *expected,
                size_t length, int is_datagram)
{
    unsigned char *got = need(malloc(length + 65536));
    size_t have = 0;
    long long deadline = now() + patience;
    while (have < length || is_datagram) {
        if (!await(c->fd, POLLIN, deadline))
            not_this(expected, length, got, have,
                     have ? "Then nothing more came, and no end either."
                          : "Nothing came, and no end either.");
        socklen_t size = sizeof c->peer;
        ssize_t n = is_datagram
                        ? recvfrom(c->fd, got, length + 65536, 0,
                                   (struct sockaddr *)&c->peer, &size)
                        : recv(c->fd, got + have, length - have, 0);
        if (n < 0)
            not_this(expected, length, got, have,
                     errno == ECONNRESET     ? "Then came a reset."
                     : errno == ECONNREFUSED ? "Nobody is at that port."
                                             : strerror(errno));
        if (n == 0 && !is_datagram)
            not_this(expected, length, got, have,
                     "Then the peer ended the connection.");
        have += (size_t)n;
        if (is_datagram || memcmp(got, expected, have) != 0)
            break;
    }
    if (have != length || memcmp(got, expected, length) != 0)
        not_this(expected, length, got, have, "That is another answer.");
    free(got);
}

/* Receives the answer to "who am I", and says what may be wrong with it. */
static void get_own_address(struct connection *c)
{
    struct sockaddr_in me, server;
    socklen_t size = sizeof me;
    getsockname(c->fd, (struct sockaddr *)&me, &size);
    getpeername(c->fd, (struct sockaddr *)&server, &size);
    char expected[64], got[64], address[32] = "";
    int length = snprintf(expected, sizeof expected, "%s:%d\n",
                          inet_ntoa(me.sin_addr), ntohs(me.sin_port));
    size_t have = 0;
    int port = -1;
    const char *end = "Then nothing more came, and no end either.";
    long long deadline = now() + patience;
    while (have < sizeof got && await(c->fd, POLLIN, deadline)) {
        ssize_t n = recv(c->fd, got + have, sizeof got - have, 0);
        if (n <= 0)
            end = n == 0 ? "Then the peer ended the connection."
                         : "Then came a reset.";
        if (n <= 0)
            break;
        have += (size_t)n;
        if (have == (size_t)length && memcmp(got, expected, have) == 0)
            return;
    }
    if (have < sizeof got)
        got[have] = '\0';
    sscanf(got, "%31[0-9.]:%d", address, &port);
    const char *why = end;
    if (have > (size_t)length && memcmp(got, expected, (size_t)length) == 0)
        why = "The address is right, but more bytes follow it.";
    else if (port == me.sin_port)
        why = "That is the right port with its two bytes exchanged: ntohs.";
    else if (port == ntohs(server.sin_port))
        why = "That is the server's own port, not the caller's.";
    else if (port == ntohs(me.sin_port) &&
             strcmp(address, inet_ntoa(me.sin_addr)) != 0)
        why = "The port is right. The address is not the caller's.";
    not_this((unsigned char *)expected, (size_t)length,
             (unsigned char *)got, have, why);
}

/* Waits for the end of the stream; a reset counts if it may. */
static void end(struct connection *c, int reset_counts, int busy,
                long long limit)
{
    unsigned char got[256];
    size_t have = 0;
    long long deadline = now() + limit;
    for (;;) {
        if (!await(c->fd, POLLIN, deadline))
            failed("the peer has not ended the connection");
        ssize_t n = recv(c->fd, got + have, sizeof got - have, 0);
        if (n < 0 && reset_counts && errno == ECONNRESET)
            return;
        if (n < 0)
            failed("not an end, but: %s", strerror(errno));
        if (n == 0 && busy && (have != 5 || memcmp(got, "busy\n", 5) != 0))
            not_this((const unsigned char *)"busy\n", 5, got, have,
                     "Then the peer ended the connection.");
        if (n == 0)
            return;
        have += (size_t)n;
        if (!busy || have == sizeof got)
            not_this((const unsigned char *)"", 0, got, have,
                     "More came, where the end was due.");
    }
}

/* Are all buffers between us and the peer full? Nothing more goes out, and not
 * because a busy machine has not let the watched processes run: they sleep. */
static int is_full(struct connection *c)
{
    if (await(c->fd, POLLOUT, now() + 100))
        return 0;
    if (getenv("WATCHED"))
        await_state(atol(getenv("WATCHED")), 'S', patience);
    return !await(c->fd, POLLOUT, now());
}

/* Sends a pattern of size bytes, reads the answers meanwhile, checks both. */
static void echo(struct connection *c, size_t size, int slowly)
{
    size_t sent = 0, have = 0, rest = 0;
    unsigned char piece[16384], wanted[16384];
    long long deadline = now() + patience;
    while (have < size) {
        struct pollfd p = { .fd = c->fd, .events = POLLIN };
        if (sent < size)
            p.events |= POLLOUT;
        /* Slowly: no reading before all buffers are full. */
        if (slowly && have == 0 && sent < size && !is_full(c))
            p.events = POLLOUT;
        long long left = deadline - now();
        if (poll(&p, 1, left > 0 ? (int)left : 0) <= 0)
            failed("stuck: %zu bytes sent, %zu answered, of %zu", sent,
                   have, size);
        if (p.revents & ~POLLOUT) {
            ssize_t n = recv(c->fd, piece, sizeof piece, MSG_DONTWAIT);
            if (n == 0)
                failed("the peer ended after %zu of %zu bytes", have, size);
            if (n < 0 && errno != EAGAIN)
                failed("recv: %s, after %zu of %zu bytes", strerror(errno),
                       have, size);
            for (ssize_t i = 0; i < n; i++)
                wanted[i] = (unsigned char)((have + (size_t)i) % 251);
            if (n > 0) {
                upper(wanted, (size_t)n);
                if (memcmp(piece, wanted, (size_t)n) != 0)
                    failed("wrong bytes somewhere after byte %zu", have);
                have += (size_t)n;
                deadline = now() + patience;
            }
            if (slowly && have - rest >= 262144) {
                nanosleep(&(struct timespec){ .tv_nsec = 1000000 }, NULL);
                rest = have;
            }
        }
        if (p.revents & POLLOUT) {
            size_t length =
                size - sent < sizeof piece ? size - sent : sizeof piece;
            for (size_t i = 0; i < length; i++)
                piece[i] = (unsigned char)((sent + i) % 251);
            ssize_t n =
                send(c->fd, piece, length, MSG_NOSIGNAL | MSG_DONTWAIT);
            if (n < 0 && errno != EAGAIN)
                failed("send: %s, after %zu of %zu bytes", strerror(errno),
                       sent, size);
            sent += n > 0 ? (size_t)n : 0;
        }
    }
}

/* Sends without reading until the peer takes no more. */
static void pour(struct connection *c, size_t limit)
{
    unsigned char piece[16384];
    while (!is_full(c)) {
        for (size_t i = 0; i < sizeof piece; i++)
            piece[i] = (unsigned char)((c->poured + i) % 251);
        ssize_t n =
            send(c->fd, piece, sizeof piece, MSG_NOSIGNAL | MSG_DONTWAIT);
        if (n < 0 && errno != EAGAIN)
            failed("send: %s, after %zu bytes", strerror(errno), c->poured);
        c->poured += n > 0 ? (size_t)n : 0;
        if (c->poured >= limit)
            failed(
                "the peer took %zu bytes, though nobody reads its answers",
                c->poured);
    }
}

static void drain(struct connection *c)
{
    unsigned char piece[65536];
    while (c->drained < c->poured) {
        if (!await(c->fd, POLLIN, now() + patience))
            failed("%zu answers are missing", c->poured - c->drained);
        ssize_t n = recv(c->fd, piece, sizeof piece, 0);
        if (n <= 0)
            failed("%zu answers are missing: %s", c->poured - c->drained,
                   n == 0 ? "the peer ended" : strerror(errno));
        for (ssize_t i = 0; i < n; i++, c->drained++) {
            unsigned char due = (unsigned char)(c->drained % 251);
            upper(&due, 1);
            if (piece[i] != due)
                failed("byte %zu is \\x%02x instead of \\x%02x",
                       c->drained + 1, piece[i], due);
        }
    }
}

/* Sends without reading until the peer has gone. */
static void flood(struct connection *c)
{
    unsigned char piece[16384] = { 0 };
    long long deadline = now() + patience;
    while (now() < deadline && await(c->fd, POLLOUT, deadline))
        if (send(c->fd, piece, sizeof piece, MSG_NOSIGNAL | MSG_DONTWAIT) <
                0 &&
            errno != EAGAIN) {
            if (errno != ECONNRESET && errno != EPIPE)
                failed("send: %s", strerror(errno));
            return;
        }
    failed("the peer has not ended the connection");
}

/* Answers one client as the kit's servers do, until it ends. */
static void answer_in_upper(struct connection *c)
{
    unsigned char piece[16384];
    for (;;) {
        if (!await(c->fd, POLLIN, now() + patience))
            failed("the client neither spoke nor left");
        ssize_t n = recv(c->fd, piece, sizeof piece, 0);
        if (n == 0)
            return;
        if (n < 0)
            failed("recv: %s", strerror(errno));
        upper(piece, (size_t)n);
        send_all(c, piece, (size_t)n);
    }
}

static int new_socket(int type)
{
    int fd = socket(AF_INET, type | SOCK_CLOEXEC, 0), on = 1;
    if (fd < 0)
        failed("socket: %s", strerror(errno));
    if (type == SOCK_STREAM) {
        setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    }
    return fd;
}

/* Connects, and is answered: a limit above 0 is how many milliseconds that
 * may be tried. */
static void be_served(const char *name, const char *port, long limit)
{
    struct sockaddr_in a = local(port);
    long long deadline = now() + (limit > 0 ? limit : patience);
    for (;;) {
        int fd = new_socket(SOCK_STREAM);
        if (connect(fd, (struct sockaddr *)&a, sizeof a) < 0)
            failed("connect: %s", strerror(errno));
        unsigned char answer = 0;
        send(fd, "a", 1, MSG_NOSIGNAL);
        if (!await(fd, POLLIN, now() + patience))
            failed("connected, but not answered");
        ssize_t n = recv(fd, &answer, 1, 0);
        if (n == 1 && answer == 'A') {
            name_one(name, fd);
            return;
        }
        if (limit == 0 || now() >= deadline || (n == 1 && answer != 'b')) {
            if (n > 0)
                failed("the answer to \"a\" begins with \"%c\"",
                       isprint(answer) ? answer : '?');
            failed(n == 0 ? "the peer ended the connection" : "recv: %s",
                   strerror(errno));
        }
        close(fd);
        nanosleep(&(struct timespec){ .tv_nsec = 2000000 }, NULL);
    }
}

/* Waits until the UDP socket that is our peer has nothing left to read. */
static void await_reader(struct connection *c)
{
    struct sockaddr_in a;
    socklen_t size = sizeof a;
    if (getpeername(c->fd, (struct sockaddr *)&a, &size) < 0)
        failed("getpeername: %s", strerror(errno));
    long long deadline = now() + patience;
    for (unsigned int left = 1; left > 0;) {
        char line[512];
        FILE *file = fopen("/proc/net/udp", "r");
        left = 0;
        while (file && fgets(line, sizeof line, file)) {
            unsigned int port, queued;
            if (sscanf(line, " %*d: %*x:%x %*x:%*x %*x %*x:%x", &port,
                       &queued) == 2 &&
                port == ntohs(a.sin_port))
                left += queued;
        }
        if (file)
            fclose(file);
        if (left > 0 && now() > deadline)
            failed("the peer does not read what has come");
        nanosleep(&(struct timespec){ .tv_nsec = 1000000 }, NULL);
    }
}

/* Sends a datagram of a pattern, and checks the answer. */
static void exchange(struct connection *c, size_t size)
{
    unsigned char *bytes = need(malloc(size + 1));
    for (size_t i = 0; i < size; i++)
        bytes[i] = (unsigned char)(i % 251);
    send_all(c, bytes, size);
    upper(bytes, size);
    get(c, bytes, size, 1);
    free(bytes);
}

/* Takes numbered lines in their order, from 1 on, and answers each. */
static void answer_numbers(struct connection *c, long count)
{
    for (long i = 1; i <= count; i++) {
        unsigned char text[32];
        size_t length = (size_t)sprintf((char *)text, "%ld x\n", i);
        get(c, text, length, 1);
        upper(text, length);
        send_all(c, text, length);
    }
}

/* Sends the same datagram again and again, until one comes. */
static void nag(struct connection *c, const unsigned char *bytes,
                size_t length)
{
    long long deadline = now() + patience;
    int count = 0;
    do {
        if (now() > deadline)
            failed("nothing came, while %d of these were sent", count);
        send_all(c, bytes, length);
        count++;
    } while (!await(c->fd, POLLIN, now() + 20));
}

/* Waits until a file holds something, for some time. */
static void await_words(char *argument)
{
    char *path = strsep(&argument, " ");
    long long deadline = now() + (argument ? atol(argument) : patience);
    struct stat file;
    while ((stat(path, &file) < 0 || file.st_size == 0) && now() < deadline)
        nanosleep(&(struct timespec){ .tv_nsec = 1000000 }, NULL);
}

/* Waits for a file. Until then nothing may happen to the socket. */
static void await_signal(struct connection *c, const char *path)
{
    long long deadline = now() + 2 * patience;
    struct pollfd p = { .fd = c->fd, .events = POLLIN };
    while (access(path, F_OK) < 0) {
        if (now() > deadline)
            failed("the test has not gone on");
        nanosleep(&(struct timespec){ .tv_nsec = 1000000 }, NULL);
    }
    if (poll(&p, 1, 0) > 0 && p.revents & POLLIN) {
        int is_listener = 0;
        socklen_t size = sizeof is_listener;
        getsockopt(c->fd, SOL_SOCKET, SO_ACCEPTCONN, &is_listener, &size);
        failed(is_listener ? "somebody connected" : "something came");
    }
}

/* Makes a UDP socket listen to this address only: it refuses all others. */
static void listen_to(int fd, struct sockaddr_in a)
{
    if (connect(fd, (struct sockaddr *)&a, sizeof a) < 0)
        failed("connect: %s", strerror(errno));
}

/* Verbs that make the connection called name. Returns 0 if verb is none. */
static int make(const char *name, const char *verb, const char *argument)
{
    struct sockaddr_in a = local(argument);
    socklen_t size = sizeof a;
    if (strcmp(verb, "open") == 0 || strcmp(verb, "udp") == 0) {
        int fd = new_socket(*verb == 'o' ? SOCK_STREAM : SOCK_DGRAM);
        const char *from = strchr(argument, ' ');
        struct sockaddr_in source = local(NULL);
        if (from && (inet_pton(AF_INET, from + 1, &source.sin_addr) != 1 ||
                     bind(fd, (struct sockaddr *)&source, size) < 0))
            failed("bind %s: %s", from + 1, strerror(errno));
        if (connect(fd, (struct sockaddr *)&a, size) < 0)
            failed("connect: %s", strerror(errno));
        name_one(name, fd);
    } else if (strcmp(verb, "served") == 0) {
        const char *limit = strchr(argument, ' ');
        be_served(name, argument, limit ? atol(limit) : 0);
    } else if (strcmp(verb, "bind") == 0 || strcmp(verb, "listener") == 0 ||
               strncmp(verb, "udp-", 4) == 0) {
        int fd = new_socket(*verb == 'u' ? SOCK_DGRAM : SOCK_STREAM);
        if (bind(fd, (struct sockaddr *)&a, size) < 0)
            failed("bind: %s", strerror(errno));
        if (*verb == 'l' && listen(fd, 1024) < 0)
            failed("listen: %s", strerror(errno));
        getsockname(fd, (struct sockaddr *)&a, &size);
        if (strcmp(verb, "udp-deaf") == 0)
            listen_to(fd, local("9"));
        dprintf(port_out, "%d\n", ntohs(a.sin_port));
        name_one(name, fd);
    } else if (strcmp(verb, "accept") == 0) {
        int listener = find(argument)->fd, on = 1;
        if (!await(listener, POLLIN, now() + patience))
            failed("nobody connected");
        int fd = accept(listener, NULL, NULL);
        if (fd < 0)
            failed("accept: %s", strerror(errno));
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
        name_one(name, fd);
    } else {
        return 0;
    }
    return 1;
}

/* Steps about the processes watched. Returns 0 if verb is none. */
static int watch(const char *verb, const char *argument)
{
    static const char *const verbs[] = { "signal", "rests", "threads",
                                         "weigh",  "grown", "calm",
                                         "asleep" };
    static const struct {
        const char *name;
        int number;
    } signals[] = { { "STOP", SIGSTOP },   { "CONT", SIGCONT },
                    { "WINCH", SIGWINCH }, { "URG", SIGURG },
                    { "CHLD", SIGCHLD },   { "TERM", SIGTERM } };
    static struct usage weighed;
    size_t i = 0;
    while (i < sizeof verbs / sizeof *verbs && strcmp(verb, verbs[i]) != 0)
        i++;
    if (i == sizeof verbs / sizeof *verbs)
        return 0;
    const char *group = getenv("WATCHED");
    if (!group)
        script_error("WATCHED is not set", verb);
    long watched = atol(group), number = argument ? atol(argument) : 0;
    struct usage before = usage_of(watched), after;
    if (before.threads == 0)
        failed("the program has ended");
    if (strcmp(verb, "signal") == 0) {
        for (i = 0; i < sizeof signals / sizeof *signals; i++)
            if (strcmp(argument, signals[i].name) == 0)
                send_signal(watched, signals[i].number);
        if (strcmp(argument, "STOP") == 0 &&
            await_state(watched, 'T', patience) != 0)
            failed("it does not stop");
    } else if (strcmp(verb, "rests") == 0) {
        if (await_state(watched, 'S', patience) != 0)
            failed("it never waits");
    } else if (strcmp(verb, "threads") == 0) {
        if (before.threads > number)
            failed("it has %ld threads", before.threads);
    } else if (strcmp(verb, "weigh") == 0) {
        weighed = before;
    } else if (strcmp(verb, "grown") == 0) {
        if (before.kilobytes - weighed.kilobytes > number)
            failed("it uses %ld KB more",
                   before.kilobytes - weighed.kilobytes);
    } else {
        nanosleep(&(struct timespec){ .tv_sec = number / 1000,
                                      .tv_nsec = number % 1000 * 1000000 },
                  NULL);
        after = usage_of(watched);
        if (after.microseconds - before.microseconds > number * 50)
            failed("it used %lld ms of processor time in %ld ms",
                   (after.microseconds - before.microseconds) / 1000,
                   number);
        if (*verb == 'a' && after.wakes - before.wakes > 2)
            failed("it woke %ld times in %ld ms",
                   after.wakes - before.wakes, number);
        for (i = 0; !after.sleeps; i++) {
            if (i == 50)
                failed("it never sleeps");
            nanosleep(&(struct timespec){ .tv_nsec = 5000000 }, NULL);
            after = usage_of(watched);
        }
    }
    return 1;
}

static void forget(struct connection *c, int with_reset)
{
    struct linger at_once = { .l_onoff = 1 };
    if (with_reset)
        setsockopt(c->fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
    close(c->fd);
    c->name[0] = '\0';
}

static void do_step(const char *name, const char *verb, char *argument)
{
    if (make(name, verb, argument) || watch(verb, argument))
        return;
    size_t length = 0;
    unsigned char byte;
    unsigned char *bytes = NULL;
    long number = argument ? atol(argument) : 0;
    if (strcmp(verb, "mark") == 0) {
        marked = now();
        return;
    }
    if (strcmp(verb, "after") == 0 || strcmp(verb, "before") == 0) {
        long long passed = now() - marked;
        if (*verb == 'a' ? passed < number : passed > number)
            failed("%lld ms have passed", passed);
        return;
    }
    if (strcmp(verb, "touch") == 0) {
        int fd = open(argument, O_CREAT | O_WRONLY, 0600);
        if (fd < 0)
            script_error(argument, strerror(errno));
        close(fd);
        return;
    }

    if (strcmp(verb, "said") == 0) {
        await_words(argument);
        return;
    }

    struct connection *c = find(name);
    if (strcmp(verb, "send") == 0) {
        bytes = unescape(argument ? argument : "", &length);
        send_all(c, bytes, length);
    } else if (strcmp(verb, "slowly") == 0) {
        bytes = unescape(argument, &length);
        for (size_t i = 0; i < length; i++) {
            send_all(c, bytes + i, 1);
            nanosleep(&(struct timespec){ .tv_nsec = 2000000 }, NULL);
        }
    } else if (strcmp(verb, "get") == 0 || strcmp(verb, "take") == 0) {
        bytes = unescape(argument ? argument : "", &length);
        struct sockaddr_in peer = c->peer;
        get(c, bytes, length, is_udp(c));
        if (*verb == 'g')
            c->peer = peer;
    } else if (strcmp(verb, "whoami") == 0) {
        bytes = unescape(argument, &length);
        send_all(c, bytes, length);
        get_own_address(c);
    } else if (strcmp(verb, "listen") == 0) {
        if (listen(c->fd, 1024) < 0)
            failed("listen: %s", strerror(errno));
    } else if (strcmp(verb, "quiet") == 0 || strcmp(verb, "none") == 0) {
        if (await(c->fd, POLLIN, now() + number))
            failed(*verb == 'q' ? "something came" : "somebody connected");
    } else if (strcmp(verb, "end") == 0) {
        end(c, 0, 0, argument ? number : patience);
    } else if (strcmp(verb, "gone") == 0) {
        end(c, 1, 0, argument ? number : patience);
    } else if (strcmp(verb, "busy") == 0) {
        end(c, 1, 1, patience);
    } else if (strcmp(verb, "finish") == 0) {
        if (shutdown(c->fd, SHUT_WR) < 0)
            failed("shutdown: %s", strerror(errno));
    } else if (strcmp(verb, "close") == 0) {
        forget(c, 0);
    } else if (strcmp(verb, "reset") == 0) {
        forget(c, 1);
    } else if (strcmp(verb, "echo") == 0) {
        echo(c, (size_t)number, 0);
    } else if (strcmp(verb, "sip") == 0) {
        echo(c, (size_t)number, 1);
    } else if (strcmp(verb, "all") == 0) {
        for (int i = 0; i < 256; i++) {
            byte = (unsigned char)i;
            send_all(c, &byte, 1);
            upper(&byte, 1);
            get(c, &byte, 1, is_udp(c));
        }
    } else if (strcmp(verb, "pour") == 0) {
        pour(c, (size_t)number);
    } else if (strcmp(verb, "drain") == 0) {
        drain(c);
    } else if (strcmp(verb, "flood") == 0) {
        flood(c);
    } else if (strcmp(verb, "burst") == 0) {
        for (long i = 0; i < number; i++)
            send(c->fd, "x", 1, MSG_DONTWAIT);
        await_reader(c);
    } else if (strcmp(verb, "datagram") == 0) {
        exchange(c, (size_t)number);
    } else if (strcmp(verb, "numbered") == 0) {
        answer_numbers(c, number);
    } else if (strcmp(verb, "nag") == 0) {
        bytes = unescape(argument, &length);
        nag(c, bytes, length);
    } else if (strcmp(verb, "to") == 0) {
        c->peer = find(argument)->peer;
    } else if (strcmp(verb, "deaf") == 0 || strcmp(verb, "hears") == 0) {
        listen_to(c->fd, *verb == 'h' ? c->peer : local("9"));
    } else if (strcmp(verb, "until") == 0) {
        await_signal(c, argument);
    } else if (strcmp(verb, "upper") == 0) {
        answer_in_upper(c);
    } else {
        script_error("no such verb", verb);
    }
    free(bytes);
}

static int await_file(char *argv[])
{
    size_t expected_length, got_length;
    unsigned char *expected = unescape(argv[1], &expected_length), *got;
    long long deadline = now() + atol(argv[2]);
    for (;;) {
        got = read_file(argv[0], &got_length);
        if (got_length == expected_length &&
            memcmp(got, expected, got_length) == 0)
            return 0;
        if (now() >= deadline)
            return differ(expected, expected_length, got, got_length);
        free(got);
        nanosleep(&(struct timespec){ .tv_nsec = 1000000 }, NULL);
    }
}

static int merge(int argc, char *argv[])
{
    enum { MOST = 8 };
    struct pollfd fifos[MOST];
    struct {
        char text[4096];
        size_t length;
    } lines[MOST] = { 0 };
    int count = argc / 2;
    if (count > MOST)
        script_error("too many FIFOs", argv[2 * MOST]);
    for (int i = 0; i < count; i++) {
        /* Open for writing too, so that it never comes to an end. */
        fifos[i].fd = open(argv[2 * i + 1], O_RDWR | O_NONBLOCK);
        fifos[i].events = POLLIN;
        if (fifos[i].fd < 0)
            script_error(argv[2 * i + 1], strerror(errno));
    }
    while (poll(fifos, (nfds_t)count, -1) > 0 || errno == EINTR) {
        int i = 0;
        while (i < count && !(fifos[i].revents & POLLIN))
            i++;
        if (i == count)
            continue;
        char *text = lines[i].text, c;
        while (read(fifos[i].fd, &c, 1) == 1) {
            if (c != '\n')
                text[lines[i].length++] = c;
            if (c == '\n' || lines[i].length == sizeof lines[i].text) {
                printf("%s %.*s\n", argv[2 * i], (int)lines[i].length,
                       text);
                fflush(stdout);
                lines[i].length = 0;
            }
        }
    }
    return 2;
}

static int play(int argc, char *argv[])
{
    struct rlimit limit;
    getrlimit(RLIMIT_NOFILE, &limit);
    limit.rlim_cur = limit.rlim_max;
    setrlimit(RLIMIT_NOFILE, &limit);
    if (getenv("PATIENCE"))
        patience = atol(getenv("PATIENCE"));
    signal(SIGPIPE, SIG_IGN); /* not everybody reads all ports */
    port_out = dup(STDOUT_FILENO);
    dup2(STDERR_FILENO, STDOUT_FILENO); /* reports go to standard error */
    marked = now();
    steps = argv;
    for (step_number = 1; step_number <= argc; step_number++) {
        char step[8192], *rest = step, one[32];
        if (strlen(argv[step_number - 1]) >= sizeof step)
            script_error("this step is too long", argv[step_number - 1]);
        strcpy(step, argv[step_number - 1]);
        const char *name = strsep(&rest, " "), *verb = strsep(&rest, " ");
        if (!verb)
            script_error("a step is NAME VERB [ARGUMENT]", step);
        const char *star = strchr(name, '*');
        for (int i = 1; star && i <= atoi(star + 1); i++) {
            snprintf(one, sizeof one, "%.*s%d", (int)(star - name), name,
                     i);
            do_step(one, verb, rest);
        }
        if (!star)
            do_step(name, verb, rest);
    }
    return 0;
}

static int ended(char *argv[])
{
    long pid = atol(argv[0]);
    long long deadline = now() + atol(argv[1]);
    while (kill((pid_t)pid, 0) == 0) {
        if (now() > deadline)
            return 1;
        nanosleep(&(struct timespec){ .tv_nsec = 1000000 }, NULL);
    }
    return 0;
}

/* ---- a time limit ------------------------------------------------------ */

static void kill_children(void)
{
    DIR *proc = opendir("/proc");
    long parent, pgrp;
    for (struct dirent *e; proc && (e = readdir(proc));)
        if (isdigit((unsigned char)e->d_name[0]) &&
            look_at(e->d_name, &parent, &pgrp) && parent == getpid())
            kill((pid_t)atol(e->d_name), SIGKILL);
    if (proc)
        closedir(proc);
}

static int guard(char *argv[])
{
    long long deadline = now() + atol(argv[0]) * 1000;
    pid_t parent = getppid(), self = getpid(), origin = getpgrp();
    sigset_t awaited, before;
    sigemptyset(&awaited);
    sigaddset(&awaited, SIGCHLD);
    sigaddset(&awaited, SIGTERM);
    signal(SIGCHLD, SIG_DFL);
    setpgid(0, 0);
    /* From here on no signal is missed, and what the program leaves behind
     * becomes our child. */
    sigprocmask(SIG_BLOCK, &awaited, &before);
    prctl(PR_SET_CHILD_SUBREAPER, 1);
    prctl(PR_SET_PDEATHSIG, SIGTERM);
    if (getppid() != parent)
        return 128 + SIGTERM;
    pid_t program = fork();
    if (program == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        sigprocmask(SIG_SETMASK, &before, NULL);
        if (getppid() == self)
            execvp(argv[1], argv + 1);
        perror(argv[1]);
        _exit(126);
    }
    int result = 126, killed_for = program < 0 ? 126 : 0;
    for (;;) {
        int status;
        pid_t child;
        while ((child = waitpid(-1, &status, WNOHANG)) > 0)
            if (child == program)
                result = WIFSIGNALED(status) ? 128 + WTERMSIG(status)
                                             : WEXITSTATUS(status);
        if (child < 0)
            return killed_for ? killed_for : result;
        long long left = deadline - now();
        if (left <= 0 && !killed_for)
            killed_for = 124;
        if (killed_for) {
            /* All of the group at one time, for which we leave it, if there is
             * a way back: 0 is a group outside of our process namespace. Then
             * what has gone elsewhere: it becomes our child, until none is
             * left. */
            if (origin > 0 && origin != self && setpgid(0, origin) == 0)
                kill(-self, SIGKILL);
            kill_children();
            left = 1;
        }
        struct timespec t = { .tv_sec = left / 1000,
                              .tv_nsec = left % 1000 * 1000000 };
        if (sigtimedwait(&awaited, NULL, &t) == SIGTERM && !killed_for)
            killed_for = 128 + SIGTERM;
    }
}

int main(int argc, char *argv[])
{
    if (argc == 5 && strcmp(argv[1], "listening") == 0)
        return listening(argv + 2);
    if (argc == 4 && strcmp(argv[1], "ended") == 0)
        return ended(argv + 2);
    if (argc >= 4 && strcmp(argv[1], "guard") == 0)
        return guard(argv + 2);
    if (argc == 4 && strcmp(argv[1], "compare") == 0)
        return compare(argv + 2);
    if (argc == 5 && strcmp(argv[1], "await") == 0)
        return await_file(argv + 2);
    if (argc >= 4 && argc % 2 == 0 && strcmp(argv[1], "merge") == 0)
        return merge(argc - 2, argv + 2);
    if (argc >= 3 && strcmp(argv[1], "play") == 0)
        return play(argc - 2, argv + 2);
    fputs("usage: driver listening PGID tcp|udp MS\n"
          "       driver ended PID MS\n"
          "       driver guard SECONDS PROGRAM [ARGUMENT]...\n"
          "       driver compare EXPECTED GOT\n"
          "       driver await FILE TEXT MS\n"
          "       driver merge NAME FIFO [NAME FIFO]...\n"
          "       driver play STEP...\n",
          stderr);
    return 2;
}
