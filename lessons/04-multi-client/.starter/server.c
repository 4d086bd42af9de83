/* Multi-client server: serves many clients at once, a thread for each.
 * Usage: server [PORT]    on 127.0.0.1: 9999 unless given, 0 for a free one
 * Limit: a client costs a thread, with a stack of its own. */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <stdint.h>
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

/* The life of a thread: it serves one client. */
static void *attend(void *argument)
{
    int client = (int)(intptr_t)argument;
    fprintf(stderr, "client %d connected\n", client);
    if (serve(client) < 0)
        fprintf(stderr, "client %d broke off: %s\n", client,
                strerror(errno));
    else
        fprintf(stderr, "client %d left\n", client);
    close(client);
    return NULL;
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

    for (;;) {
        int client = accept(listener, NULL, NULL);
        if (client < 0 && (errno == EINTR || errno == ECONNABORTED))
            continue;
        if (client < 0) {
            perror("server: accept");
            sleep(1); /* out of descriptors, say: to insist would spin */
            continue;
        }
        /* The thread gets the number itself. The address of client would be
         * the same for every thread, and the next accept writes there. */
        pthread_t thread;
        int error =
            pthread_create(&thread, NULL, attend, (void *)(intptr_t)client);
        if (error == 0)
            error = pthread_detach(thread); /* nobody will join it */
        else
            close(client);
        if (error != 0)
            fprintf(stderr, "server: pthread_create: %s\n",
                    strerror(error));
    }
}
