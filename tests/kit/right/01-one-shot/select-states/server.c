/*
 * One-shot server. Style: a state machine; no call waits but select, and no
 * log at all unless something fails.
 */
#include <arpa/inet.h>
#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/select.h>
#include <sys/socket.h>
#include <unistd.h>

enum state { WAITING, READING, WRITING, LEAVING, DONE };

struct talk {
    enum state state;
    int listener, socket;
    struct sockaddr_in who;
    char bytes[1024];
    size_t length, written;
};

static void die(int status, const char *format, ...)
{
    va_list list;
    va_start(list, format);
    vfprintf(stderr, format, list);
    va_end(list);
    fputc('\n', stderr);
    exit(status);
}

static int later(void)
{
    return errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR;
}

static void unblock(int fd)
{
    int flags = fcntl(fd, F_GETFL);
    if (flags == -1 || fcntl(fd, F_SETFL, flags | O_NONBLOCK) == -1)
        die(1, "server: fcntl: %s", strerror(errno));
}

/* Takes a word from the front of the text, or takes nothing. */
static int eat(const char **text, size_t *length, const char *word)
{
    size_t n = strlen(word);
    if (*length < n || memcmp(*text, word, n) != 0)
        return 0;
    *text += n;
    *length -= n;
    return 1;
}

static int asks_who(const char *text, size_t length)
{
    if (!eat(&text, &length, "whoami"))
        return 0;
    if (!eat(&text, &length, "\r\n"))
        eat(&text, &length, "\n");
    return length == 0;
}

static void prepare_answer(struct talk *t)
{
    if (asks_who(t->bytes, t->length)) {
        int n = snprintf(t->bytes, sizeof t->bytes, "%s:%u\n",
                         inet_ntoa(t->who.sin_addr),
                         (unsigned)ntohs(t->who.sin_port));
        t->length = (size_t)n;
        return;
    }
    for (char *p = t->bytes; p < t->bytes + t->length; p++)
        if (isascii((unsigned char)*p) && islower((unsigned char)*p))
            *p = (char)toupper((unsigned char)*p);
}

static enum state take_caller(struct talk *t)
{
    socklen_t length = sizeof t->who;
    t->socket = accept(t->listener, (struct sockaddr *)&t->who, &length);
    if (t->socket >= 0) {
        unblock(t->socket);
        return READING;
    }
    if (!later() && errno != ECONNABORTED)
        die(1, "server: accept: %s", strerror(errno));
    return WAITING;
}

static enum state read_message(struct talk *t)
{
    ssize_t n = recv(t->socket, t->bytes, sizeof t->bytes, 0);
    if (n < 0 && later())
        return READING;
    t->length = n < 0 ? 0 : (size_t)n;
    prepare_answer(t);
    return WRITING;
}

static enum state write_answer(struct talk *t)
{
    if (t->written < t->length) {
        ssize_t n = send(t->socket, &t->bytes[t->written],
                         t->length - t->written, MSG_NOSIGNAL);
        if (n < 0 && later())
            return WRITING;
        if (n >= 0)
            t->written += (size_t)n;
        if (n >= 0 && t->written < t->length)
            return WRITING;
    }
    shutdown(t->socket, SHUT_WR);
    return LEAVING;
}

static enum state see_off(struct talk *t)
{
    char unread[4096];
    ssize_t n = recv(t->socket, unread, sizeof unread, 0);
    return n > 0 || (n < 0 && later()) ? LEAVING : DONE;
}

static enum state (*const act[])(struct talk *) = { take_caller, read_message,
                                                    write_answer, see_off };

int main(int argc, char *argv[])
{
    char *end = "";
    long port = 9999;
    if (argc == 2) {
        port = isdigit((unsigned char)argv[1][0])
                   ? strtol(argv[1], &end, 10)
                   : -1;
    }
    if (argc > 2 || port < 0 || port > 65535 || *end)
        die(2, "usage: server [PORT], where PORT is 0 to 65535");

    static struct talk t = { .state = WAITING };
    struct sockaddr_in here = { .sin_family = AF_INET,
                                .sin_port = htons((in_port_t)port),
                                .sin_addr = { htonl(0x7f000001) } };
    t.listener = socket(PF_INET, SOCK_STREAM, IPPROTO_TCP);
    if (t.listener < 0 ||
        setsockopt(t.listener, SOL_SOCKET, SO_REUSEADDR, (int[]){ 1 },
                   sizeof(int)) < 0)
        die(1, "server: socket: %s", strerror(errno));
    if (bind(t.listener, (void *)&here, sizeof here) < 0)
        die(1, "server: bind 127.0.0.1:%ld: %s", port, strerror(errno));
    unblock(t.listener);
    if (listen(t.listener, 1) < 0)
        die(1, "server: listen 127.0.0.1:%ld: %s", port, strerror(errno));
    while (t.state != DONE) {
        int fd = t.state == WAITING ? t.listener : t.socket;
        fd_set set;
        FD_ZERO(&set);
        FD_SET(fd, &set);
        int ready = t.state == WRITING
                        ? select(fd + 1, NULL, &set, NULL, NULL)
                        : select(fd + 1, &set, NULL, NULL, NULL);
        if (ready < 0 && errno != EINTR)
            die(1, "server: select: %s", strerror(errno));
        if (ready > 0)
            t.state = act[t.state](&t);
    }
    close(t.socket);
    close(t.listener);
    return 0;
}
