/* Looping server: takes one client, and answers all that it sends, with
 * a-z in upper case, until it leaves.
 * Usage: server [PORT]    on 127.0.0.1: 9999 unless given, 0 for a free one
 * Limit: one client; when that one has left, the server leaves too. */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
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

/* Answers every byte with the same byte, a-z in upper case, as they come.
 * Returns 0 when the client has sent its last, and -1 when the connection
 * broke. */
static int serve(int client)
{
    char data[4096];
    for (;;) {
        ssize_t got = recv(client, data, sizeof data, 0), sent = 0;
        if (got == 0)
            return 0;
        if (got < 0 && errno != EINTR)
            return -1;
        for (ssize_t i = 0; i < got; i++)
            if (data[i] >= 'a' && data[i] <= 'z')
                data[i] = (char)(data[i] - 'a' + 'A');
        while (sent < got) {
            ssize_t n = send(client, data + sent, (size_t)(got - sent),
                             MSG_NOSIGNAL);
            if (n < 0 && errno != EINTR)
                return -1;
            sent += n > 0 ? n : 0;
        }
    }
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

    int client;
    while ((client = accept(listener, NULL, NULL)) < 0)
        check(errno == EINTR || errno == ECONNABORTED ? 0 : -1, "accept");
    fprintf(stderr, "client connected\n");
    if (serve(client) < 0)
        perror("client broke off");
    else
        fprintf(stderr, "client left\n");
    close(client);
    return 0;
}
