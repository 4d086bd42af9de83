/* Nonblocking server: many clients in one thread. No call waits but poll.
 * Usage: server [PORT]    on 127.0.0.1: 9999 unless given, 0 for a free one
 * Limit: poll looks at every client each time, however few have spoken. */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

static const char *port;
/* Returns what the call returned; ends the program if the call failed. */
static int check(int result, const char *call)
{
    if (result < 0) {
        fprintf(stderr, "server: %s 127.0.0.1:%s: %s\n", call, port,
                strerror(errno));
        exit(1);
    }
    return result;
}

enum { PLACES = 10000 }; /* for the listener, in place 0, and clients */

/* What serve keeps in its variables, the loop keeps for each client. */
static struct client {
    size_t length, sent; /* of the answer in data; of that, what has gone */
    char data[2048];
} clients[PLACES];
static struct pollfd polled[PLACES]; /* polled[i] belongs to clients[i] */
static nfds_t count = 1;
static time_t refused; /* the second in which accept failed last */

/* Sends what the client takes. Returns what to wait for next, 0 if it has
 * gone. One that does not read its answers is not read from either. */
static short on_writable(int fd, struct client *c)
{
    while (c->sent < c->length) {
        ssize_t n =
            send(fd, c->data + c->sent, c->length - c->sent, MSG_NOSIGNAL);
        if (n < 0 && errno == EAGAIN)
            return POLLOUT;
        if (n < 0 && errno != EINTR)
            return 0;
        c->sent += n > 0 ? (size_t)n : 0;
    }
    return POLLIN;
}

/* Reads once, and answers. Returns what to wait for next, or 0. */
static short on_readable(int fd, struct client *c)
{
    ssize_t got = recv(fd, c->data, sizeof c->data, 0);
    if (got < 0 && (errno == EAGAIN || errno == EINTR))
        return POLLIN;
    if (got <= 0)
        return 0;
    for (ssize_t i = 0; i < got; i++)
        if (c->data[i] >= 'a' && c->data[i] <= 'z')
            c->data[i] = (char)(c->data[i] - 'a' + 'A');
    c->length = (size_t)got;
    c->sent = 0;
    return on_writable(fd, c);
}

/* Takes a new client, if one is there. */
static void add(int listener)
{
    int client = accept(listener, NULL, NULL);
    if (client >= 0) {
        check(fcntl(client, F_SETFL, O_NONBLOCK), "fcntl");
        fprintf(stderr, "client %d connected\n", client);
        polled[count++] = (struct pollfd){ .fd = client, .events = POLLIN };
    } else if (errno != EAGAIN && errno != EINTR && errno != ECONNABORTED) {
        perror("server: accept");
        refused = time(NULL);
    }
}

/* Forgets a client. The last one moves into its place. */
static void drop(nfds_t i)
{
    fprintf(stderr, "client %d left\n", polled[i].fd);
    close(polled[i].fd);
    polled[i] = polled[--count];
    clients[i] = clients[count];
}

int main(int argc, char *argv[])
{
    port = argc > 1 ? argv[1] : "9999";
    if (argc > 2 || !*port || port[strspn(port, "0123456789")] ||
        strtoul(port, NULL, 10) > 65535) {
        fputs("usage: server [PORT]  (PORT: 0 to 65535)\n", stderr);
        return 2;
    }
    struct sockaddr_in address = { .sin_family = AF_INET };
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    address.sin_port = htons((uint16_t)atoi(port));
    socklen_t size = sizeof address;
    int on = 1, listener = check(socket(AF_INET, SOCK_STREAM, 0), "socket");
    check(setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on),
          "setsockopt");
    check(setsockopt(listener, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on),
          "setsockopt");
    check(bind(listener, (struct sockaddr *)&address, size), "bind");
    check(listen(listener, SOMAXCONN), "listen");
    check(getsockname(listener, (struct sockaddr *)&address, &size),
          "getsockname");
    fprintf(stderr, "listening on 127.0.0.1:%d\n", ntohs(address.sin_port));

    check(fcntl(listener, F_SETFL, O_NONBLOCK), "fcntl");
    polled[0].fd = listener;
    for (;;) {
        int wait = time(NULL) == refused ? 1000 : -1;
        polled[0].events = wait < 0 && count < PLACES ? POLLIN : 0;
        if (poll(polled, count, wait) < 0 && errno != EINTR)
            check(-1, "poll");
        for (nfds_t i = count - 1; i > 0; i--) {
            if (polled[i].revents != 0)
                polled[i].events =
                    polled[i].events == POLLOUT
                        ? on_writable(polled[i].fd, &clients[i])
                        : on_readable(polled[i].fd, &clients[i]);
            if (polled[i].events == 0)
                drop(i);
        }
        if (polled[0].revents != 0)
            add(listener);
    }
}
