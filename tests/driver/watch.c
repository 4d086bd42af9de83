/*
 * The steps about the watched processes, and those about time: how much of
 * it has passed, and how late this machine runs.
 *
 * Uses conversation.c, proc.c, base.c.
 */
#include "driver.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <time.h>
#include <unistd.h>

/* ---- time ------------------------------------------------------------ */

static long long marked;

/* How much later than it should a process that slept came to wake, at the
 * most, in microseconds. */
static volatile long *lateness;

/* A process of our own sleeps and wakes all the time. */
static void measure_lateness(void)
{
    pid_t us = getpid();
    lateness = mmap(NULL, sizeof *lateness, PROT_READ | PROT_WRITE,
                    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (lateness == MAP_FAILED)
        script_error("mmap", strerror(errno));
    if (fork() != 0)
        return;
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    for (int fd = 0; fd < 256; fd++)
        close(fd); /* nobody must wait for its end */
    while (getppid() == us) {
        struct timespec before, after;
        clock_gettime(CLOCK_MONOTONIC, &before);
        pause_ms(10);
        clock_gettime(CLOCK_MONOTONIC, &after);
        long late = (after.tv_sec - before.tv_sec) * 1000000 +
                    (after.tv_nsec - before.tv_nsec) / 1000 - 10000;
        if (late > *lateness)
            *lateness = late;
    }
    _exit(0);
}

/* Starts the clock. The lateness is measured if a step asks for it. */
void start_clock(int with_lateness)
{
    if (with_lateness)
        measure_lateness();
    marked = now();
}

void step_mark(const struct step *s)
{
    (void)s;
    marked = now();
    if (lateness)
        *lateness = 0;
}

void step_after(const struct step *s)
{
    long long passed = now() - marked;
    if (passed < s->number)
        failed("%lld ms have passed", passed);
}

void step_before(const struct step *s)
{
    long long passed = now() - marked;
    if (passed > s->number + 10 * *lateness / 1000)
        failed("%lld ms have passed", passed);
}

/* ---- what the watched processes do ----------------------------------- */

static void await_program(long group, int running, const char *otherwise)
{
    long long began = now(), deadline = began + patience();
    while (does_run(group) != running) {
        if (now() > deadline)
            failed("%s", otherwise);
        nap(began);
    }
}

void step_runs(const struct step *s)
{
    await_program(s->group, 1, "it does not run");
}

void step_left(const struct step *s)
{
    await_program(s->group, 0, "it is still running");
}

void step_signal(const struct step *s)
{
    static const struct {
        const char *name;
        int number;
    } signals[] = { { "STOP", SIGSTOP },   { "CONT", SIGCONT },
                    { "WINCH", SIGWINCH }, { "URG", SIGURG },
                    { "CHLD", SIGCHLD },   { "TERM", SIGTERM } };
    for (size_t i = 0; i < sizeof signals / sizeof *signals; i++)
        if (strcmp(s->argument, signals[i].name) == 0)
            signal_tested(s->group, signals[i].number);
    if (strcmp(s->argument, "STOP") == 0 &&
        await_state(s->group, 'T', patience()) != 0)
        failed("it does not stop");
}

void step_rests(const struct step *s)
{
    if (await_state(s->group, 'S', patience()) != 0)
        failed("it never waits");
}

/* ---- what they use --------------------------------------------------- */

void step_threads(const struct step *s)
{
    long threads = usage_of(s->group).threads;
    if (threads > s->number)
        failed("it has %ld threads", threads);
}

static long weighed; /* KB */

void step_weigh(const struct step *s)
{
    weighed = usage_of(s->group).kilobytes;
}

void step_grown(const struct step *s)
{
    long more = usage_of(s->group).kilobytes - weighed;
    if (more > s->number)
        failed("it uses %ld KB more", more);
}

/* A busy machine gives little to a program that spins, so it must be seen
 * asleep, too. */
static void await_sleep(long group)
{
    for (int looks = 0; !usage_of(group).sleeps; looks++) {
        if (looks == 50)
            failed("it never sleeps");
        pause_ms(5);
    }
}

/* Returns how often they woke in so many milliseconds, in which they must
 * use little of a processor. */
static long check_calm(const struct step *s)
{
    struct usage before = usage_of(s->group);
    pause_ms(s->number);
    struct usage after = usage_of(s->group);
    long long used = after.microseconds - before.microseconds;
    if (used > s->number * 100) /* 10 % */
        failed("it used %lld ms of processor time in %ld ms", used / 1000,
               s->number);
    return after.wakes - before.wakes;
}

void step_calm(const struct step *s)
{
    check_calm(s);
    await_sleep(s->group);
}

void step_asleep(const struct step *s)
{
    long wakes = check_calm(s);
    if (wakes > 2)
        failed("it woke %ld times in %ld ms", wakes, s->number);
    await_sleep(s->group);
}
