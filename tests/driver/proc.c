/*
 * What /proc says: who listens, what a program uses, which states its
 * processes are in. Signals to a group of processes, and to our children.
 * The verbs listening and ended.
 *
 * Uses base.c.
 */
#include "driver.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

/* ---- processes ------------------------------------------------------- */

/* Returns the next entry of a folder whose name is a number: a process, a
 * thread, a descriptor. At the end it returns NULL and closes the folder,
 * so a loop has to go on to the end. At the beginning *DIR is NULL. */
static const char *next_number(DIR **dir, const char *path)
{
    if (!*dir)
        *dir = opendir(path);
    for (struct dirent *e; *dir && (e = readdir(*dir));)
        if (isdigit((unsigned char)e->d_name[0]))
            return e->d_name;
    if (*dir)
        closedir(*dir);
    *dir = NULL;
    return NULL;
}

/* Reads who the parent of a process is. Returns the state of the process,
 * or 0 if there is no such process. */
static int look_at(const char *pid, long *parent)
{
    char path[64], line[512], state;
    snprintf(path, sizeof path, "/proc/%.20s/stat", pid);
    int fd = open(path, O_RDONLY);
    if (fd < 0)
        return 0;
    ssize_t n = read(fd, line, sizeof line - 1);
    close(fd);
    line[n > 0 ? n : 0] = '\0';
    char *end = strrchr(line, ')'); /* of the program's name */
    return end && sscanf(end, ") %c %ld", &state, parent) == 2 ? state : 0;
}

/* Is the process one of the group, or about to become its first? A zombie
 * is not: it has ended. Returns its state, or 0. */
static int in_group(const char *pid, long group)
{
    long parent, number = atol(pid);
    if (number != group && getpgid((pid_t)number) != group)
        return 0;
    int state = look_at(pid, &parent);
    return state == 'Z' ? 0 : state;
}

/* Is the process of a group one of the tested program? Others are ours: the
 * guard, which comes first, and those that go into a box for it. A process
 * that is about to end has no program any more. */
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

/* A process of a group. To go through all of them, set the group and call
 * next_member, or next_tested, until it returns 0. */
struct member {
    long group;
    const char *pid;
    int state;
    DIR *proc;
};

static int next_member(struct member *m)
{
    while ((m->pid = next_number(&m->proc, "/proc")))
        if ((m->state = in_group(m->pid, m->group)) != 0)
            return 1;
    return 0;
}

static int next_tested(struct member *m)
{
    while (next_member(m))
        if (is_tested(m->pid, m->group))
            return 1;
    return 0;
}

/* Has the program started, and not ended? */
int does_run(long group)
{
    int tested = 0;
    for (struct member m = { .group = group }; next_tested(&m);)
        tested = 1;
    return tested;
}

/* Sends a signal to the tested processes of a group, and not to the guard:
 * while that is stopped, nothing has a time limit. */
void signal_tested(long group, int number)
{
    for (struct member m = { .group = group }; next_tested(&m);)
        kill((pid_t)atol(m.pid), number);
}

/* Waits until all the tested processes are stopped (T), or sleep (S).
 * Returns 0, or -1 if that takes more than so many milliseconds. */
int await_state(long group, char due, long long limit)
{
    long long began = now(), deadline = began + limit;
    for (;;) {
        int others = 0;
        for (struct member m = { .group = group }; next_tested(&m);)
            others |= m.state != due;
        if (!others)
            return 0;
        if (now() > deadline)
            return -1;
        nap(began);
    }
}

void kill_children(void)
{
    DIR *proc = NULL;
    long parent;
    for (const char *pid; (pid = next_number(&proc, "/proc"));)
        if (look_at(pid, &parent) && parent == getpid())
            kill((pid_t)atol(pid), SIGKILL);
}

/* ---- who listens ----------------------------------------------------- */

/* Has the process the socket with this inode open? Any socket, if 0. */
static int has_socket(const char *pid, unsigned long inode)
{
    char path[64], link[128], target[64], wanted[64];
    DIR *dir = NULL;
    int found = 0;
    snprintf(path, sizeof path, "/proc/%.20s/fd", pid);
    snprintf(wanted, sizeof wanted, "socket:[%lu]", inode);
    for (const char *fd; (fd = next_number(&dir, path));) {
        if (found)
            continue;
        snprintf(link, sizeof link, "%s/%.20s", path, fd);
        ssize_t n = readlink(link, target, sizeof target - 1);
        target[n > 0 ? n : 0] = '\0';
        found = strncmp(target, wanted, inode ? sizeof wanted : 8) == 0;
    }
    return found;
}

/* Prints the address on which the process listens, from one of the kernel's
 * tables of sockets. Returns 1 if it does. */
static int find_socket(const char *pid, const char *table, FILE *out)
{
    enum { LISTENS = 10, BOUND = 7 };
    unsigned int due = *table == 't' ? LISTENS : BOUND;
    char path[64], line[512];
    snprintf(path, sizeof path, "/proc/%.20s/net/%s", pid, table);
    FILE *file = fopen(path, "r");
    int found = 0;
    /* The table may be long, and the sockets that listen come first. It is
     * read a line at a time, and no further. */
    if (file)
        setvbuf(file, NULL, _IOFBF, 128);
    while (file && !found && fgets(line, sizeof line, file)) {
        char address[64];
        unsigned int port, state;
        unsigned long inode;
        if (sscanf(line,
                   " %*d: %63[0-9A-Fa-f]:%x %*x:%*x %x %*x:%*x %*x:%*x %*x "
                   "%*d %*d %lu",
                   address, &port, &state, &inode) != 4)
            continue; /* the names of the columns */
        if (state != due && *table == 't')
            break;
        if (state != due || !has_socket(pid, inode))
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
 * one does, 0 if none does, -1 if there is no process. */
int find_listener(long group, const char *protocol, FILE *out)
{
    int udp = strcmp(protocol, "udp") == 0, found = -1;
    for (struct member m = { .group = group }; next_member(&m);) {
        if (found == 1)
            continue;
        /* Most processes have no socket, and need no look at a table. */
        found = has_socket(m.pid, 0) &&
                (find_socket(m.pid, udp ? "udp" : "tcp", out) ||
                 find_socket(m.pid, udp ? "udp6" : "tcp6", out));
    }
    return found;
}

/* How many bytes wait in the sockets of a UDP port to be read, as the
 * kernel counts them. */
unsigned int bytes_unread(unsigned int port)
{
    char line[512];
    unsigned int one, queued, all = 0;
    FILE *file = fopen("/proc/net/udp", "r");
    while (file && fgets(line, sizeof line, file))
        if (sscanf(line, " %*d: %*x:%x %*x:%*x %*x %*x:%x", &one,
                   &queued) == 2 &&
            one == port)
            all += queued;
    if (file)
        fclose(file);
    return all;
}

/* ---- what a program uses --------------------------------------------- */

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
    char path[64], tasks_path[64];
    struct timespec t;
    clockid_t clock;
    snprintf(path, sizeof path, "/proc/%.20s/status", pid);
    u->threads += number_in(path, "\nThreads:");
    u->kilobytes += number_in(path, "\nVmRSS:");
    if (clock_getcpuclockid((pid_t)atol(pid), &clock) == 0 &&
        clock_gettime(clock, &t) == 0)
        u->microseconds += t.tv_sec * 1000000LL + t.tv_nsec / 1000;
    DIR *tasks = NULL;
    snprintf(tasks_path, sizeof tasks_path, "/proc/%.20s/task", pid);
    for (const char *task; (task = next_number(&tasks, tasks_path));) {
        snprintf(path, sizeof path, "/proc/%.20s/task/%.20s/status", pid,
                 task);
        u->wakes += number_in(path, "\nvoluntary_ctxt_switches:");
    }
}

/* What the tested processes of a group use. */
struct usage usage_of(long group)
{
    struct usage u = { .sleeps = 1 };
    for (struct member m = { .group = group }; next_tested(&m);) {
        add_usage(&u, m.pid);
        u.sleeps &= m.state == 'S';
    }
    return u;
}

/* What all that descends from us has in memory, in KB. */
long memory_below(void)
{
    enum { MOST = 8192 };
    static long number[MOST], parent[MOST];
    size_t count = 0, ours = 0;
    DIR *proc = NULL;
    for (const char *pid; (pid = next_number(&proc, "/proc"));)
        if (count < MOST && look_at(pid, &parent[count]))
            number[count++] = atol(pid);
    /* Those that we find to be ours come to the front, one after another,
     * and each of them brings its children. */
    for (size_t known = 0; known <= ours; known++) {
        long head = known == 0 ? getpid() : number[known - 1];
        for (size_t i = ours; i < count; i++)
            if (parent[i] == head) {
                long child = number[i];
                number[i] = number[ours], parent[i] = parent[ours];
                number[ours] = child, parent[ours++] = head;
            }
    }
    long kilobytes = 0;
    for (size_t i = 0; i < ours; i++) {
        char path[64];
        snprintf(path, sizeof path, "/proc/%ld/status", number[i]);
        kilobytes += number_in(path, "\nVmRSS:") +
                     number_in(path, "\nVmPTE:") +
                     number_in(path, "\nVmSwap:");
    }
    return kilobytes;
}

/* ---- verbs ----------------------------------------------------------- */

int verb_listening(int count, char *argv[])
{
    (void)count;
    long long began = now(), deadline = began + atol(argv[2]);
    do {
        int found = find_listener(atol(argv[0]), argv[1], stdout);
        if (found != 0)
            return found == 1 ? 0 : 3;
        nap(began);
    } while (now() < deadline);
    return 4;
}

int verb_ended(int count, char *argv[])
{
    (void)count;
    long long began = now(), deadline = began + atol(argv[1]);
    while (kill((pid_t)atol(argv[0]), 0) == 0) {
        if (now() > deadline)
            return 1;
        nap(began);
    }
    return 0;
}
