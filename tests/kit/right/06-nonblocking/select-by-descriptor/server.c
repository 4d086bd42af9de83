// Style: select, arrays indexed by the descriptor, and nearly all in main. The
// process may open no more descriptors than a set of select can hold.
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/select.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

static char answer[FD_SETSIZE][1024];
static int done[FD_SETSIZE], todo[FD_SETSIZE]; // bytes of the answer
static double last_heard[FD_SETSIZE];

static double seconds(void)
{
    struct timespec at;
    clock_gettime(CLOCK_MONOTONIC, &at);
    return (double)at.tv_sec + (double)at.tv_nsec / 1e9;
}

static void must(int good, const char *name)
{
    if (!good) {
        perror(name);
        exit(1);
    }
}

static int digits(const char *s)
{
    return s[0] != 0 && strspn(s, "0123456789") == strlen(s);
}

int main(int argc, char **argv)
{
    int tcp_port = 9999, ms = 0;
    if (argc >= 2 && digits(argv[1]) && strlen(argv[1]) < 9)
        tcp_port = atoi(argv[1]);
    else if (argc >= 2)
        tcp_port = -1;
    if (argc >= 3 && digits(argv[2]) && strlen(argv[2]) <= 9)
        ms = atoi(argv[2]);
    else if (argc >= 3)
        ms = -1;
    if (argc > 3 || tcp_port < 0 || tcp_port > 65535 || ms < 0) {
        fprintf(stderr, "server: wrong arguments; [PORT [IDLE_MS]]\n");
        return 2;
    }

    // A descriptor of FD_SETSIZE or more would be written behind the set.
    // With this limit accept says EMFILE instead.
    struct rlimit open_files;
    must(getrlimit(RLIMIT_NOFILE, &open_files) == 0, "getrlimit");
    if (open_files.rlim_cur > FD_SETSIZE) {
        open_files.rlim_cur = FD_SETSIZE;
        must(setrlimit(RLIMIT_NOFILE, &open_files) == 0, "setrlimit");
    }

    int one = 1, lsock = socket(AF_INET, SOCK_STREAM, 0);
    must(lsock >= 0, "socket");
    struct sockaddr_in self = { 0 };
    socklen_t self_size = sizeof self;
    self.sin_family = AF_INET;
    self.sin_port = htons((unsigned short)tcp_port);
    inet_pton(AF_INET, "127.0.0.1", &self.sin_addr);
    setsockopt(lsock, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
    setsockopt(lsock, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    must(bind(lsock, (struct sockaddr *)&self, sizeof self) == 0,
         "server: bind 127.0.0.1");
    must(listen(lsock, SOMAXCONN) == 0, "listen");
    must(fcntl(lsock, F_SETFL, O_NONBLOCK) == 0, "fcntl");
    must(getsockname(lsock, (struct sockaddr *)&self, &self_size) == 0,
         "getsockname");
    fprintf(stderr, "listening on 127.0.0.1:%d\n", ntohs(self.sin_port));

    fd_set inside, reading, writing;
    FD_ZERO(&inside);
    int highest = lsock;
    double idle_seconds = ms / 1e3, rest = 0; // no accept until then

    for (;;) {
        // Who is to be watched, and for how long?
        double t = seconds(), until = rest > t ? rest : -1;
        FD_ZERO(&reading);
        FD_ZERO(&writing);
        if (rest <= t)
            FD_SET(lsock, &reading);
        for (int fd = 0; fd <= highest; fd++) {
            if (!FD_ISSET(fd, &inside))
                continue;
            double end = last_heard[fd] + idle_seconds;
            if (ms && end <= t) {
                FD_CLR(fd, &inside);
                close(fd);
                printf("closed %d\n", fd);
                continue;
            }
            if (ms && (until < 0 || end < until))
                until = end;
            FD_SET(fd, done[fd] < todo[fd] ? &writing : &reading);
        }
        while (highest > lsock && !FD_ISSET(highest, &inside))
            highest--;

        struct timeval tv = { 0, 0 };
        if (until >= 0) {
            long long us = (long long)((until - t) * 1e6) + 1;
            tv.tv_sec = (time_t)(us / 1000000);
            tv.tv_usec = (suseconds_t)(us % 1000000);
        }
        if (select(highest + 1, &reading, &writing, NULL,
                   until < 0 ? NULL : &tv) < 0) {
            must(errno == EINTR, "select");
            continue;
        }

        // Serve those who are ready.
        for (int fd = 0; fd <= highest; fd++) {
            if (!FD_ISSET(fd, &inside))
                continue;
            int gone = 0;
            if (FD_ISSET(fd, &reading)) {
                ssize_t r = recv(fd, answer[fd], sizeof answer[fd], 0);
                if (r > 0) {
                    last_heard[fd] = seconds();
                    done[fd] = 0;
                    todo[fd] = (int)r;
                    for (int k = 0; k < todo[fd]; k++)
                        if ('a' <= answer[fd][k] && answer[fd][k] <= 'z')
                            answer[fd][k] -= 32;
                } else {
                    gone = r == 0 || (errno != EAGAIN && errno != EINTR);
                }
            } else if (!FD_ISSET(fd, &writing)) {
                continue;
            }
            while (!gone && done[fd] < todo[fd]) {
                ssize_t s =
                    send(fd, answer[fd] + done[fd],
                         (size_t)(todo[fd] - done[fd]), MSG_NOSIGNAL);
                if (s >= 0)
                    done[fd] += (int)s;
                else if (errno == EAGAIN)
                    break;
                else
                    gone = errno != EINTR;
            }
            if (gone) {
                FD_CLR(fd, &inside);
                close(fd);
                printf("gone %d\n", fd);
            }
        }

        // Let one in.
        if (!FD_ISSET(lsock, &reading))
            continue;
        int fd = accept(lsock, NULL, NULL);
        if (fd < 0) {
            if (errno != EAGAIN && errno != EINTR && errno != ECONNABORTED)
                rest = seconds() + 1;
            continue;
        }
        must(fcntl(fd, F_SETFL, O_NONBLOCK) == 0, "fcntl");
        FD_SET(fd, &inside);
        done[fd] = todo[fd] = 0;
        last_heard[fd] = seconds();
        if (fd > highest)
            highest = fd;
        printf("new %d\n", fd);
    }
}
