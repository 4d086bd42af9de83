/* One-shot server. Style: a child process holds the conversation and asks
 * getpeername; recvmsg and sendmsg; goto for the errors; POSIX names. */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#define ROOM 1024

static ssize_t receive(int conn, void *into, size_t room)
{
    struct iovec part = { into, room };
    struct msghdr header = { .msg_iov = &part, .msg_iovlen = 1 };
    ssize_t result;
    do
        result = recvmsg(conn, &header, 0);
    while (result == -1 && errno == EINTR);
    return result;
}

static bool deliver(int conn, const void *from, size_t length)
{
    struct iovec part = { (void *)from, length };
    struct msghdr header = { .msg_iov = &part, .msg_iovlen = 1 };
    while (part.iov_len > 0) {
        ssize_t result = sendmsg(conn, &header, 0);
        if (result == -1 && errno != EINTR)
            return false;
        if (result > 0) {
            part.iov_base = (char *)part.iov_base + result;
            part.iov_len -= (size_t)result;
        }
    }
    return true;
}

static bool equals(const char *bytes, size_t length, const char *word)
{
    return strlen(word) == length && !memcmp(bytes, word, length);
}

static void converse(int conn)
{
    static const char *const questions[] = { "whoami", "whoami\n",
                                             "whoami\r\n" };
    char text[ROOM], rest[ROOM];
    bool asked = false;
    ssize_t result = receive(conn, text, ROOM);
    size_t length = result > 0 ? (size_t)result : 0;

    for (int q = 0; q < 3; ++q)
        asked = asked || equals(text, length, questions[q]);
    if (asked) {
        struct sockaddr_in other;
        socklen_t room = sizeof other;
        length = 0;
        if (getpeername(conn, (struct sockaddr *)&other, &room) == 0) {
            inet_ntop(AF_INET, &other.sin_addr, text, ROOM);
            length = strlen(text);
            length += (size_t)sprintf(text + length, ":%d\n",
                                      (int)ntohs(other.sin_port));
        }
    } else {
        size_t at = length;
        while (at-- > 0)
            if ('a' <= text[at] && text[at] <= 'z')
                text[at] ^= 'a' ^ 'A';
    }
    if (!deliver(conn, text, length))
        fputs("the caller did not wait for the answer\n", stderr);
    shutdown(conn, SHUT_WR);
    while (receive(conn, rest, ROOM) > 0)
        continue;
}

static bool port_of(const char *text, in_port_t *port)
{
    unsigned value = 0;
    const size_t digits = strspn(text, "0123456789");
    if (digits == 0 || text[digits] != '\0')
        return false;
    while (*text == '0')
        text++;
    if (strlen(text) > 5)
        return false;
    sscanf(text, "%u", &value);
    *port = htons((in_port_t)value);
    return value <= 65535;
}

int main(int argc, char *argv[])
{
    struct sockaddr_in here = { 0 };
    int door, conn, status = 0, one = 1;
    const char *call = "socket";
    pid_t child;

    here.sin_family = AF_INET;
    here.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    here.sin_port = htons(9999);
    if (argc > 2 || (argc == 2 && !port_of(argv[1], &here.sin_port))) {
        fputs("server takes one port, from 0 to 65535, or nothing\n", stderr);
        return 2;
    }
    signal(SIGPIPE, SIG_IGN);

    if ((door = socket(AF_INET, SOCK_STREAM, 0)) == -1)
        goto failed;
    call = "setsockopt";
    if (setsockopt(door, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one) == -1)
        goto failed;
    call = "bind";
    if (bind(door, (struct sockaddr *)&here, sizeof here) == -1)
        goto failed;
    call = "listen";
    if (listen(door, 128) == -1)
        goto failed;
    call = "accept";
    do
        conn = accept(door, NULL, NULL);
    while (conn == -1 && (errno == EINTR || errno == ECONNABORTED));
    if (conn == -1)
        goto failed;

    call = "fork";
    child = fork();
    if (child == -1)
        goto failed;
    if (child == 0) {
        close(door);
        converse(conn);
        exit(EXIT_SUCCESS);
    }
    close(conn);
    call = "waitpid";
    while (waitpid(child, &status, 0) == -1)
        if (errno != EINTR)
            goto failed;
    puts("the caller has gone");
    return WIFEXITED(status) ? WEXITSTATUS(status) : EXIT_FAILURE;

failed:
    fprintf(stderr, "server: %s 127.0.0.1:%d: %s\n", call,
            ntohs(here.sin_port), strerror(errno));
    return EXIT_FAILURE;
}
