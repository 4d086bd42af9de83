// Looping server that ends at the line "exit". Style: the last eight bytes
// in one number, no state besides; tables; sendmsg; getaddrinfo.
// Usage: server [PORT]    on 127.0.0.1, 9999 unless given
#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

enum { ROOM = 65536 };
enum outcome { LEFT, BROKE };

struct dialogue {
    int socket;
    uint64_t recent; // the bytes that came last, the newest lowest
    unsigned char capital[256];
    unsigned char *room;
};

static const uint64_t mask = 0xffffffffffff;
static const uint64_t exit_lf = 0x0a657869740a;    // "\nexit\n"
static const uint64_t exit_cr_lf = 0x657869740d0a; // "exit\r\n"

// Takes note of one byte. Tells whether it ends a line that is "exit".
static int take(struct dialogue *d, unsigned char byte)
{
    uint64_t before = d->recent >> 40 & 0xff;
    d->recent = d->recent << 8 | byte;
    return (d->recent & mask) == exit_lf ||
           (before == '\n' && (d->recent & mask) == exit_cr_lf);
}

static ssize_t hear(struct dialogue *d)
{
    for (;;) {
        ssize_t heard = recv(d->socket, d->room, ROOM, 0);
        if (heard != -1 || errno != EINTR)
            return heard;
    }
}

static ssize_t tell(struct dialogue *d, size_t count)
{
    struct iovec part = { d->room, count };
    struct msghdr message = { .msg_iov = &part, .msg_iovlen = 1 };
    while (part.iov_len > 0) {
        ssize_t told = sendmsg(d->socket, &message, MSG_NOSIGNAL);
        if (told == -1 && errno != EINTR)
            return -1;
        if (told == -1)
            continue;
        part.iov_base = (unsigned char *)part.iov_base + told;
        part.iov_len -= (size_t)told;
    }
    return (ssize_t)count;
}

static enum outcome hold(struct dialogue *d)
{
    ssize_t heard;
next:
    heard = hear(d);
    if (heard <= 0)
        return heard ? BROKE : LEFT;
    int done = 0;
    ssize_t count = 0;
    for (; count < heard && !done; count++) {
        done = take(d, d->room[count]);
        d->room[count] = d->capital[d->room[count]];
    }
    if (tell(d, (size_t)count) < 0)
        return BROKE;
    if (!done)
        goto next;
    if (shutdown(d->socket, SHUT_WR) == -1)
        return BROKE;
    while ((heard = hear(d)) > 0)
        continue;
    return heard ? BROKE : LEFT;
}

static int listen_at(const char *service)
{
    struct addrinfo hints = { .ai_family = AF_INET,
                              .ai_socktype = SOCK_STREAM,
                              .ai_flags = AI_NUMERICSERV };
    struct addrinfo *found;
    int result = getaddrinfo("127.0.0.1", service, &hints, &found);
    if (result != 0) {
        fprintf(stderr, "server: %s\n", gai_strerror(result));
        exit(EXIT_FAILURE);
    }
    int s = socket(found->ai_family, SOCK_STREAM, 0), set = 1;
    if (s == -1 ||
        setsockopt(s, SOL_SOCKET, SO_REUSEADDR, &set, sizeof set) == -1 ||
        setsockopt(s, IPPROTO_TCP, TCP_NODELAY, &set, sizeof set) == -1 ||
        bind(s, found->ai_addr, found->ai_addrlen) == -1 ||
        listen(s, 1) == -1) {
        fprintf(stderr, "server: cannot listen at port %s: %s\n", service,
                strerror(errno));
        exit(EXIT_FAILURE);
    }
    freeaddrinfo(found);
    return s;
}

int main(int argc, char *argv[])
{
    const char *service = argc == 1 ? "9999" : argv[1];
    if (argc > 2 || !service[0] || service[strspn(service, "0123456789")] ||
        strtoul(service, NULL, 10) > 65535)
        return fputs("usage: server [PORT]\n", stderr), 2;

    struct dialogue d = { .recent = '\n', .room = malloc(ROOM) };
    if (!d.room)
        return perror("server: malloc"), 1;
    for (int i = 0; i < 256; i++)
        d.capital[i] = (unsigned char)(i >= 'a' && i <= 'z' ? i - 32 : i);

    int waiting = listen_at(service);
    struct sockaddr_in at;
    socklen_t at_size = sizeof at;
    if (getsockname(waiting, (struct sockaddr *)&at, &at_size) == 0)
        printf("server on port %d\n", ntohs(at.sin_port));
    fflush(stdout);
    while ((d.socket = accept(waiting, NULL, NULL)) == -1 &&
           (errno == EINTR || errno == ECONNABORTED))
        continue;
    if (d.socket == -1)
        return perror("server: accept"), 1;
    puts(hold(&d) == LEFT ? "end of the dialogue" : "it was broken off");
    close(d.socket);
    close(waiting);
    free(d.room);
    return 0;
}
