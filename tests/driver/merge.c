/*
 * The verb merge: lines of several FIFOs become one output.
 *
 * Uses base.c.
 */
#include "driver.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

/* A FIFO's name, and the line that has begun to come. */
struct source {
    const char *name;
    char line[4096];
    size_t length;
};

/* Prints the lines, or what is too long for one. */
static void copy_lines(struct source *s, int fd)
{
    for (char c; read(fd, &c, 1) == 1;) {
        if (c != '\n')
            s->line[s->length++] = c;
        if (c != '\n' && s->length < sizeof s->line)
            continue;
        printf("%s %.*s\n", s->name, (int)s->length, s->line);
        fflush(stdout);
        s->length = 0;
    }
}

int verb_merge(int count, char *argv[])
{
    enum { MOST = 8 };
    static struct source sources[MOST];
    struct pollfd fifos[MOST];
    int fifo_count = count / 2;
    if (fifo_count > MOST)
        script_error("too many FIFOs", argv[2 * MOST]);
    for (int i = 0; i < fifo_count; i++) {
        const char *path = argv[2 * i + 1];
        sources[i].name = argv[2 * i];
        /* Open for writing too, so that it never comes to an end. */
        fifos[i].fd = open(path, O_RDWR | O_NONBLOCK);
        fifos[i].events = POLLIN;
        if (fifos[i].fd < 0)
            script_error(path, strerror(errno));
    }
    while (poll(fifos, (nfds_t)fifo_count, -1) > 0 || errno == EINTR) {
        int i = 0;
        while (i < fifo_count && !(fifos[i].revents & POLLIN))
            i++;
        if (i < fifo_count)
            copy_lines(&sources[i], fifos[i].fd);
    }
    return 2;
}
