/*
 * The verbs guard and tell: a program runs in limits of time and memory,
 * and nothing of it is left behind.
 *
 * Uses box.c, proc.c, base.c.
 */
#define _GNU_SOURCE /* fexecve, environ */
#include "driver.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { SEARCH_MS = 4, WEIGH_MS = 300 }; /* from one look to the next */

struct guard {
    const char *protocol; /* "tcp", "udp", "-", or NULL if nobody is told */
    FILE *told;           /* or NULL */
    int searching;        /* the program has not been seen to listen */
    pid_t group_before;   /* the one that we were in */
    pid_t program;
    long long deadline;
    long most;         /* MiB of memory, or 0 */
    long long weighed; /* when we last looked at the memory */
    int status;        /* the program's, once it has ended */
    int killed_as;     /* our status, once we kill all; before that 0 */
    int rounds;        /* how often we have tried to kill all */
};

/* ---- the program ----------------------------------------------------- */

/* Is this a setting of the environment, NAME=VALUE? */
static int is_assignment(const char *word)
{
    return word && word[strcspn(word, "=/")] == '=';
}

/* Opens the program's file, which is not in the box. */
static int open_program(char *argv[])
{
    while (is_assignment(*argv))
        argv++;
    int file = open(*argv, O_PATH | O_CLOEXEC);
    must(file, *argv);
    return file;
}

/* Becomes the program, which no signal of ours reaches but that of the
 * guard's end. */
static void become(char *argv[], pid_t guard, const sigset_t *mask)
{
    const char *keeper = getenv("BOX_KEEPER");
    int program = -1;
    for (int fd = STDERR_FILENO + 1; fd < 256; fd++)
        close(fd);
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != guard)
        _exit(126);
    if (keeper) {
        program = open_program(argv);
        enter_box(atoi(keeper));
        /* The box's processes are counted, and no others. */
        limit_from("TASKS", RLIMIT_NPROC);
    }
    limit_from("DESCRIPTORS", RLIMIT_NOFILE);
    limit_from("ADDRESS_SPACE", RLIMIT_AS);
    if (keeper) {
        clearenv();
        setenv("PATH", "/usr/bin:/bin", 1);
    }
    while (is_assignment(*argv))
        putenv(*argv++);
    sigprocmask(SIG_SETMASK, mask, NULL);
    if (keeper) {
        filter_calls();
        fexecve(program, argv, environ);
    } else {
        execvp(argv[0], argv);
    }
    perror(argv[0]);
    _exit(126);
}

/* ---- the guard ------------------------------------------------------- */

/* Waits until the other end of the pipe is closed. */
static void await_end(int fd)
{
    char byte;
    while (read(fd, &byte, 1) < 0 && errno == EINTR)
        ;
}

/* Starts the program in a group of its own, with us as its first process.
 * The signals in the set are not missed from then on. Returns 0 if our
 * parent has ended. */
static int start(struct guard *g, char *argv[], const sigset_t *awaited)
{
    pid_t parent = getppid(), self = getpid();
    sigset_t before;
    g->group_before = getpgrp();
    signal(SIGCHLD, SIG_DFL);
    setpgid(0, 0);
    sigprocmask(SIG_BLOCK, awaited, &before);
    /* What the program leaves behind becomes our child. */
    prctl(PR_SET_CHILD_SUBREAPER, 1);
    prctl(PR_SET_PDEATHSIG, SIGTERM);
    if (getppid() != parent)
        return 0;
    int left[2];
    must(pipe2(left, O_CLOEXEC), "pipe");
    g->program = fork();
    if (g->program == 0) {
        close(left[1]);
        await_end(left[0]);
        become(argv, self, &before);
    }
    if (g->program < 0)
        g->killed_as = 126;
    /* In a box the program may signal its own group to stop us, so we leave
     * it, and it begins only then. Out of a box we stay: the group that we
     * were in may be the one that a terminal sends signals to. */
    if (getenv("BOX_KEEPER") && g->group_before > 0)
        setpgid(0, g->group_before);
    close(left[0]);
    close(left[1]);
    return 1;
}

/* Takes note of those that have ended. Returns 0 when none is left. */
static int reap(struct guard *g)
{
    int status;
    pid_t child;
    while ((child = waitpid(-1, &status, WNOHANG)) > 0)
        if (child == g->program)
            g->status = WIFSIGNALED(status) ? 128 + WTERMSIG(status)
                                            : WEXITSTATUS(status);
    return child == 0;
}

/* From now on all are killed. What came first decides on our status. */
static void begin_to_kill(struct guard *g, int status)
{
    if (!g->killed_as)
        g->killed_as = status;
}

/* Kills all of the group at one time, for which we leave it, if there is a
 * way back: 0 is a group outside of our process namespace. What has gone
 * elsewhere becomes our child, until none is left. */
static void kill_all(struct guard *g)
{
    pid_t group = getpid();
    g->rounds++;
    int reached = g->group_before > 0 && g->group_before != group &&
                  setpgid(0, g->group_before) == 0 &&
                  kill(-group, SIGKILL) == 0;
    if (!reached || g->rounds > 3)
        kill_children();
}

/* How many milliseconds may pass until we look again? */
static long long time_to_next_look(const struct guard *g)
{
    long long left = g->deadline - now();
    if (g->killed_as)
        return g->rounds < 20 ? g->rounds : 20;
    if (g->searching)
        return SEARCH_MS;
    if (g->most && left > WEIGH_MS)
        return WEIGH_MS;
    return left > 0 ? left : 0;
}

/* Returns the signal that came, or -1 if none did for so many ms. */
static int await_signal(const sigset_t *awaited, long long ms)
{
    struct timespec t = { .tv_sec = ms / 1000,
                          .tv_nsec = ms % 1000 * 1000000 };
    return sigtimedwait(awaited, NULL, &t);
}

/* Tells where the program listens, once it does. */
static void tell_address(struct guard *g)
{
    if (!g->searching || find_listener(getpid(), g->protocol, g->told) != 1)
        return;
    fflush(g->told);
    g->searching = 0;
}

static void check_memory(struct guard *g)
{
    if (!g->most || g->killed_as || now() - g->weighed < WEIGH_MS)
        return;
    g->weighed = now();
    if (memory_below() / 1024 > g->most) {
        fprintf(stderr, "more than %ld MiB of memory: ended\n", g->most);
        begin_to_kill(g, 128 + SIGKILL);
    }
}

static int guard(char *argv[], const char *protocol)
{
    const char *memory = getenv("MEMORY");
    struct guard g = { .protocol = protocol,
                       .deadline = now() + atol(argv[0]) * 1000,
                       .most = memory ? atol(memory) : 0,
                       .status = 126 };
    sigset_t awaited;
    sigemptyset(&awaited);
    sigaddset(&awaited, SIGCHLD);
    sigaddset(&awaited, SIGTERM);
    if (!start(&g, argv + 1, &awaited))
        return 128 + SIGTERM;
    signal(SIGPIPE, SIG_IGN); /* who was told may have left */
    g.told = protocol ? fdopen(5, "w") : NULL;
    g.searching = g.told && *protocol != '-';
    g.weighed = now();
    while (reap(&g)) {
        if (now() >= g.deadline)
            begin_to_kill(&g, 124);
        if (g.killed_as)
            kill_all(&g);
        if (await_signal(&awaited, time_to_next_look(&g)) == SIGTERM)
            begin_to_kill(&g, 128 + SIGTERM);
        tell_address(&g);
        check_memory(&g);
    }
    int result = g.killed_as ? g.killed_as : g.status;
    if (g.told)
        fprintf(g.told, "ended %d\n", result);
    return result;
}

int verb_guard(int count, char *argv[])
{
    (void)count;
    return guard(argv, NULL);
}

int verb_tell(int count, char *argv[])
{
    (void)count;
    return guard(argv + 1, argv[0]);
}
