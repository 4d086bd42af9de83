// Style: a state machine; read and write with SIGPIPE ignored; usleep.
#define _DEFAULT_SOURCE
#include <arpa/inet.h>
#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum state {
    CONNECT,
    READ_LINE,
    TRANSFER,
    BROKEN,
    ANSWERED,
    GIVE_UP,
    LEAVE
};

struct dialogue {
    struct sockaddr_in to;
    const char *name;
    unsigned long limit, tried;
    useconds_t delay; // 0 before the very first attempt
    int fd;
    char *line, *reply;
    size_t capacity, size, out, in;
};

static enum state do_connect(struct dialogue *d)
{
    int yes = 1;
    if (d->tried == d->limit)
        return GIVE_UP;
    if (d->delay > 0)
        usleep(d->delay * 1000);
    d->delay = d->delay ? d->delay * 2 : 50;
    if (d->delay > 800)
        d->delay = 800;
    d->tried += 1;
    d->fd = socket(PF_INET, SOCK_STREAM, IPPROTO_TCP);
    if (d->fd == -1) {
        perror("no socket");
        exit(1);
    }
    if (connect(d->fd, (struct sockaddr *)&d->to, sizeof d->to) == -1) {
        fprintf(stderr, "no server at %s yet: %s\n", d->name,
                strerror(errno));
        return BROKEN;
    }
    setsockopt(d->fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
    fcntl(d->fd, F_SETFL, O_NONBLOCK);
    d->out = d->in = 0;
    return d->size > 0 ? TRANSFER : READ_LINE;
}

static enum state do_read_line(struct dialogue *d)
{
    for (;;) {
        if (isatty(0))
            fputs("> ", stderr);
        ssize_t n = getline(&d->line, &d->capacity, stdin);
        if (n == -1) {
            if (!ferror(stdin))
                return LEAVE;
            perror("standard input");
            exit(1);
        }
        if (n == 1 && d->line[0] == '\n')
            continue;
        char *bigger = realloc(d->reply, (size_t)n);
        if (bigger == NULL) {
            perror("no memory");
            exit(1);
        }
        d->reply = bigger;
        d->size = (size_t)n;
        d->out = d->in = 0;
        return TRANSFER;
    }
}

static enum state do_transfer(struct dialogue *d)
{
    struct pollfd p = { .fd = d->fd, .events = POLLIN };
    if (d->out < d->size)
        p.events |= POLLOUT;
    if (poll(&p, 1, -1) == -1)
        return errno == EINTR ? TRANSFER : GIVE_UP;
    if (p.revents & ~POLLOUT) {
        ssize_t n = read(d->fd, d->reply + d->in, d->size - d->in);
        if (n == 0 || (n == -1 && errno != EINTR && errno != EAGAIN)) {
            fprintf(stderr, "lost %s: %s\n", d->name,
                    n ? strerror(errno) : "it hung up");
            return BROKEN;
        }
        if (n > 0)
            d->in += (size_t)n;
    }
    if (p.revents & POLLOUT) {
        ssize_t n = write(d->fd, d->line + d->out, d->size - d->out);
        if (n == -1 && errno != EINTR && errno != EAGAIN) {
            fprintf(stderr, "lost %s: %s\n", d->name, strerror(errno));
            return BROKEN;
        }
        if (n > 0)
            d->out += (size_t)n;
    }
    return d->in == d->size ? ANSWERED : TRANSFER;
}

static enum state do_answered(struct dialogue *d)
{
    if (fwrite(d->reply, d->size, 1, stdout) != 1 ||
        fflush(stdout) == EOF) {
        perror("standard output");
        exit(1);
    }
    d->tried = 0;
    d->delay = 50;
    int last = (d->size == 4 && memcmp(d->line, "exit", 4) == 0) ||
               (d->size == 5 && memcmp(d->line, "exit\n", 5) == 0);
    d->size = 0;
    return last ? LEAVE : READ_LINE;
}

static unsigned long decimal(const char *text)
{
    for (const char *c = text; *c; c++)
        if (!isdigit((unsigned char)*c))
            return 0;
    return strtoul(text, NULL, 10);
}

int main(int argc, char **argv)
{
    struct dialogue d = { .limit = 8, .name = "the server", .fd = -1 };
    unsigned long number = 9999;
    const char *address = "127.0.0.1";
    if (argc > 1)
        d.name = address = argv[1];
    if (argc > 2)
        number = decimal(argv[2]);
    if (argc > 3)
        d.limit = decimal(argv[3]);
    d.to.sin_family = AF_INET;
    d.to.sin_port = htons((uint16_t)number);
    if (argc > 4 || number < 1 || number > 65535 || d.limit < 1 ||
        inet_pton(AF_INET, address, &d.to.sin_addr) != 1) {
        fprintf(stderr, "usage: %s [HOST [PORT [TRIES]]]\n", argv[0]);
        return 2;
    }
    signal(SIGPIPE, SIG_IGN);
    enum state now = CONNECT;
    while (now != LEAVE && now != GIVE_UP) {
        switch (now) {
        case CONNECT:
            now = do_connect(&d);
            break;
        case READ_LINE:
            now = do_read_line(&d);
            break;
        case TRANSFER:
            now = do_transfer(&d);
            break;
        case BROKEN:
            close(d.fd);
            now = CONNECT;
            break;
        case ANSWERED:
            now = do_answered(&d);
            break;
        default:
            abort();
        }
    }
    if (now == GIVE_UP)
        fprintf(stderr, "no answer from %s, %lu times\n", d.name, d.limit);
    free(d.line);
    free(d.reply);
    return now == GIVE_UP;
}
