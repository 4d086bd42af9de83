/*
 * The steps that make a connection, or take a port.
 *
 * Uses conversation.c, base.c.
 */
#include "driver.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* A TCP socket has segments as Ethernet has. With those of loopback, 64
 * KiB, buffers are so large that a program that forgets the rest of a send
 * may pass. */
static int new_socket(int type)
{
    int fd = socket(AF_INET, type | SOCK_CLOEXEC, 0), on = 1,
        segment = 1400;
    if (fd < 0)
        failed("socket: %s", strerror(errno));
    if (type == SOCK_STREAM) {
        setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
        setsockopt(fd, IPPROTO_TCP, TCP_MAXSEG, &segment, sizeof segment);
    }
    return fd;
}

/* ---- to connect ------------------------------------------------------ */

/* Connects a new socket to "PORT" or "PORT FROM". */
static int connect_to(int type, const char *argument)
{
    int fd = new_socket(type);
    struct sockaddr_in a = loopback(argument), source = loopback(NULL);
    const char *from = strchr(argument, ' ');
    if (from && (inet_pton(AF_INET, from + 1, &source.sin_addr) != 1 ||
                 bind(fd, (struct sockaddr *)&source, sizeof source) < 0))
        failed("bind %s: %s", from + 1, strerror(errno));
    if (connect(fd, (struct sockaddr *)&a, sizeof a) < 0)
        failed("connect: %s", strerror(errno));
    return fd;
}

void step_open(const struct step *s)
{
    name_connection(s->name, connect_to(SOCK_STREAM, s->argument));
}

void step_udp(const struct step *s)
{
    name_connection(s->name, connect_to(SOCK_DGRAM, s->argument));
}

/* ---- served ---------------------------------------------------------- */

/* Another answer came than "A", or none. */
static void not_served(ssize_t n, unsigned char answer)
{
    if (n == 0)
        failed("the peer ended the connection");
    if (n < 0)
        failed("recv: %s", strerror(errno));
    if (answer == 'b')
        failed("the answer to \"a\" begins with \"b\": it was told busy");
    failed("the answer to \"a\" begins with \"%c\"",
           isprint(answer) ? answer : '?');
}

/* Connects, and is answered. A limit above 0 is how many milliseconds it is
 * tried, where the server is busy. */
static void be_served(const char *name, const char *port, long limit)
{
    long long deadline = now() + (limit > 0 ? limit : patience());
    for (;;) {
        int fd = connect_to(SOCK_STREAM, port);
        unsigned char answer = 0;
        send(fd, "a", 1, MSG_NOSIGNAL);
        if (!await(fd, POLLIN, now() + patience()))
            failed("connected, but not answered");
        ssize_t n = recv(fd, &answer, 1, 0);
        if (n == 1 && answer == 'A') {
            name_connection(name, fd);
            return;
        }
        if (limit == 0 || now() >= deadline || (n == 1 && answer != 'b'))
            not_served(n, answer);
        close(fd);
        pause_ms(2);
    }
}

/* Writes the name of one of the connections STEM1, STEM2, ... */
static const char *number_name(char name[32], const char *stem, int i)
{
    snprintf(name, 32, "%s%d", stem, i);
    return name;
}

/* Serves the connections STEM1 to STEMcount, eight at a time. A server that
 * looks at all of its clients for each that speaks has less to do so. */
static void serve_many(const char *stem, int count, const char *port)
{
    enum { AT_ONCE = 8 };
    static const unsigned char question[] = "a", answer[] = "A";
    char name[32];
    for (int first = 1; first <= count; first += AT_ONCE) {
        int behind = first + AT_ONCE <= count ? first + AT_ONCE : count + 1;
        for (int i = first; i < behind; i++) {
            int fd = connect_to(SOCK_STREAM, port);
            number_name(name, stem, i);
            send_all(name_connection(name, fd), question, 1);
        }
        for (int i = first; i < behind; i++) {
            number_name(name, stem, i);
            get(find_connection(name), answer, 1);
        }
    }
}

void step_served(const struct step *s)
{
    char port[16], name[32];
    size_t length = strcspn(s->argument, " ");
    const char *limit = s->argument[length] ? s->argument + length : NULL;
    snprintf(port, sizeof port, "%.*s", (int)length, s->argument);
    if (s->count == 0)
        be_served(s->name, port, limit ? atol(limit) : 0);
    else if (!limit)
        serve_many(s->name, s->count, port);
    else
        for (int i = 1; i <= s->count; i++)
            be_served(number_name(name, s->name, i), port, atol(limit));
}

/* ---- ports of our own ------------------------------------------------ */

/* Binds a new socket to the port that the step gives, or to any. */
static int bind_port(const struct step *s, int type)
{
    struct sockaddr_in a = loopback(s->argument);
    int fd = new_socket(type), on = 1;
    if (bind(fd, (struct sockaddr *)&a, sizeof a) < 0)
        failed("bind: %s", strerror(errno));
    if (type == SOCK_DGRAM)
        setsockopt(fd, SOL_SOCKET, SO_TIMESTAMPNS, &on, sizeof on);
    return fd;
}

/* Tells the test the port: from now on somebody may come. */
static void name_and_tell(const struct step *s, int fd)
{
    struct sockaddr_in a;
    socklen_t size = sizeof a;
    getsockname(fd, (struct sockaddr *)&a, &size);
    name_connection(s->name, fd);
    print_port(ntohs(a.sin_port));
}

void step_bind(const struct step *s)
{
    name_and_tell(s, bind_port(s, SOCK_STREAM));
}

void step_listener(const struct step *s)
{
    int fd = bind_port(s, SOCK_STREAM);
    if (listen(fd, 1024) < 0)
        failed("listen: %s", strerror(errno));
    name_and_tell(s, fd);
}

void step_udp_bind(const struct step *s)
{
    name_and_tell(s, bind_port(s, SOCK_DGRAM));
}

void step_udp_deaf(const struct step *s)
{
    int fd = bind_port(s, SOCK_DGRAM);
    take_only_from(fd, loopback("9"));
    name_and_tell(s, fd);
}

void step_accept(const struct step *s)
{
    int listener = find_connection(s->argument)->fd, on = 1;
    if (!await(listener, POLLIN, now() + patience()))
        failed("nobody connected");
    int fd = accept(listener, NULL, NULL);
    if (fd < 0)
        failed("accept: %s", strerror(errno));
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    name_connection(s->name, fd);
}
