/* Style: a child for each try at a line sends it while the parent receives;
 * stdio's messages on one line in other words; clock_nanosleep; a deadline
 * for each wait; memory for the answer with calloc for each line. */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h> /* nanoseconds */
#include <unistd.h>

typedef struct {
    unsigned long allowed, used;
    int next_wait;
    bool fresh;
} Patience;

static void die(const char *what)
{
    perror(what);
    exit(1);
}

static void wait_a_while(Patience *p)
{
    if (p->fresh) {
        p->fresh = false;
        return;
    }
    struct timespec until;
    clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_nsec += p->next_wait * 1000000L;
    if (until.tv_nsec >= 1000000000L) {
        until.tv_nsec -= 1000000000L;
        until.tv_sec++;
    }
    while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &until, NULL) ==
           EINTR)
        continue;
    p->next_wait = p->next_wait >= 400 ? 800 : p->next_wait + p->next_wait;
}

static int dial(const struct sockaddr_in *where, Patience *p)
{
    for (;;) {
        if (p->used >= p->allowed) {
            fprintf(stderr, "nobody answers; %lu tries were made\n",
                    p->used);
            exit(1);
        }
        wait_a_while(p);
        p->used++;
        int fd = socket(AF_INET, SOCK_STREAM, 0), nodelay = 1;
        if (fd == -1)
            die("socket");
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &nodelay, sizeof nodelay);
        if (connect(fd, (const void *)where, sizeof *where) == 0)
            return fd;
        perror("connect");
        close(fd);
    }
}

/* The child: writes all of the line, and nothing else. */
static _Noreturn void writer(int fd, const char *line, size_t size)
{
    while (size > 0) {
        ssize_t n = write(fd, line, size);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            _exit(1);
        line += n;
        size -= (size_t)n;
    }
    _exit(0);
}

static bool exchange(int fd, const char *line, char *answer, size_t size)
{
    pid_t child = fork();
    size_t have = 0;
    if (child < 0)
        die("fork");
    if (child == 0)
        writer(fd, line, size);
    while (have < size) {
        ssize_t n = read(fd, answer + have, size - have);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0) {
            fprintf(stderr,
                    "the connection is gone after %zu of %zu bytes\n", have,
                    size);
            break;
        }
        have += (size_t)n;
    }
    kill(child, SIGKILL);
    while (waitpid(child, NULL, 0) < 0 && errno == EINTR)
        continue;
    return have == size;
}

static bool number(const char *text, unsigned long most, unsigned long *out)
{
    if (*text == '\0' || text[strspn(text, "0123456789")] != '\0')
        return false;
    *out = strtoul(text, NULL, 10);
    return *out >= 1 && *out <= most;
}

int main(int argc, char *argv[])
{
    Patience patience = { .allowed = 8, .next_wait = 50, .fresh = true };
    struct sockaddr_in where = { .sin_family = AF_INET };
    unsigned long p = 9999;
    bool good = argc <= 4;
    good = inet_pton(AF_INET, argc > 1 ? argv[1] : "127.0.0.1",
                     &where.sin_addr) == 1 &&
           good;
    good = good && (argc < 3 || number(argv[2], 65535, &p));
    good = good && (argc < 4 || number(argv[3], -1UL, &patience.allowed));
    if (!good) {
        fputs("client [HOST [PORT [TRIES]]]\n", stderr);
        return 2;
    }
    where.sin_port = htons((in_port_t)p);
    signal(SIGPIPE, SIG_IGN);

    int fd = dial(&where, &patience);
    char *line = NULL;
    size_t room = 0;
    ssize_t size;
    bool done = false;
    while (!done) {
        if (isatty(STDIN_FILENO))
            fputs("> ", stderr);
        if ((size = getline(&line, &room, stdin)) < 0)
            break;
        if (size == 1 && line[0] == '\n')
            continue;
        char *reply = calloc((size_t)size, 1);
        if (!reply)
            die("calloc");
        while (!exchange(fd, line, reply, (size_t)size)) {
            close(fd);
            fd = dial(&where, &patience);
        }
        for (ssize_t at = 0; at < size;) {
            ssize_t n =
                write(STDOUT_FILENO, reply + at, (size_t)(size - at));
            if (n < 0 && errno != EINTR)
                die("write");
            at += n > 0 ? n : 0;
        }
        free(reply);
        patience.used = 0;
        patience.next_wait = 50;
        done = (size == 5 || size == 4) &&
               memcmp(line, "exit\n", (size_t)size) == 0;
    }
    if (ferror(stdin))
        die("getline");
    free(line);
    return 0;
}
