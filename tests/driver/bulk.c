/*
 * The steps that send and receive a lot: whole buffers, not words.
 *
 * Uses conversation.c, proc.c, text.c, base.c.
 */
#include "driver.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>

/* What is sent where any bytes will do: 0 to 250 again and again, so that
 * no block of a usual size is like its neighbour. Behind the first PERIOD
 * bytes follow as many as a piece has: it may begin at any of the first. */
enum { PERIOD = 251, PIECE = 65536 };
static unsigned char question[PERIOD + PIECE], answer[PERIOD + PIECE];

static void make_pattern(void)
{
    if (question[1] != 0)
        return;
    for (size_t i = 0; i < sizeof question; i++)
        question[i] = answer[i] = (unsigned char)(i % PERIOD);
    change_to_upper(answer, sizeof answer);
}

/* Where in the pattern byte i of a connection is. No two connections begin
 * at the same byte: what belongs to another one is wrong. */
static size_t place(const struct connection *c, size_t i)
{
    return (c->number * 100 + i) % PERIOD;
}

/* Are all buffers between us and the peer full? Nothing more goes out, and
 * not because a busy machine has not let the watched processes run: they
 * sleep. */
static int is_full(const struct connection *c)
{
    if (await(c->fd, POLLOUT, now() + 100))
        return 0;
    if (watched())
        await_state(watched(), 'S', patience());
    return !await(c->fd, POLLOUT, now() + 20);
}

/* ---- echo and sip ---------------------------------------------------- */

/* So many bytes are to be sent and answered; so many have been. */
struct echo {
    struct connection *c;
    size_t size, sent, have;
    long long deadline; /* for the next progress */
};

static void read_answers(struct echo *e)
{
    unsigned char piece[16384];
    ssize_t n = recv(e->c->fd, piece, sizeof piece, MSG_DONTWAIT);
    if (n == 0)
        failed("the peer ended after %zu of %zu bytes", e->have, e->size);
    if (n < 0 && errno != EAGAIN)
        failed("recv: %s, after %zu of %zu bytes", strerror(errno), e->have,
               e->size);
    if (n < 0)
        return;
    if (memcmp(piece, answer + place(e->c, e->have), (size_t)n) != 0)
        failed("wrong bytes somewhere after byte %zu", e->have);
    e->have += (size_t)n;
    e->deadline = now() + patience();
}

static void send_more(struct echo *e)
{
    size_t left = e->size - e->sent;
    ssize_t n =
        send(e->c->fd, question + place(e->c, e->sent),
             left < 16384 ? left : 16384, MSG_NOSIGNAL | MSG_DONTWAIT);
    if (n < 0 && errno != EAGAIN)
        failed("send: %s, after %zu of %zu bytes", strerror(errno), e->sent,
               e->size);
    if (n < 0)
        return;
    e->sent += (size_t)n;
    e->deadline = now() + patience();
}

static void await_event(const struct echo *e, struct pollfd *p)
{
    long long left = e->deadline - now();
    if (poll(p, 1, left > 0 ? (int)left : 0) <= 0)
        failed("stuck: %zu bytes sent, %zu answered, of %zu", e->sent,
               e->have, e->size);
}

/* Sends and receives at the same time. Slowly: it does not read before all
 * buffers are full, and then with pauses. */
static void echo(const struct step *s, int slowly)
{
    struct echo e = { .c = s->c,
                      .size = (size_t)s->number,
                      .deadline = now() + patience() };
    size_t paused = 0; /* how much was answered at the last pause */
    make_pattern();
    while (e.have < e.size) {
        struct pollfd p = { .fd = s->c->fd, .events = POLLIN };
        if (e.sent < e.size)
            p.events |= POLLOUT;
        if (slowly && e.have == 0 && e.sent < e.size && !is_full(s->c))
            p.events = POLLOUT;
        await_event(&e, &p);
        if (p.revents & ~POLLOUT)
            read_answers(&e);
        if (slowly && e.have - paused >= 262144) {
            pause_ms(1);
            paused = e.have;
        }
        if (p.revents & POLLOUT)
            send_more(&e);
    }
}

void step_echo(const struct step *s)
{
    echo(s, 0);
}

void step_sip(const struct step *s)
{
    echo(s, 1);
}

/* ---- one side alone -------------------------------------------------- */

void step_pour(const struct step *s)
{
    struct connection *c = s->c;
    make_pattern();
    while (!is_full(c)) {
        ssize_t n = send(c->fd, question + place(c, c->poured), PIECE / 4,
                         MSG_NOSIGNAL | MSG_DONTWAIT);
        if (n < 0 && errno != EAGAIN)
            failed("send: %s, after %zu bytes", strerror(errno), c->poured);
        c->poured += n > 0 ? (size_t)n : 0;
        if (c->poured >= (size_t)s->number)
            failed(
                "the peer took %zu bytes, though nobody reads its answers",
                c->poured);
    }
}

void step_drain(const struct step *s)
{
    struct connection *c = s->c;
    unsigned char piece[PIECE];
    while (c->drained < c->poured) {
        size_t missing = c->poured - c->drained, i = 0;
        if (!await(c->fd, POLLIN, now() + patience()))
            failed("%zu answers are missing", missing);
        ssize_t n = recv(c->fd, piece, sizeof piece, 0);
        if (n <= 0)
            failed("%zu answers are missing: %s", missing,
                   n == 0 ? "the peer ended" : strerror(errno));
        const unsigned char *due = answer + place(c, c->drained);
        while (i < (size_t)n && piece[i] == due[i])
            i++;
        c->drained += i;
        if (i < (size_t)n)
            failed("byte %zu is \\x%02x instead of \\x%02x", c->drained + 1,
                   piece[i], due[i]);
    }
}

void step_flood(const struct step *s)
{
    static const unsigned char piece[16384];
    long long deadline = now() + patience();
    while (now() < deadline && await(s->c->fd, POLLOUT, deadline)) {
        ssize_t n = send(s->c->fd, piece, sizeof piece,
                         MSG_NOSIGNAL | MSG_DONTWAIT);
        if (n >= 0 || errno == EAGAIN)
            continue;
        if (errno != ECONNRESET && errno != EPIPE)
            failed("send: %s", strerror(errno));
        return;
    }
    failed("the peer has not ended the connection");
}

void step_datagram(const struct step *s)
{
    if (s->number > PIECE)
        script_error("no datagram is so large", s->argument);
    make_pattern();
    send_all(s->c, question, (size_t)s->number);
    get(s->c, answer, (size_t)s->number);
}
