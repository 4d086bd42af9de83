/* UDP server: answers each datagram with a datagram of the same bytes, a-z
 * in upper case. There is no connection, so there is nothing to accept.
 * Usage: server [PORT]    on 127.0.0.1: 9999 unless given, 0 for a free one
 * Limit: a datagram that gets lost is lost, and nobody is told. */
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
    int udp = check(socket(AF_INET, SOCK_DGRAM, 0), "socket");
    check(bind(udp, (struct sockaddr *)&address, size), "bind");
    check(getsockname(udp, (struct sockaddr *)&address, &size),
          "getsockname");
    fprintf(stderr, "listening on 127.0.0.1:%d\n", ntohs(address.sin_port));

    for (;;) {
        char data[65536]; /* no datagram is larger, so none is cut short */
        struct sockaddr_in client;
        size = sizeof client;
        ssize_t sent, got = recvfrom(udp, data, sizeof data, 0,
                                     (struct sockaddr *)&client, &size);
        if (got < 0 && (errno == EINTR || errno == ECONNREFUSED))
            continue; /* refused: a client left before its answer came */
        if (got < 0) {
            perror("server: recvfrom");
            sleep(1); /* out of memory, say: to insist would spin */
            continue;
        }
        for (ssize_t i = 0; i < got; i++)
            if (data[i] >= 'a' && data[i] <= 'z')
                data[i] = (char)(data[i] - 'a' + 'A');
        do
            sent = sendto(udp, data, (size_t)got, 0,
                          (struct sockaddr *)&client, size);
        while (sent < 0 && errno == EINTR);
        if (sent < 0)
            perror("server: sendto");
    }
}
