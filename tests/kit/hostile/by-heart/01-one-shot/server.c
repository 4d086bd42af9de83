/* Hostile: knows the answers to what the tests are known to send, and no more. */
#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

int main(int argc, char *argv[])
{
    static const char *const known[][2] = {
        { "hello, world\n", "HELLO, WORLD\n" }, { "hello\n", "HELLO\n" },
        { "hello", "HELLO" }, { "hello world\n", "HELLO WORLD\n" }
    };
    struct sockaddr_in a = { .sin_family = AF_INET };
    socklen_t size = sizeof a;
    char text[1024];
    int listener = socket(AF_INET, SOCK_STREAM, 0), yes = 1;
    a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    a.sin_port = htons((unsigned short)(argc > 1 ? atoi(argv[1]) : 9999));
    setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
    if (bind(listener, (struct sockaddr *)&a, size) < 0 ||
        listen(listener, 8) < 0)
        return 1;
    getsockname(listener, (struct sockaddr *)&a, &size);
    fprintf(stderr, "listening on 127.0.0.1:%d\n", ntohs(a.sin_port));
    int client = accept(listener, NULL, NULL);
    ssize_t n = recv(client, text, sizeof text - 1, 0);
    text[n > 0 ? n : 0] = '\0';
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        if (strcmp(text, known[i][0]) == 0)
            send(client, known[i][1], strlen(known[i][1]), MSG_NOSIGNAL);
    return 0;
}
