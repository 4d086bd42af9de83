// Style: threads that are made detached, an atomic count instead of a lock,
// read and write with SIGPIPE ignored, a log on standard output.
#include <errno.h>
#include <limits.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static atomic_long places; // that are free

struct visit {
    int socket;
    size_t bytes;
    char buffer[2000];
};

static void finish(struct visit *v)
{
    printf("%d: %zu bytes, goodbye\n", v->socket, v->bytes);
    close(v->socket);
    free(v);
    atomic_fetch_add(&places, 1);
}

static void *talk(void *p)
{
    struct visit *v = p;
    ssize_t in, out;
again:
    in = read(v->socket, v->buffer, sizeof v->buffer);
    if (in < 0 && errno == EINTR)
        goto again;
    if (in <= 0) {
        finish(v);
        return NULL;
    }
    for (char *b = v->buffer; b < v->buffer + in; b++)
        *b = (char)(*b >= 'a' && *b <= 'z' ? *b - 32 : *b);
    for (char *b = v->buffer; in > 0;) {
        out = write(v->socket, b, (size_t)in);
        if (out < 0 && errno == EINTR)
            continue;
        if (out < 0) {
            finish(v);
            return NULL;
        }
        v->bytes += (size_t)out;
        b += out;
        in -= out;
    }
    goto again;
}

// Takes a place, if there is one.
static int take_place(void)
{
    long free_now = atomic_load(&places);
    while (free_now > 0)
        if (atomic_compare_exchange_weak(&places, &free_now, free_now - 1))
            return 1;
    return 0;
}

static void try(int result, const char *name)
{
    if (result == 0)
        return;
    printf("no %s: %s\n", name, strerror(errno));
    exit(1);
}

int main(int argc, char **argv)
{
    char *end;
    unsigned long number = 9999;
    setvbuf(stdout, NULL, _IOLBF, 0);
    atomic_init(&places, 1000);
    if (argc > 3)
        goto usage;
    if (argc > 1) {
        number = strtoul(argv[1], &end, 10);
        if (argv[1][0] < '0' || argv[1][0] > '9' || *end || number > 65535)
            goto usage;
    }
    if (argc > 2) {
        long all = strtol(argv[2], &end, 10);
        if (argv[2][0] < '0' || argv[2][0] > '9' || *end || all < 1)
            goto usage;
        atomic_init(&places, all);
    }
    signal(SIGPIPE, SIG_IGN);

    pthread_attr_t alone;
    pthread_attr_init(&alone);
    pthread_attr_setdetachstate(&alone, PTHREAD_CREATE_DETACHED);

    union {
        struct sockaddr any;
        struct sockaddr_in in;
    } here = { .in = { .sin_family = AF_INET,
                       .sin_port = htons((in_port_t)number),
                       .sin_addr = { htonl(INADDR_LOOPBACK) } } };
    socklen_t here_size = sizeof here;
    const int one = 1, door = socket(AF_INET, SOCK_STREAM, 0);
    try(door < 0, "socket");
    try(setsockopt(door, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one),
        "SO_REUSEADDR");
    try(setsockopt(door, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one),
        "TCP_NODELAY");
    try(bind(door, &here.any, here_size), "bind");
    try(listen(door, 4096), "listen");
    try(getsockname(door, &here.any, &here_size), "getsockname");
    printf("ready at port %u\n", ntohs(here.in.sin_port));

    while (1) {
        pthread_t ignored;
        struct visit *v;
        int guest = accept(door, 0, 0), inside;
        if (guest < 0 && (errno == ECONNABORTED || errno == EINTR))
            continue;
        if (guest < 0) {
            printf("cannot accept: %s\n", strerror(errno));
            sleep(1);
            continue;
        }
        inside = take_place();
        if (!inside) {
            if (write(guest, "busy\n", 5) != 5)
                printf("%d left before it was told\n", guest);
            close(guest);
            continue;
        }
        v = malloc(sizeof *v);
        if (v) {
            v->socket = guest;
            v->bytes = 0;
        }
        if (!v || pthread_create(&ignored, &alone, talk, v) != 0) {
            printf("%d cannot be served\n", guest);
            free(v);
            close(guest);
            atomic_fetch_add(&places, 1);
        }
    }

usage:
    fputs("usage: server [PORT [MAX]]\n", stderr);
    return 2;
}
