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
 *   driver guard SECONDS [NAME=VALUE]... PROGRAM [ARGUMENT]...
 *       Runs a program in a process group of its own, and waits until it
 *       and all that it has started have ended. When the time is over, or
 *       SIGTERM comes, or the guard's parent ends, or they have more in
 *       memory than MEMORY (environment, in MiB) allows, it kills them. Exit
 *       status: the program's; 128 and the number of the signal that ended
 *       it; 124 after the time; 126 if it could not be run. The program has
 *       no descriptor of ours but the first three; what else the guard was
 *       given it keeps open until it ends. The names are set in its
 *       environment. DESCRIPTORS and ADDRESS_SPACE (environment) are limits:
 *       so many of the first, so many bytes of the second. With INSIDE
 *       (environment) it runs in the box that the process of this number
 *       keeps: with that box's files and no right there, with a PATH as its
 *       environment, and at most TASKS processes and threads in the box.
 *       What it leaves behind is killed when it ends.
 *
 *   driver tell tcp|udp|- SECONDS [NAME=VALUE]... PROGRAM [ARGUMENT]...
 *       The same, and on descriptor 5 it prints "ADDRESS PORT" as soon as the
 *       program listens (see listening), unless "-" is given, and "ended
 *       STATUS" when it and all that it has started have ended.
 *
 *   driver plain
 *       Copies standard input, with all that is not plain ASCII escaped, and
 *       no line longer than 400 characters.
 *
 *   driver letters TEXT
 *       Prints the text in the letters of LETTERS (environment), which are
 *       those that texts have in place of a to z.
 *
 *   driver compare EXPECTED GOT
 *       Compares two files. Where they differ it prints both, escaped,
 *       with a mark under the first difference. Exit status: 0 the same, 1.
 *
 *   driver await FILE TEXT MS
 *       Waits until the file holds exactly the TEXT (escaped, as below, and in
 *       the letters of LETTERS).
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
 *     take TEXT        receive just this datagram; its sender is the peer. The
 *                      one before, sent again since a busy machine let us
 *                      answer it late, is passed over
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
 *     before MS        at most MS ms have passed since the last "mark". The
 *                      machine may be busy: ten times the longest that one who
 *                      slept meanwhile had to wait for a processor is added
 *     mark             the clock starts here
 *     touch            make the file TEXT: a signal to the shell
 *
 *   These look at the processes of the group WATCHED (environment; without
 *   its first process, which is the time limit):
 *     signal NAME      send it the signal STOP, CONT, WINCH, URG, CHLD or
 *                      TERM; STOP: and wait until it has stopped
 *     rests            it comes to wait for something: one that spins never
 *                      does, however little of a processor it gets
 *     runs, left       it has started; it has left
 *     threads N        there are N threads at most
 *     weigh            what memory it uses is noted
 *     grown KB         it uses at most so much more than when weighed
 *     calm MS          it uses at most 10 % of a processor for MS ms, and it
 *                      sleeps (a busy machine gives little to one that spins)
 *     asleep MS        the same, and it wakes at most twice
 */
#define _GNU_SOURCE /* setns, unshare, fexecve */
#include <arpa/inet.h>
#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
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

/* Rests between two looks: what comes soon is seen soon, and a long wait costs
 * little. It began at that time. */
static void nap(long long began)
{
    long long ms = (now() - began) / 8;
    ms = ms < 1 ? 1 : ms > 20 ? 20 : ms;
    nanosleep(&(struct timespec){ .tv_nsec = ms * 1000000 }, NULL);
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
    if (expected_length == got_length &&
        memcmp(expected, got, got_length) == 0)
        return 0;
    while (i < expected_length && i < got_length && expected[i] == got[i])
        i++;
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
    long parent, pgrp, number = atol(pid);
    if (number != group && getpgid((pid_t)number) != group)
        return 0;
    int state = look_at(pid, &parent, &pgrp);
    return state == 'Z' ? 0 : state;
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

/* Is the process of a group what is tested? Others are ours: the time limit,
 * which comes first, and who goes into a box for it. What is on its way out has
 * no program any more. */
static int is_tested(const char *pid, long group)
{
    static char own[512];
    char path[64], program[512];
    if (!*own && readlink("/proc/self/exe", own, sizeof own - 1) < 0)
        return 0;
    snprintf(path, sizeof path, "/proc/%.20s/exe", pid);
    ssize_t n = readlink(path, program, sizeof program - 1);
    if (atol(pid) == group || (n < 0 && errno == ENOENT))
        return 0;
    program[n > 0 ? n : 0] = '\0';
    return strcmp(program, own) != 0;
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
static int find_socket(const char *pid, const char *table, int state,
                       FILE *out)
{
    char path[64], line[512];
    snprintf(path, sizeof path, "/proc/%.20s/net/%s", pid, table);
    FILE *file = fopen(path, "r");
    int found = 0;
    /* The table may be long, and who listens comes first: it is read a line at
     * a time, and no further. */
    if (file)
        setvbuf(file, NULL, _IOFBF, 128);
    while (file && !found && fgets(line, sizeof line, file)) {
        char address[64];
        unsigned int port, st;
        unsigned long inode;
        if (sscanf(line,
                   " %*d: %63[0-9A-Fa-f]:%x %*x:%*x %x %*x:%*x %*x:%*x %*x "
                   "%*d %*d %lu",
                   address, &port, &st, &inode) != 4)
            continue; /* the names of the columns */
        if ((int)st != state && *table == 't')
            break;
        if ((int)st != state || !has_socket(pid, inode))
            continue;
        struct in_addr in = { (in_addr_t)strtoul(address, NULL, 16) };
        fprintf(out, "%s %u\n",
                strlen(address) > 8 ? "IPv6" : inet_ntoa(in), port);
        found = 1;
    }
    if (file)
        fclose(file);
    return found;
}

/* Prints the address on which a process of the group listens. Returns 1 if
 * one does, 0 if none, -1 if there is no process. */
static int find_listener(long group, const char *protocol, FILE *out)
{
    int udp = strcmp(protocol, "udp") == 0, found = -1, state;
    DIR *proc = opendir("/proc");
    for (const char *pid;
         found < 1 && (pid = next_process(proc, group, &state));) {
        /* The kernel's tables are long; most have no need of them. */
        found =
            has_socket(pid, 0) &&
            (find_socket(pid, udp ? "udp" : "tcp", udp ? 7 : 10, out) ||
             find_socket(pid, udp ? "udp6" : "tcp6", udp ? 7 : 10, out));
    }
    if (proc)
        closedir(proc);
    return found;
}

static int listening(char *argv[])
{
    long long began = now(), deadline = began + atol(argv[2]);
    do {
        int found = find_listener(atol(argv[0]), argv[1], stdout);
        if (found != 0)
            return found == 1 ? 0 : 3;
        nap(began);
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
        if (!is_tested(pid, group))
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
        if (is_tested(pid, group))
            kill((pid_t)atol(pid), number);
    if (proc)
        closedir(proc);
}

/* Waits until they are all stopped (T), or sleep (S). Returns 0, or -1 if the
 * time, in milliseconds, is over before. */
static int await_state(long group, char due, long long limit)
{
    long long began = now(), deadline = began + limit;
    for (;;) {
        int others = 0, state;
        DIR *proc = opendir("/proc");
        for (const char *pid; (pid = next_process(proc, group, &state));)
            others |= state != due && is_tested(pid, group);
        if (proc)
            closedir(proc);
        if (!others)
            return 0;
        if (now() > deadline)
            return -1;
        nap(began);
    }
}

/* ---- conversations ----------------------------------------------------- */

struct connection {
    char name[32];
    int fd;
    size_t poured, drained;  /* bytes, and those whose answers are seen */
    struct sockaddr_in peer; /* of the datagram that came last */
    unsigned char *taken;    /* that datagram */
    size_t taken_length;
    struct timespec came; /* when the kernel got it, by CLOCK_REALTIME */
    int late; /* we answered it so late that the peer may send it again */
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
    printf("The steps (s: a listener; a, b, c: connections; x: the "
           "program):\n");
    if (i > 0) {
        char before[32];
        snprintf(before, sizeof before, "the first %d steps", i);
        printf("     %-50s ok\n", before);
    }
    for (; i < step_number; i++) {
        /* Of a file the name is enough: its folder is the test's own. */
        const char *folder = strstr(steps[i], " /");
        const char *rest = folder ? strrchr(folder, '/') + 1 : steps[i];
        int kept = folder ? (int)(folder + 1 - steps[i]) : 0;
        printf("%3d. %.*s%-*.*s%-3s %s\n", i + 1, kept, steps[i], 47 - kept,
               47 - kept, rest,
               (size_t)kept + strlen(rest) > 47 ? "..." : "",
               i < step_number - 1 ? "ok" : "FAILED");
    }
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

/* LETTERS, from the environment, says which letters a text has in place of a to
 * z, so that nobody knows the texts by heart. Changes TEXT, and leaves what is
 * escaped in it. */
static char *in_letters(char *text)
{
    const char *letters = getenv("LETTERS");
    if (!letters || strlen(letters) != 26)
        return text;
    for (char *c = text; *c; c++)
        if (*c == '\\' && c[1])
            c += c[1] == 'x' && c[2] && c[3] ? 3 : 1;
        else if (*c >= 'a' && *c <= 'z')
            *c = letters[*c - 'a'];
        else if (*c >= 'A' && *c <= 'Z')
            *c = (char)toupper(letters[*c - 'A']);
    return text;
}

static void upper(unsigned char *bytes, size_t length)
{
    for (size_t i = 0; i < length; i++)
        if (bytes[i] >= 'a' && bytes[i] <= 'z')
            bytes[i] = (unsigned char)(bytes[i] - 'a' + 'A');
}

/* What is sent where any bytes will do, once it is made: 0 to 250 again and
 * again, so that no block of a usual size is like its neighbour. Byte i of a
 * message is pattern[i % PERIOD], and as many more follow as fit into a
 * piece. */
enum { PERIOD = 251, PIECE = 65536 };
static unsigned char pattern[PERIOD + PIECE],
    pattern_answer[PERIOD + PIECE];

static void make_pattern(void)
{
    if (pattern[1] != 0)
        return;
    for (size_t i = 0; i < sizeof pattern; i++)
        pattern[i] = pattern_answer[i] = (unsigned char)(i % PERIOD);
    upper(pattern_answer, sizeof pattern_answer);
}

/* Where in the pattern a connection begins. No two are alike: the bytes of
 * another are wrong ones. */
static size_t phase(const struct connection *c)
{
    return (size_t)(c - connections) * 100;
}

static void send_all(struct connection *c, const unsigned char *bytes,
                     size_t length)
{
    enum { LATE_MS = 200 };
    struct timespec t;
    clock_gettime(CLOCK_REALTIME, &t);
    c->late =
        c->came.tv_sec && (t.tv_sec - c->came.tv_sec) * 1000 +
                                  (t.tv_nsec - c->came.tv_nsec) / 1000000 >=
                              LATE_MS;
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

/* Receives a datagram; notes whose it is, and when it came. */
static ssize_t receive(struct connection *c, unsigned char *bytes,
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
        ssize_t n = is_datagram ? receive(c, got, length + 65536)
                                : recv(c->fd, got + have, length - have, 0);
        if (n < 0)
            not_this(expected, length, got, have,
                     errno == ECONNRESET     ? "Then came a reset."
                     : errno == ECONNREFUSED ? "Nobody is at that port."
                                             : strerror(errno));
        if (n == 0 && !is_datagram)
            not_this(expected, length, got, have,
                     "Then the peer ended the connection.");
        /* The last one again, for which the peer is not to blame. */
        if (c->late && (size_t)n == c->taken_length &&
            memcmp(got, c->taken, c->taken_length) == 0 &&
            ((size_t)n != length || memcmp(got, expected, length) != 0))
            continue;
        have += (size_t)n;
        if (is_datagram || memcmp(got, expected, have) != 0)
            break;
    }
    if (is_datagram) {
        c->taken = need(realloc(c->taken, have + 1));
        memcpy(c->taken, got, have);
        c->taken_length = have;
        c->late = 0;
    }
    if (have != length || memcmp(got, expected, length) != 0)
        not_this(expected, length, got, have, "That is something else.");
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
    return !await(c->fd, POLLOUT, now() + 20);
}

/* Sends a pattern of size bytes, reads the answers meanwhile, checks both. */
static void echo(struct connection *c, size_t size, int slowly)
{
    size_t sent = 0, have = 0, rest = 0;
    unsigned char piece[16384];
    long long deadline = now() + patience;
    make_pattern();
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
            if (n > 0) {
                if (memcmp(piece,
                           pattern_answer + (phase(c) + have) % PERIOD,
                           (size_t)n) != 0)
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
            ssize_t n = send(c->fd, pattern + (phase(c) + sent) % PERIOD,
                             length, MSG_NOSIGNAL | MSG_DONTWAIT);
            if (n < 0 && errno != EAGAIN)
                failed("send: %s, after %zu of %zu bytes", strerror(errno),
                       sent, size);
            if (n > 0) {
                sent += (size_t)n;
                deadline = now() + patience;
            }
        }
    }
}

/* Sends without reading until the peer takes no more. */
static void pour(struct connection *c, size_t limit)
{
    make_pattern();
    while (!is_full(c)) {
        ssize_t n = send(c->fd, pattern + (phase(c) + c->poured) % PERIOD,
                         PIECE / 4, MSG_NOSIGNAL | MSG_DONTWAIT);
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
    unsigned char piece[PIECE];
    while (c->drained < c->poured) {
        if (!await(c->fd, POLLIN, now() + patience))
            failed("%zu answers are missing", c->poured - c->drained);
        ssize_t n = recv(c->fd, piece, sizeof piece, 0);
        if (n <= 0)
            failed("%zu answers are missing: %s", c->poured - c->drained,
                   n == 0 ? "the peer ended" : strerror(errno));
        const unsigned char *due =
            pattern_answer + (phase(c) + c->drained) % PERIOD;
        size_t i = 0;
        while (i < (size_t)n && piece[i] == due[i])
            i++;
        c->drained += i;
        if (i < (size_t)n)
            failed("byte %zu is \\x%02x instead of \\x%02x", c->drained + 1,
                   piece[i], due[i]);
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

/* A TCP socket has segments as Ethernet has: with those of loopback, 64 KiB,
 * buffers are so large that one who forgets the rest of a send may be lucky. */
static int new_socket(int type)
{
    int fd = socket(AF_INET, type | SOCK_CLOEXEC, 0), on = 1,
        segment = 1400;
    if (fd < 0)
        failed("socket: %s", strerror(errno));
    if (type == SOCK_STREAM) {
        setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
        setsockopt(fd, IPPROTO_TCP, TCP_MAXSEG, &segment, sizeof segment);
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
            if (n > 0 && answer == 'b')
                failed("the answer to \"a\" begins with \"b\": it was told "
                       "busy");
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
    long long began = now(), deadline = began + patience;
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
        nap(began);
    }
}

/* Sends a datagram of a pattern, and checks the answer. */
static void exchange(struct connection *c, size_t size)
{
    if (size > PIECE)
        script_error("no datagram is so large", "datagram");
    make_pattern();
    send_all(c, pattern, size);
    get(c, pattern_answer, size, 1);
}

/* Takes numbered lines in their order, from 1 on, and answers each. */
static void answer_numbers(struct connection *c, long count)
{
    for (long i = 1; i <= count; i++) {
        unsigned char text[32];
        char letter[] = "x";
        size_t length = (size_t)sprintf((char *)text, "%ld %s\n", i,
                                        in_letters(letter));
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
    long long began = now();
    long long deadline = began + (argument ? atol(argument) : patience);
    struct stat file;
    while ((stat(path, &file) < 0 || file.st_size == 0) && now() < deadline)
        nap(began);
}

/* Waits for a file. Until then nothing may happen to the socket. */
static void await_signal(struct connection *c, const char *path)
{
    long long began = now(), deadline = began + 2 * patience;
    struct pollfd p = { .fd = c->fd, .events = POLLIN };
    while (access(path, F_OK) < 0) {
        if (now() > deadline)
            failed("the test has not gone on");
        nap(began);
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
        int on = 1;
        if (*verb == 'u')
            setsockopt(fd, SOL_SOCKET, SO_TIMESTAMPNS, &on, sizeof on);
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

/* Does the program run? Others of its group may come earlier. */
static int does_run(long group)
{
    int tested = 0, state;
    DIR *proc = opendir("/proc");
    for (const char *pid;
         !tested && (pid = next_process(proc, group, &state));)
        tested = is_tested(pid, group);
    if (proc)
        closedir(proc);
    return tested;
}

/* Waits until the program runs, or runs no more. */
static void await_program(long group, int running)
{
    long long began = now(), deadline = began + patience;
    while (does_run(group) != running) {
        if (now() > deadline)
            failed(running ? "it does not run" : "it is still running");
        nap(began);
    }
}

/* The steps about what the processes watched use. */
static void check_usage(long watched, const char *verb, long number)
{
    static struct usage weighed;
    struct usage before = usage_of(watched), after;
    if (strcmp(verb, "threads") == 0) {
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
        if (after.microseconds - before.microseconds > number * 100)
            failed("it used %lld ms of processor time in %ld ms",
                   (after.microseconds - before.microseconds) / 1000,
                   number);
        if (*verb == 'a' && after.wakes - before.wakes > 2)
            failed("it woke %ld times in %ld ms",
                   after.wakes - before.wakes, number);
        for (int i = 0; !after.sleeps; i++) {
            if (i == 50)
                failed("it never sleeps");
            nanosleep(&(struct timespec){ .tv_nsec = 5000000 }, NULL);
            after = usage_of(watched);
        }
    }
}

/* Steps about the processes watched. Returns 0 if verb is none. */
static int watch(const char *verb, const char *argument)
{
    static const char *const verbs[] = { "signal", "rests",   "runs",
                                         "left",   "threads", "weigh",
                                         "grown",  "calm",    "asleep" };
    static const struct {
        const char *name;
        int number;
    } signals[] = { { "STOP", SIGSTOP },   { "CONT", SIGCONT },
                    { "WINCH", SIGWINCH }, { "URG", SIGURG },
                    { "CHLD", SIGCHLD },   { "TERM", SIGTERM } };
    size_t i = 0;
    while (i < sizeof verbs / sizeof *verbs && strcmp(verb, verbs[i]) != 0)
        i++;
    if (i == sizeof verbs / sizeof *verbs)
        return 0;
    const char *group = getenv("WATCHED");
    if (!group)
        script_error("WATCHED is not set", verb);
    long watched = atol(group), number = argument ? atol(argument) : 0;
    if (strcmp(verb, "runs") == 0 || strcmp(verb, "left") == 0) {
        await_program(watched, *verb == 'r');
        return 1;
    }
    if (!does_run(watched))
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
    } else {
        check_usage(watched, verb, number);
    }
    return 1;
}
/* How much later than it should one who sleeps came to wake, at the most, in
 * microseconds: a process of our own tries it all the time. */
static volatile long *latest;

static void measure_lateness(void)
{
    pid_t us = getpid();
    latest = mmap(NULL, sizeof *latest, PROT_READ | PROT_WRITE,
                  MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (latest == MAP_FAILED)
        script_error("mmap", strerror(errno));
    if (fork() != 0)
        return;
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    for (int fd = 0; fd < 256; fd++)
        close(fd); /* nobody shall wait for us */
    while (getppid() == us) {
        struct timespec before, after;
        clock_gettime(CLOCK_MONOTONIC, &before);
        nanosleep(&(struct timespec){ .tv_nsec = 10000000 }, NULL);
        clock_gettime(CLOCK_MONOTONIC, &after);
        long late = (after.tv_sec - before.tv_sec) * 1000000 +
                    (after.tv_nsec - before.tv_nsec) / 1000 - 10000;
        if (late > *latest)
            *latest = late;
    }
    _exit(0);
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
        if (latest)
            *latest = 0;
        return;
    }
    if (strcmp(verb, "after") == 0 || strcmp(verb, "before") == 0) {
        long long passed = now() - marked;
        if (*verb == 'b')
            number += 10 * *latest / 1000;
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

/* In a container the programs can read every command line: what a test expects
 * shall not stand there for long. */
static void hide(char *argv[])
{
    for (; *argv; argv++) {
        char *kept = strdup(*argv);
        if (!kept)
            script_error("strdup", strerror(errno));
        memset(*argv, 0, strlen(*argv));
        *argv = kept;
    }
}

static int await_file(char *argv[])
{
    hide(argv);
    size_t expected_length, got_length;
    unsigned char *expected =
        unescape(in_letters(argv[1]), &expected_length);
    unsigned char *got;
    long long began = now(), deadline = began + atol(argv[2]);
    for (;;) {
        got = read_file(argv[0], &got_length);
        if (got_length == expected_length &&
            memcmp(got, expected, got_length) == 0)
            return 0;
        if (now() >= deadline)
            return differ(expected, expected_length, got, got_length);
        free(got);
        nap(began);
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

/* Changes the text in a step that has one. */
static void change_letters(char *step)
{
    static const char *const verbs[] = { " send ", " get ", " slowly ",
                                         " take ", " nag " };
    char *verb = strchr(step, ' ');
    for (size_t i = 0; verb && i < sizeof verbs / sizeof *verbs; i++)
        if (strncmp(verb, verbs[i], strlen(verbs[i])) == 0)
            in_letters(verb + strlen(verbs[i]));
}

/* Serves the connections STEM1 to STEMcount, eight at a time: a server that
 * looks at all of its clients for each that speaks has less to do so. */
static void serve_many(const char *stem, int count, char *port)
{
    enum { AT_ONCE = 8 };
    char name[32];
    for (int first = 1; first <= count; first += AT_ONCE) {
        int behind = first + AT_ONCE <= count ? first + AT_ONCE : count + 1;
        for (int i = first; i < behind; i++) {
            snprintf(name, sizeof name, "%s%d", stem, i);
            make(name, "open", port);
            send_all(find(name), (const unsigned char *)"a", 1);
        }
        for (int i = first; i < behind; i++) {
            snprintf(name, sizeof name, "%s%d", stem, i);
            get(find(name), (const unsigned char *)"A", 1, 0);
        }
    }
}

static int play(int argc, char *argv[])
{
    hide(argv);
    struct rlimit limit;
    getrlimit(RLIMIT_NOFILE, &limit);
    limit.rlim_cur = limit.rlim_max;
    setrlimit(RLIMIT_NOFILE, &limit);
    if (getenv("PATIENCE"))
        patience = atol(getenv("PATIENCE"));
    signal(SIGPIPE, SIG_IGN); /* not everybody reads all ports */
    port_out = dup(STDOUT_FILENO);
    dup2(STDERR_FILENO, STDOUT_FILENO); /* reports go to standard error */
    for (int i = 0; i < argc && !latest; i++)
        if (strstr(argv[i], " before "))
            measure_lateness();
    marked = now();
    steps = argv;
    for (int i = 0; i < argc; i++)
        change_letters(argv[i]);
    for (step_number = 1; step_number <= argc; step_number++) {
        char step[8192], *rest = step, one[32];
        if (strlen(argv[step_number - 1]) >= sizeof step)
            script_error("this step is too long", argv[step_number - 1]);
        strcpy(step, argv[step_number - 1]);
        char *name = strsep(&rest, " "), *verb = strsep(&rest, " ");
        if (!verb)
            script_error("a step is NAME VERB [ARGUMENT]", step);
        char *stem = strsep(&name, "*");
        int count = name ? atoi(name) : 0;
        if (!name) {
            do_step(stem, verb, rest);
        } else if (strcmp(verb, "served") == 0 && !strchr(rest, ' ')) {
            serve_many(stem, count, rest);
        } else {
            for (int i = 1; i <= count; i++) {
                snprintf(one, sizeof one, "%s%d", stem, i);
                do_step(one, verb, rest);
            }
        }
    }
    return 0;
}

static int ended(char *argv[])
{
    long pid = atol(argv[0]);
    long long began = now(), deadline = began + atol(argv[1]);
    while (kill((pid_t)pid, 0) == 0) {
        if (now() > deadline)
            return 1;
        nap(began);
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

/* What all that descends from us has in memory, in KB. */
static long memory_below(void)
{
    enum { MOST = 8192 };
    static long pid[MOST], parent[MOST];
    long pgrp, kilobytes = 0;
    char path[64];
    size_t count = 0, ours = 0;
    DIR *proc = opendir("/proc");
    for (struct dirent *e; proc && count < MOST && (e = readdir(proc));)
        if (isdigit((unsigned char)e->d_name[0]) &&
            look_at(e->d_name, &parent[count], &pgrp))
            pid[count++] = atol(e->d_name);
    if (proc)
        closedir(proc);
    /* Those that we find to be ours come to the front, one after another, and
     * each of them brings its children. */
    for (size_t known = 0; known <= ours; known++) {
        long head = known == 0 ? getpid() : pid[known - 1];
        for (size_t i = ours; i < count; i++)
            if (parent[i] == head) {
                long child = pid[i];
                pid[i] = pid[ours], parent[i] = parent[ours];
                pid[ours] = child, parent[ours++] = head;
            }
    }
    for (size_t i = 0; i < ours; i++) {
        snprintf(path, sizeof path, "/proc/%ld/status", pid[i]);
        kilobytes += number_in(path, "\nVmRSS:") +
                     number_in(path, "\nVmPTE:") +
                     number_in(path, "\nVmSwap:");
    }
    return kilobytes;
}

/* Is this a setting of the environment, NAME=VALUE? */
static int is_assignment(const char *word)
{
    return word && word[strcspn(word, "=/")] == '=';
}

/* Waits for the end of a child, and of what becomes our child meanwhile; ends
 * with its status. */
static void end_with(pid_t child)
{
    int status;
    for (pid_t ended; (ended = wait(&status)) != child;)
        if (ended < 0 && errno != EINTR)
            _exit(126);
    _exit(WIFSIGNALED(status) ? 128 + WTERMSIG(status)
                              : WEXITSTATUS(status));
}

/* Ends us if a call has failed. */
static void hold(int result, const char *what)
{
    if (result >= 0)
        return;
    perror(what);
    _exit(126);
}

/* Goes into the box that the process keeps, and returns as a child in there, in
 * a process namespace of its own. The first process of that stays with us, and
 * when it ends, all in there end. A program can do nothing to it, or to us: we
 * have the rights in the box, and it has none. */
static void enter(pid_t box)
{
    int namespaces = (int)syscall(SYS_pidfd_open, box, 0);
    hold(namespaces, "the box");
    hold(setns(namespaces, CLONE_NEWUSER | CLONE_NEWNS), "the box");
    hold(unshare(CLONE_NEWPID), "the box");
    close(namespaces);
    hold(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), "no new rights");
    for (int depth = 0; depth < 2; depth++) {
        /* The guard has to see what we are. */
        prctl(PR_SET_DUMPABLE, 1);
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        pid_t child = fork();
        hold(child, "fork");
        if (child != 0)
            end_with(child);
    }
    prctl(PR_SET_PDEATHSIG, SIGKILL);
}

/* Sets a limit of ours that the environment gives. */
static void limit(const char *name, enum __rlimit_resource resource)
{
    const char *most = getenv(name);
    rlim_t number = most ? strtoul(most, NULL, 10) : 0;
    if (most)
        hold(setrlimit(resource, &(struct rlimit){ number, number }), name);
}

/* In a box some calls fail: those that keep memory which nobody counts, that
 * read the user's keys, or that reach beyond the network of the box. Where they
 * are not known, there is no box; a student needs none. */
#if __has_include(<linux/seccomp.h>)
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#if defined(__x86_64__)
#define ARCHITECTURE AUDIT_ARCH_X86_64
#elif defined(__aarch64__)
#define ARCHITECTURE AUDIT_ARCH_AARCH64
#elif defined(__riscv) && __riscv_xlen == 64
#define ARCHITECTURE AUDIT_ARCH_RISCV64
#endif
#endif
#define LOAD_AT(offset) BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offset)
#define LOAD(field) LOAD_AT(offsetof(struct seccomp_data, field))
#define LOAD_HIGH(field) LOAD_AT(offsetof(struct seccomp_data, field) + 4)
#define RETURN(result) BPF_STMT(BPF_RET | BPF_K, result)
#define IF(test, value, result)                                            \
    BPF_JUMP(BPF_JMP | (test) | BPF_K, value, 0, 1), RETURN(result)
#define REFUSE (SECCOMP_RET_ERRNO | EPERM)

static void leave_out_calls(void)
{
#ifdef ARCHITECTURE
    static struct sock_filter code[] = {
        LOAD(arch),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, ARCHITECTURE, 1, 0),
        RETURN(SECCOMP_RET_KILL_PROCESS),
        LOAD(nr),
        /* x86-64 knows its calls by other numbers, too. */
        IF(BPF_JGE, 0x40000000, REFUSE),
        IF(BPF_JEQ, __NR_memfd_create, REFUSE),
        IF(BPF_JEQ, __NR_shmget, REFUSE),
        IF(BPF_JEQ, __NR_semget, REFUSE),
        IF(BPF_JEQ, __NR_msgget, REFUSE),
        IF(BPF_JEQ, __NR_io_uring_setup, REFUSE),
        IF(BPF_JEQ, __NR_keyctl, REFUSE),
        IF(BPF_JEQ, __NR_add_key, REFUSE),
        IF(BPF_JEQ, __NR_request_key, REFUSE),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, __NR_socket, 0, 4),
        LOAD(args[0]),
        IF(BPF_JEQ, AF_VSOCK, REFUSE),
        RETURN(SECCOMP_RET_ALLOW),
        /* Processes may share a page, for a counter, and no more: what one of
         * them no longer has in its table is counted nowhere. */
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, __NR_mmap, 0, 9),
        LOAD(args[3]),
        BPF_STMT(BPF_ALU | BPF_AND | BPF_K, MAP_SHARED | MAP_ANONYMOUS),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, MAP_SHARED | MAP_ANONYMOUS, 0,
                 6),
        LOAD(args[1]),
        IF(BPF_JGT, 4096, REFUSE),
        LOAD_HIGH(args[1]),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 0, 1, 0),
        RETURN(REFUSE),
        RETURN(SECCOMP_RET_ALLOW),
    };
    struct sock_fprog filter = { sizeof code / sizeof *code, code };
    hold(prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter), "the filter");
#else
    errno = ENOTSUP;
    hold(-1, "the filter");
#endif
}

/* Becomes the program, whom no signal of ours reaches but the end of the
 * guard. */
static void become(char *argv[], pid_t guard, const sigset_t *mask)
{
    const char *box = getenv("INSIDE");
    int program = -1;
    for (int fd = STDERR_FILENO + 1; fd < 256; fd++)
        close(fd);
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != guard)
        _exit(126);
    if (box) {
        /* Its file is not in the box. */
        char **command = argv;
        while (is_assignment(*command))
            command++;
        program = open(*command, O_PATH | O_CLOEXEC);
        hold(program, *command);
        enter(atoi(box));
        /* Its own processes are counted, and no others. */
        limit("TASKS", RLIMIT_NPROC);
    }
    limit("DESCRIPTORS", RLIMIT_NOFILE);
    limit("ADDRESS_SPACE", RLIMIT_AS);
    if (box) {
        clearenv();
        setenv("PATH", "/usr/bin:/bin", 1);
    }
    while (is_assignment(*argv))
        putenv(*argv++);
    sigprocmask(SIG_SETMASK, mask, NULL);
    if (box) {
        leave_out_calls();
        fexecve(program, argv, environ);
    } else {
        execvp(argv[0], argv);
    }
    perror(argv[0]);
    _exit(126);
}

/* Kills all of the group at one time, for which we leave it, if there is a way
 * back: 0 is a group outside of our process namespace. What has gone elsewhere
 * becomes our child, until none is left. */
static void kill_all(pid_t origin, int round)
{
    pid_t group = getpid();
    int reached = origin > 0 && origin != group &&
                  setpgid(0, origin) == 0 && kill(-group, SIGKILL) == 0;
    if (!reached || round > 3)
        kill_children();
}

/* With a protocol, or "-", tells on descriptor 5 where the program listens, and
 * when it has ended. */
static int guard(char *argv[], const char *protocol)
{
    enum { LOOK_MS = 4, WEIGH_MS = 300 };
    long long deadline = now() + atol(argv[0]) * 1000;
    long most = getenv("MEMORY") ? atol(getenv("MEMORY")) : 0;
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
    if (program == 0)
        become(argv + 1, self, &before);
    /* The program may signal its own group, and so stop us: we leave it. Out of
     * a box that is no matter, and a group that the terminal knows would be. */
    if (getenv("INSIDE") && origin > 0)
        setpgid(0, origin);
    signal(SIGPIPE, SIG_IGN); /* who was told may have left */
    FILE *told = protocol ? fdopen(5, "w") : NULL;
    int result = 126, killed_for = program < 0 ? 126 : 0;
    int round = 0;
    int searching = told && *protocol != '-';
    long long weighed = now();
    for (;;) {
        int status;
        pid_t child;
        while ((child = waitpid(-1, &status, WNOHANG)) > 0)
            if (child == program)
                result = WIFSIGNALED(status) ? 128 + WTERMSIG(status)
                                             : WEXITSTATUS(status);
        if (killed_for)
            result = killed_for;
        if (child < 0) {
            if (told)
                fprintf(told, "ended %d\n", result);
            return result;
        }
        long long left = deadline - now();
        if (left <= 0 && !killed_for)
            killed_for = 124;
        if (killed_for) {
            kill_all(origin, ++round);
            left = round < 20 ? round : 20;
        } else if (searching) {
            left = LOOK_MS;
        } else if (most && left > WEIGH_MS) {
            left = WEIGH_MS;
        }
        struct timespec t = { .tv_sec = left / 1000,
                              .tv_nsec = left % 1000 * 1000000 };
        int came = sigtimedwait(&awaited, NULL, &t);
        if (came == SIGTERM && !killed_for)
            killed_for = 128 + SIGTERM;
        if (searching && find_listener(self, protocol, told) == 1) {
            fflush(told);
            searching = 0;
        }
        if (most && !killed_for && now() - weighed >= WEIGH_MS) {
            weighed = now();
            if (memory_below() / 1024 > most) {
                fprintf(stderr, "more than %ld MiB of memory: ended\n",
                        most);
                killed_for = 128 + SIGKILL;
            }
        }
    }
}

/* Copies standard input. All that is not plain ASCII is escaped, and a line that
 * is too long is cut. */
static int plain(void)
{
    size_t length = 0;
    for (int c; (c = getchar()) != EOF;)
        if (c == '\n')
            length = 0, putchar(c);
        else if (++length > 400)
            continue;
        else if (c < ' ' || c > '~')
            printf("\\x%02x", (unsigned)c);
        else
            putchar(c);
    return fflush(stdout) == 0 ? 0 : 1;
}

int main(int argc, char *argv[])
{
    if (argc == 2 && strcmp(argv[1], "plain") == 0)
        return plain();
    if (argc == 3 && strcmp(argv[1], "letters") == 0)
        return puts(in_letters(argv[2])) < 0;
    if (argc == 5 && strcmp(argv[1], "listening") == 0)
        return listening(argv + 2);
    if (argc == 4 && strcmp(argv[1], "ended") == 0)
        return ended(argv + 2);
    if (argc >= 4 && strcmp(argv[1], "guard") == 0)
        return guard(argv + 2, NULL);
    if (argc >= 5 && strcmp(argv[1], "tell") == 0)
        return guard(argv + 3, argv[2]);
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
          "       driver guard SECONDS [NAME=VALUE]... PROGRAM "
          "[ARGUMENT]...\n"
          "       driver tell tcp|udp|- SECONDS [NAME=VALUE]... PROGRAM "
          "[ARGUMENT]...\n"
          "       driver compare EXPECTED GOT\n"
          "       driver await FILE TEXT MS\n"
          "       driver merge NAME FIFO [NAME FIFO]...\n"
          "       driver play STEP...\n",
          stderr);
    return 2;
}
