/*
 * The steps on a connection that is there, but for those that need a lot of
 * bytes (bulk.c), and the steps that look at files.
 *
 * Uses conversation.c, proc.c, text.c, base.c.
 */
#include "driver.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

/* ---- to send and to receive ------------------------------------------ */

void step_send(const struct step *s)
{
    send_all(s->c, s->bytes, s->length);
}

void step_slowly(const struct step *s)
{
    for (size_t i = 0; i < s->length; i++) {
        send_all(s->c, s->bytes + i, 1);
        pause_ms(2);
    }
}

void step_get(const struct step *s)
{
    struct sockaddr_in peer = s->c->peer;
    get(s->c, s->bytes, s->length);
    s->c->peer = peer;
}

void step_take(const struct step *s)
{
    get(s->c, s->bytes, s->length);
}

void step_all(const struct step *s)
{
    for (int i = 0; i < 256; i++) {
        unsigned char byte = (unsigned char)i;
        send_all(s->c, &byte, 1);
        change_to_upper(&byte, 1);
        get(s->c, &byte, 1);
    }
}

void step_upper(const struct step *s)
{
    unsigned char piece[16384];
    for (;;) {
        if (!await(s->c->fd, POLLIN, now() + patience()))
            failed("the client neither spoke nor left");
        ssize_t n = recv(s->c->fd, piece, sizeof piece, 0);
        if (n == 0)
            return;
        if (n < 0)
            failed("recv: %s", strerror(errno));
        change_to_upper(piece, (size_t)n);
        send_all(s->c, piece, (size_t)n);
    }
}

/* ---- whoami ---------------------------------------------------------- */

/* Receives until exactly the expected bytes are there, or nothing more
 * comes, or there is no room. Returns NULL, or how it ended otherwise. */
static const char *receive_address(struct connection *c,
                                   const char *expected, char *got,
                                   size_t room, size_t *have)
{
    size_t length = strlen(expected);
    long long deadline = now() + patience();
    *have = 0;
    while (*have < room && await(c->fd, POLLIN, deadline)) {
        ssize_t n = recv(c->fd, got + *have, room - *have, 0);
        if (n == 0)
            return "Then the peer ended the connection.";
        if (n < 0)
            return "Then came a reset.";
        *have += (size_t)n;
        if (*have == length && memcmp(got, expected, length) == 0)
            return NULL;
    }
    return "Then nothing more came, and no end either.";
}

/* Says what is wrong with an address, or NULL if that is hard to say. */
static const char *explain_address(const char *got, struct sockaddr_in me,
                                   struct sockaddr_in server)
{
    char address[32] = "";
    int port = -1;
    sscanf(got, "%31[0-9.]:%d", address, &port);
    if (port == me.sin_port)
        return "That is the right port with its two bytes exchanged: "
               "ntohs.";
    if (port == ntohs(server.sin_port))
        return "That is the server's own port, not the caller's.";
    if (port == ntohs(me.sin_port) &&
        strcmp(address, inet_ntoa(me.sin_addr)) != 0)
        return "The port is right. The address is not the caller's.";
    return NULL;
}

void step_whoami(const struct step *s)
{
    struct sockaddr_in me, server;
    socklen_t size = sizeof me;
    char expected[64], got[65];
    size_t have;
    send_all(s->c, s->bytes, s->length);
    getsockname(s->c->fd, (struct sockaddr *)&me, &size);
    getpeername(s->c->fd, (struct sockaddr *)&server, &size);
    snprintf(expected, sizeof expected, "%s:%d\n", inet_ntoa(me.sin_addr),
             ntohs(me.sin_port));
    const char *end =
        receive_address(s->c, expected, got, sizeof got - 1, &have);
    if (!end)
        return;
    got[have] = '\0';
    const char *why = explain_address(got, me, server);
    size_t length = strlen(expected);
    if (have > length && memcmp(got, expected, length) == 0)
        why = "The address is right, but more bytes follow it.";
    not_this((unsigned char *)expected, length, (unsigned char *)got, have,
             why ? why : end);
}

/* ---- how it ends ----------------------------------------------------- */

/* Receives what comes next. Returns how many bytes, 0 at the end, -1 at a
 * reset where that counts as one. */
static ssize_t receive_or_end(struct connection *c, unsigned char *bytes,
                              size_t room, int reset_counts,
                              long long deadline)
{
    if (!await(c->fd, POLLIN, deadline))
        failed("the peer has not ended the connection");
    ssize_t n = recv(c->fd, bytes, room, 0);
    if (n < 0 && !(reset_counts && errno == ECONNRESET))
        failed("not an end, but: %s", strerror(errno));
    return n;
}

static void more_came(const unsigned char *got, size_t length)
{
    not_this((const unsigned char *)"", 0, got, length,
             "More came, where the end was due.");
}

static void await_end(const struct step *s, int reset_counts)
{
    unsigned char got[256];
    long long deadline = now() + (s->argument ? s->number : patience());
    ssize_t n =
        receive_or_end(s->c, got, sizeof got, reset_counts, deadline);
    if (n > 0)
        more_came(got, (size_t)n);
}

void step_end(const struct step *s)
{
    await_end(s, 0);
}

void step_gone(const struct step *s)
{
    await_end(s, 1);
}

void step_busy(const struct step *s)
{
    static const unsigned char busy[] = "busy\n";
    size_t have = 0, length = sizeof busy - 1;
    unsigned char got[256];
    ssize_t n;
    long long deadline = now() + patience();
    while ((n = receive_or_end(s->c, got + have, sizeof got - have, 1,
                               deadline)) > 0) {
        have += (size_t)n;
        if (have == sizeof got)
            more_came(got, have);
    }
    if (n == 0 && (have != length || memcmp(got, busy, length) != 0))
        not_this(busy, length, got, have,
                 "Then the peer ended the connection.");
}

void step_finish(const struct step *s)
{
    if (shutdown(s->c->fd, SHUT_WR) < 0)
        failed("shutdown: %s", strerror(errno));
}

/* Its name is free again. */
void step_close(const struct step *s)
{
    close(s->c->fd);
    s->c->name[0] = '\0';
}

void step_reset(const struct step *s)
{
    struct linger at_once = { .l_onoff = 1 };
    setsockopt(s->c->fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
    step_close(s);
}

/* ---- listeners, and silence ------------------------------------------ */

void step_listen(const struct step *s)
{
    if (listen(s->c->fd, 1024) < 0)
        failed("listen: %s", strerror(errno));
}

void step_none(const struct step *s)
{
    if (await(s->c->fd, POLLIN, now() + s->number))
        failed("somebody connected");
}

void step_quiet(const struct step *s)
{
    if (await(s->c->fd, POLLIN, now() + s->number))
        failed("something came");
}

void step_until(const struct step *s)
{
    long long began = now(), deadline = began + 2 * patience();
    while (access(s->argument, F_OK) < 0) {
        if (now() > deadline)
            failed("the test has not gone on");
        nap(began);
    }
    struct pollfd p = { .fd = s->c->fd, .events = POLLIN };
    if (poll(&p, 1, 0) <= 0 || !(p.revents & POLLIN))
        return;
    int is_listener = 0;
    socklen_t size = sizeof is_listener;
    getsockopt(s->c->fd, SOL_SOCKET, SO_ACCEPTCONN, &is_listener, &size);
    failed(is_listener ? "somebody connected" : "something came");
}

/* ---- datagrams ------------------------------------------------------- */

void step_burst(const struct step *s)
{
    struct sockaddr_in a;
    socklen_t size = sizeof a;
    for (long i = 0; i < s->number; i++)
        send(s->c->fd, "x", 1, MSG_DONTWAIT);
    if (getpeername(s->c->fd, (struct sockaddr *)&a, &size) < 0)
        failed("getpeername: %s", strerror(errno));
    long long began = now(), deadline = began + patience();
    while (bytes_unread(ntohs(a.sin_port)) > 0) {
        if (now() > deadline)
            failed("the peer does not read what has come");
        nap(began);
    }
}

void step_numbered(const struct step *s)
{
    for (long i = 1; i <= s->number; i++) {
        unsigned char text[32];
        char letter[] = "x";
        size_t length = (size_t)sprintf((char *)text, "%ld %s\n", i,
                                        in_letters(letter));
        get(s->c, text, length);
        change_to_upper(text, length);
        send_all(s->c, text, length);
    }
}

void step_nag(const struct step *s)
{
    long long deadline = now() + patience();
    int count = 0;
    do {
        if (now() > deadline)
            failed("nothing came, while %d of these were sent", count);
        send_all(s->c, s->bytes, s->length);
        count++;
    } while (!await(s->c->fd, POLLIN, now() + 20));
}

void step_to(const struct step *s)
{
    s->c->peer = find_connection(s->argument)->peer;
}

/* Nobody sends from port 9. */
void step_deaf(const struct step *s)
{
    take_only_from(s->c->fd, loopback("9"));
}

void step_hears(const struct step *s)
{
    take_only_from(s->c->fd, s->c->peer);
}

/* ---- files ----------------------------------------------------------- */

void step_said(const struct step *s)
{
    size_t length = strcspn(s->argument, " ");
    char *path = need(strndup(s->argument, length));
    const char *ms = s->argument[length] ? s->argument + length : NULL;
    long long began = now();
    long long deadline = began + (ms ? atol(ms) : patience());
    struct stat file;
    while ((stat(path, &file) < 0 || file.st_size == 0) && now() < deadline)
        nap(began);
    free(path);
}

void step_touch(const struct step *s)
{
    int fd = open(s->argument, O_CREAT | O_WRONLY, 0600);
    if (fd < 0)
        script_error(s->argument, strerror(errno));
    close(fd);
}
