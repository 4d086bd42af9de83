/*
 * What every other file uses: the clock, memory, and the end of a driver
 * that was asked for something wrong.
 *
 * Uses no other file.
 */
#include "driver.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* The time in milliseconds. Only differences of it mean something. */
long long now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec * 1000LL + t.tv_nsec / 1000000;
}

void pause_ms(long ms)
{
    nanosleep(&(struct timespec){ .tv_sec = ms / 1000,
                                  .tv_nsec = ms % 1000 * 1000000 },
              NULL);
}

/* Pauses between two looks at something that is awaited since that time.
 * The pauses grow: what comes soon is seen soon, and a long wait costs
 * little. */
void nap(long long began)
{
    long long ms = (now() - began) / 8;
    pause_ms(ms < 1 ? 1 : ms > 20 ? 20 : (long)ms);
}

/* Returns what malloc or realloc has returned, unless there is no memory.
 * */
void *need(void *memory)
{
    if (memory)
        return memory;
    fputs("driver: out of memory\n", stderr);
    exit(2);
}

void script_error(const char *what, const char *text)
{
    fprintf(stderr, "driver: %s: %s\n", what, text);
    exit(2);
}

/* The tested programs may read every command line in their container. What
 * a test expects must not stand there for long. */
void hide(char *argv[])
{
    for (; *argv; argv++) {
        char *kept = strdup(*argv);
        if (!kept)
            script_error("strdup", strerror(errno));
        memset(*argv, 0, strlen(*argv));
        *argv = kept;
    }
}
