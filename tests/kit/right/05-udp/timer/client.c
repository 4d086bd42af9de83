/* UDP client with a socket that is not connected (it compares the sender
 * itself), sendmsg and recvmsg in place of one buffer, a timer and epoll.
 * Usage: client [HOST [PORT [TRIES]]] */
#include <arpa/inet.h>
#include <err.h>
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <sys/uio.h>
#include <unistd.h>

static struct sockaddr_in peer;
static int udp, timer, both;

static void must(bool success, const char *call)
{
    if (success)
        return;
    fprintf(stderr, "client: %s %s:%u: %s\n", call,
            inet_ntoa(peer.sin_addr), ntohs(peer.sin_port),
            strerror(errno));
    exit(EXIT_FAILURE);
}

/* Only digits, and a value from 1 on? */
static unsigned long positive(const char *text)
{
    for (const char *p = text; *p; p++)
        if (*p < '0' || *p > '9')
            return 0;
    return strtoul(text, NULL, 10);
}

static void transmit(char *head, size_t head_size, char *text, size_t size)
{
    struct iovec parts[2] = { { head, head_size }, { text, size } };
    struct msghdr message = { .msg_name = &peer,
                              .msg_namelen = sizeof peer };
    message.msg_iov = parts;
    message.msg_iovlen = 2;
    ssize_t n;
    while ((n = sendmsg(udp, &message, 0)) < 0 && errno == EINTR)
        ;
    must(n >= 0 || errno == ECONNREFUSED, "sendmsg");
}

/* Takes what has come. Is it the answer? Then it is printed. */
static bool receive(const char *head, size_t head_size)
{
    static char text[65536];
    char got[32];
    struct sockaddr_in from;
    struct iovec parts[2] = { { got, head_size }, { text, sizeof text } };
    struct msghdr message = { .msg_name = &from,
                              .msg_namelen = sizeof from };
    message.msg_iov = parts;
    message.msg_iovlen = 2;
    ssize_t n = recvmsg(udp, &message, MSG_DONTWAIT);
    if (n < 0 || (size_t)n < head_size ||
        from.sin_addr.s_addr != peer.sin_addr.s_addr ||
        from.sin_port != peer.sin_port || memcmp(got, head, head_size) != 0)
        return false;
    size_t rest = (size_t)n - head_size;
    if (fwrite(text, 1, rest, stdout) != rest || fflush(stdout))
        err(1, "fwrite");
    return true;
}

static bool dialogue(char *text, size_t size, unsigned long n,
                     unsigned long tries)
{
    char head[32];
    size_t head_size = (size_t)snprintf(head, sizeof head, "%lu ", n);
    struct itimerspec once = { .it_value.tv_nsec = 250000000 };
    while (tries-- > 0) {
        transmit(head, head_size, text, size);
        /* To set it anew takes back that it has run out. */
        must(timerfd_settime(timer, 0, &once, NULL) == 0,
             "timerfd_settime");
        for (bool over = false; !over;) {
            struct epoll_event events[2];
            int count = epoll_wait(both, events, 2, -1);
            must(count >= 0 || errno == EINTR, "epoll_wait");
            for (int i = 0; i < count; i++) {
                if (events[i].data.fd == timer)
                    over = true;
                else if (receive(head, head_size))
                    return true;
            }
        }
    }
    return false;
}

int main(int argc, char *argv[])
{
    unsigned long to = argc > 2 ? positive(argv[2]) : 9999;
    unsigned long times = argc > 3 ? positive(argv[3]) : 4;
    peer.sin_family = AF_INET;
    if (argc > 4 || to == 0 || to > 65535 || times == 0 ||
        inet_pton(AF_INET, argc > 1 ? argv[1] : "127.0.0.1",
                  &peer.sin_addr) < 1) {
        fprintf(stderr, "usage: client [HOST [PORT [TRIES]]]\n");
        exit(2);
    }
    /* 0.0.0.0 as a destination is this machine, which answers so: */
    if (peer.sin_addr.s_addr == htonl(INADDR_ANY))
        peer.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    peer.sin_port = htons((in_port_t)to);

    must((udp = socket(AF_INET, SOCK_DGRAM, 0)) >= 0, "socket");
    must((timer = timerfd_create(CLOCK_MONOTONIC, 0)) >= 0,
         "timerfd_create");
    must((both = epoll_create1(0)) >= 0, "epoll_create1");
    struct epoll_event e = { .events = EPOLLIN };
    e.data.fd = udp;
    must(epoll_ctl(both, EPOLL_CTL_ADD, udp, &e) == 0, "epoll_ctl");
    e.data.fd = timer;
    must(epoll_ctl(both, EPOLL_CTL_ADD, timer, &e) == 0, "epoll_ctl");

    char *text = NULL;
    size_t space = 0;
    unsigned long n = 0;
    for (;;) {
        if (isatty(STDIN_FILENO))
            fputs("> ", stderr);
        ssize_t size = getline(&text, &space, stdin);
        if (size < 0 && feof(stdin))
            return EXIT_SUCCESS;
        if (size < 0)
            err(1, "getline");
        bool empty = size == 1 && *text == '\n';
        if (!empty && !dialogue(text, (size_t)size, ++n, times)) {
            fprintf(stderr, "client: no answer to line %lu\n", n);
            return EXIT_FAILURE;
        }
        size -= size > 4 && text[size - 1] == '\n';
        if (size == 4 && memcmp(text, "exit", 4) == 0)
            return EXIT_SUCCESS;
    }
}
