/* Style: no threads at all. One loop around poll, in one big function, and
 * for each client a state: it reads, or it writes what it has read. */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

struct talk {
    size_t from, to; /* what is still to be sent; nothing: it reads */
    char text[4096];
};

int main(int count, char *words[])
{
    const char *digits = "0123456789";
    const char *given_port = count > 1 ? words[1] : "9999";
    const char *given_max = count > 2 ? words[2] : "1000";
    size_t max = strtoul(given_max, NULL, 10);
    unsigned long port = strtoul(given_port, NULL, 10);
    if (count > 3 || given_port[0] == '\0' || port > 65535 || max < 1 ||
        strspn(given_port, digits) != strlen(given_port) ||
        strspn(given_max, digits) != strlen(given_max)) {
        fprintf(stderr, "usage: %s [PORT [MAX]]\n", words[0]);
        return 2;
    }

    struct sockaddr_in name;
    memset(&name, 0, sizeof name);
    name.sin_family = AF_INET;
    name.sin_port = htons((uint16_t)port);
    inet_pton(AF_INET, "127.0.0.1", &name.sin_addr);
    socklen_t name_length = sizeof name;
    int on = 1;
    int entry = socket(AF_INET, SOCK_STREAM, 0);
    if (entry < 0 ||
        setsockopt(entry, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) ||
        setsockopt(entry, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on) ||
        bind(entry, (struct sockaddr *)&name, sizeof name) ||
        listen(entry, SOMAXCONN) || fcntl(entry, F_SETFL, O_NONBLOCK) ||
        getsockname(entry, (struct sockaddr *)&name, &name_length)) {
        fprintf(stderr, "server: 127.0.0.1:%s: %s\n", given_port,
                strerror(errno));
        return 1;
    }
    fprintf(stderr, "listening on 127.0.0.1:%d\n", ntohs(name.sin_port));

    /* Number 0 is the listener; it has no talk. */
    size_t used = 1, room = 1;
    struct pollfd *polls = malloc(sizeof *polls);
    struct talk **talks = malloc(sizeof *talks);
    if (!polls || !talks)
        return 1;
    polls[0].fd = entry;
    polls[0].events = POLLIN;
    time_t rest_until = 0;
    while (1) {
        int resting = time(NULL) < rest_until;
        polls[0].events = resting ? 0 : POLLIN;
        if (poll(polls, used, resting ? 200 : -1) < 0) {
            if (errno == EINTR || errno == EAGAIN)
                continue;
            perror("server: poll");
            return 1;
        }

        /* From the last to the first: the last may take the place of one
         * that has gone. */
        for (size_t i = used - 1; i > 0; i--) {
            struct talk *t = talks[i];
            ssize_t n = 0;
            if (!polls[i].revents)
                continue;
            if (t->from == t->to) {
                n = recv(polls[i].fd, t->text, sizeof t->text,
                         MSG_DONTWAIT);
                if (n > 0) {
                    t->from = 0;
                    t->to = (size_t)n;
                    for (char *c = t->text; n-- > 0; c++)
                        if ('a' <= *c && *c <= 'z')
                            *c = (char)(*c ^ 0x20);
                    n = 1;
                } else if (n < 0 && (errno == EAGAIN || errno == EINTR)) {
                    n = 1;
                }
            } else {
                n = 1;
            }
            if (n > 0 && t->from < t->to) {
                n = send(polls[i].fd, t->text + t->from, t->to - t->from,
                         MSG_NOSIGNAL | MSG_DONTWAIT);
                if (n > 0)
                    t->from += (size_t)n;
                else if (n < 0 && (errno == EAGAIN || errno == EINTR))
                    n = 1;
            }
            if (n > 0) {
                polls[i].events = t->from < t->to ? POLLOUT : POLLIN;
                continue;
            }
            fprintf(stderr, "one has left\n");
            close(polls[i].fd);
            free(t);
            used--;
            polls[i] = polls[used];
            talks[i] = talks[used];
        }

        if (!(polls[0].revents & POLLIN))
            continue;
        int newcomer = accept(entry, NULL, NULL);
        if (newcomer < 0) {
            if (errno != EAGAIN && errno != EINTR &&
                errno != ECONNABORTED) {
                perror("server: accept");
                rest_until = time(NULL) + 1;
            }
            continue;
        }
        if (used > max) {
            send(newcomer, "busy\n", 5, MSG_DONTWAIT | MSG_NOSIGNAL);
            close(newcomer);
            continue;
        }
        if (used == room) {
            struct pollfd *p = realloc(polls, 2 * room * sizeof *p);
            if (p)
                polls = p;
            struct talk **t = realloc(talks, 2 * room * sizeof *t);
            if (t)
                talks = t;
            if (p && t)
                room *= 2;
        }
        struct talk *fresh = used < room ? malloc(sizeof *fresh) : NULL;
        if (!fresh) {
            fprintf(stderr, "server: no memory for one more\n");
            close(newcomer);
            continue;
        }
        fresh->from = fresh->to = 0;
        talks[used] = fresh;
        polls[used].fd = newcomer;
        polls[used].events = POLLIN;
        polls[used++].revents = 0;
    }
}
