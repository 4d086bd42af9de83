// One-shot server. Style: one function, read and write with SIGPIPE ignored,
// the caller's address in numbers by hand, all logs on standard output.
#include <arpa/inet.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

int main(int argc, char **argv)
{
    // The port, digit by digit.
    unsigned long number = 9999;
    if (argc > 2) {
        fprintf(stderr, "usage: %s [PORT]\n", argv[0]);
        return 2;
    }
    if (argc == 2) {
        number = 0;
        const char *p = argv[1];
        if (*p == '\0')
            number = 70000;
        for (; *p != '\0'; ++p) {
            if (*p < '0' || *p > '9' || number > 65535) {
                number = 70000;
                break;
            }
            number = number * 10 + (unsigned long)(*p - '0');
        }
        if (number > 65535) {
            fprintf(stderr, "%s: no such port: %s\n", argv[0], argv[1]);
            return 2;
        }
    }
    signal(SIGPIPE, SIG_IGN);
    setvbuf(stdout, NULL, _IOLBF, 0);

    // The listener.
    struct sockaddr_in mine;
    memset(&mine, 0, sizeof(mine));
    mine.sin_family = AF_INET;
    mine.sin_port = htons((unsigned short)number);
    inet_pton(AF_INET, "127.0.0.1", &mine.sin_addr);
    const int yes = 1;
    int door = socket(AF_INET, SOCK_STREAM, 0);
    const char *step = NULL;
    if (door == -1)
        step = "socket";
    else if (setsockopt(door, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof(yes)))
        step = "setsockopt";
    else if (bind(door, (const struct sockaddr *)&mine, sizeof(mine)) == -1)
        step = "bind";
    else if (listen(door, 5) == -1)
        step = "listen";
    if (step != NULL) {
        fprintf(stderr, "server: %s 127.0.0.1:%lu: %s\n", step, number,
                strerror(errno));
        return EXIT_FAILURE;
    }
    socklen_t mine_size = sizeof(mine);
    if (getsockname(door, (struct sockaddr *)&mine, &mine_size) == 0)
        printf("Waiting at port %hu\n", ntohs(mine.sin_port));

    // The caller.
    struct sockaddr_in caller;
    int line = -1;
    while (line == -1) {
        socklen_t caller_size = sizeof(caller);
        line = accept(door, (struct sockaddr *)&caller, &caller_size);
        if (line == -1 && errno != EINTR && errno != ECONNABORTED) {
            fprintf(stderr, "server: accept 127.0.0.1:%lu: %s\n", number,
                    strerror(errno));
            return EXIT_FAILURE;
        }
    }
    printf("Somebody is here\n");

    // The message.
    unsigned char message[1024];
    ssize_t count;
    do {
        count = read(line, message, sizeof(message));
    } while (count == -1 && errno == EINTR);

    // The answer: "address:port\n", or the message with larger letters.
    char reply[sizeof(message)];
    size_t size = count > 0 ? (size_t)count : 0;
    if ((size == 6 && !memcmp(message, "whoami", 6)) ||
        (size == 7 && !memcmp(message, "whoami\n", 7)) ||
        (size == 8 && !memcmp(message, "whoami\r\n", 8))) {
        const unsigned char *part = (unsigned char *)&caller.sin_addr;
        sprintf(reply, "%u.%u.%u.%u:%u\n", part[0], part[1], part[2],
                part[3], (unsigned)ntohs(caller.sin_port));
        size = strlen(reply);
        printf("The question was whoami\n");
    } else {
        for (size_t at = 0; at != size; ++at) {
            unsigned char byte = message[at];
            reply[at] = (char)(byte >= 'a' && byte <= 'z' ? byte - 32 : byte);
        }
    }

    // Out with it. A caller who has gone is no failure.
    const char *rest = reply;
    while (size != 0) {
        count = write(line, rest, size);
        if (count == -1 && errno == EINTR)
            continue;
        if (count == -1)
            break;
        rest += count;
        size -= (size_t)count;
    }

    // No more from here; wait for the caller to go.
    shutdown(line, SHUT_WR);
    do {
        count = read(line, message, sizeof(message));
    } while (count > 0 || (count == -1 && errno == EINTR));
    printf("Done\n");
    close(line);
    close(door);
    return EXIT_SUCCESS;
}
