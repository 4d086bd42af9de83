/* Style: a process for each client instead of a thread. Only the parent
 * counts: it adds before it forks, and takes off for each child it reaps. */
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

static volatile sig_atomic_t children;

static void reap(int signal_number)
{
    int saved = errno;
    (void)signal_number;
    while (waitpid(-1, NULL, WNOHANG) > 0)
        children = children - 1;
    errno = saved;
}

static void die(const char *what)
{
    fprintf(stderr, "server: %s: %s\n", what, strerror(errno));
    exit(1);
}

/* A decimal number, or -1. What is too large becomes most. */
static long to_number(const char *text, long most)
{
    long value = 0;
    if (*text == '\0')
        return -1;
    for (; *text; text++) {
        if (*text < '0' || *text > '9')
            return -1;
        value = value * 10 + (*text - '0');
        if (value > most)
            value = most;
    }
    return value;
}

static int dialogue(int fd)
{
    char bytes[8192];
    ssize_t have, done, n;
    while ((have = read(fd, bytes, sizeof bytes)) != 0) {
        if (have < 0) {
            if (errno == EINTR)
                continue;
            return 1;
        }
        for (done = 0; done < have; done++)
            if (bytes[done] >= 'a' && bytes[done] <= 'z')
                bytes[done] = (char)(bytes[done] & ~32);
        for (done = 0; done < have; done += n) {
            n = write(fd, bytes + done, (size_t)(have - done));
            if (n < 0) {
                if (errno != EINTR)
                    return 1;
                n = 0;
            }
        }
    }
    return 0;
}

int main(int argc, char **argv)
{
    long port = 9999, most = 1000;
    if (argc >= 2)
        port = to_number(argv[1], 65536);
    if (argc >= 3)
        most = to_number(argv[2], 1000000);
    if (argc > 3 || port < 0 || port > 65535 || most < 1) {
        fprintf(stderr, "usage: server [PORT [MAX]]\n");
        return 2;
    }

    sigset_t child_signal;
    sigemptyset(&child_signal);
    sigaddset(&child_signal, SIGCHLD);
    struct sigaction reaping = { .sa_handler = reap,
                                 .sa_flags = SA_NOCLDSTOP | SA_RESTART };
    sigaction(SIGCHLD, &reaping, NULL);
    signal(SIGPIPE, SIG_IGN);

    int s = socket(AF_INET, SOCK_STREAM, 0), yes = 1;
    if (s < 0)
        die("socket");
    if (setsockopt(s, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes) < 0 ||
        setsockopt(s, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes) < 0)
        die("setsockopt");
    struct sockaddr_in me = { .sin_family = AF_INET };
    socklen_t length = sizeof me;
    me.sin_port = htons((unsigned short)port);
    me.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (bind(s, (struct sockaddr *)&me, sizeof me) < 0)
        die("bind");
    if (listen(s, SOMAXCONN) < 0)
        die("listen");
    if (getsockname(s, (struct sockaddr *)&me, &length) < 0)
        die("getsockname");
    fprintf(stderr, "listening on 127.0.0.1:%d\n", ntohs(me.sin_port));

    for (;;) {
        int c = accept(s, NULL, NULL);
        if (c < 0) {
            if (errno != EINTR && errno != ECONNABORTED) {
                perror("server: accept");
                /* The end of a child cuts this short: then it may work. */
                sleep(1);
            }
            continue;
        }
        /* No child is reaped between the question and the answer. */
        sigprocmask(SIG_BLOCK, &child_signal, NULL);
        if (children >= most) {
            if (write(c, "busy\n", 5) < 5)
                perror("server: write");
        } else {
            pid_t pid = fork();
            if (pid == 0) {
                close(s);
                int status = dialogue(c);
                shutdown(c, SHUT_WR);
                _exit(status);
            }
            if (pid < 0)
                perror("server: fork");
            else
                children = children + 1;
        }
        close(c);
        sigprocmask(SIG_UNBLOCK, &child_signal, NULL);
    }
}
