/* The floor: as little as a server can do for many clients in one thread.
 * For each message epoll tells of one recv and one send are called; nothing
 * is kept for a client, and nothing is printed.
 * Usage: floor [PORT]    on 127.0.0.1: 0 unless given, for a free one
 * Limit: a client that does not read its answers is closed. */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

static int check(int result, const char *call)
{
    if (result < 0) {
        perror(call);
        exit(1);
    }
    return result;
}

static void watch(int queue, int fd)
{
    struct epoll_event event = { EPOLLIN, { .fd = fd } };
    check(epoll_ctl(queue, EPOLL_CTL_ADD, fd, &event), "epoll_ctl");
}

static void on_readable(int fd)
{
    static char data[4096];
    ssize_t got = recv(fd, data, sizeof data, 0);
    if (got < 0 && (errno == EAGAIN || errno == EINTR))
        return;
    for (ssize_t i = 0; i < got; i++)
        if (data[i] >= 'a' && data[i] <= 'z')
            data[i] = (char)(data[i] - 'a' + 'A');
    if (got <= 0 || send(fd, data, (size_t)got, MSG_NOSIGNAL) < got)
        close(fd);
}

int main(int argc, char *argv[])
{
    struct sockaddr_in address = { .sin_family = AF_INET };
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    address.sin_port = htons((uint16_t)atoi(argc > 1 ? argv[1] : "0"));
    int on = 1, kind = SOCK_STREAM | SOCK_NONBLOCK;
    int listener = check(socket(AF_INET, kind, 0), "socket");
    check(setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on),
          "setsockopt");
    check(setsockopt(listener, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on),
          "setsockopt");
    check(bind(listener, (struct sockaddr *)&address, sizeof address),
          "bind");
    check(listen(listener, SOMAXCONN), "listen");

    int queue = check(epoll_create1(0), "epoll_create1");
    watch(queue, listener);
    for (;;) {
        struct epoll_event events[512];
        int n = epoll_wait(queue, events, 512, -1);
        for (int i = 0; i < n; i++) {
            if (events[i].data.fd != listener) {
                on_readable(events[i].data.fd);
                continue;
            }
            int client = accept4(listener, NULL, NULL, SOCK_NONBLOCK);
            if (client >= 0)
                watch(queue, client);
        }
    }
}
