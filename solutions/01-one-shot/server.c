/* One-shot server: answers one message of one client with the same bytes,
 * a-z in upper case, and leaves.
 * Usage: server [PORT]    on 127.0.0.1: 9999 unless given, 0 for a free one
 * Limit: the message is what the first recv brings, at most 1,024 bytes. */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
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

/* Is the message "whoami", with or without the end of a line? */
static int is_whoami(const char *data, ssize_t length)
{
    return length >= 6 && memcmp(data, "whoami", 6) == 0 &&
           (length == 6 || (length == 7 && data[6] == '\n') ||
            (length == 8 && data[6] == '\r' && data[7] == '\n'));
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
    check(bind(listener, (struct sockaddr *)&address, size), "bind");
    check(listen(listener, SOMAXCONN), "listen");
    check(getsockname(listener, (struct sockaddr *)&address, &size),
          "getsockname");
    fprintf(stderr, "listening on 127.0.0.1:%d\n", ntohs(address.sin_port));

    int client;
    struct sockaddr_in peer;
    size = sizeof peer;
    while ((client = accept(listener, (struct sockaddr *)&peer, &size)) < 0)
        check(errno == EINTR || errno == ECONNABORTED ? 0 : -1, "accept");
    char data[1024];
    ssize_t got, sent = 0, n;
    while ((got = recv(client, data, sizeof data, 0)) < 0 && errno == EINTR)
        ;
    if (is_whoami(data, got)) {
        char host[INET_ADDRSTRLEN];
        inet_ntop(AF_INET, &peer.sin_addr, host, sizeof host);
        got = snprintf(data, sizeof data, "%s:%d\n", host,
                       ntohs(peer.sin_port));
    }
    for (ssize_t i = 0; i < got; i++)
        if (data[i] >= 'a' && data[i] <= 'z')
            data[i] = (char)(data[i] - 'a' + 'A');
    while (sent < got) {
        n = send(client, data + sent, (size_t)(got - sent), MSG_NOSIGNAL);
        if (n < 0 && errno != EINTR)
            break;
        sent += n > 0 ? n : 0;
    }
    shutdown(client, SHUT_WR); /* to close now could destroy the answer */
    do
        got = recv(client, data, sizeof data, 0);
    while (got > 0 || (got < 0 && errno == EINTR));
    fprintf(stderr, "client left\n");
    close(client);
    return 0;
}
