// UDP client, in one function: read, write, and the time limit of the
// socket itself (SO_RCVTIMEO).
// Usage: client [HOST [PORT [TRIES]]]
#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <time.h> // clock_gettime
#include <unistd.h>

int main(int count, char **arguments)
{
    const char *ip = count > 1 ? arguments[1] : "127.0.0.1";
    const char *service = count > 2 ? arguments[2] : "9999";
    const char *limit = count > 3 ? arguments[3] : "4";
    struct sockaddr_in there = { 0 };
    there.sin_family = AF_INET;
    int good = count <= 4 && inet_pton(AF_INET, ip, &there.sin_addr) == 1;
    // A decimal number has digits only, and at least one.
    good = good && *service && !service[strspn(service, "0123456789")];
    good = good && *limit && !limit[strspn(limit, "0123456789")];
    unsigned long most = good ? strtoul(limit, NULL, 10) : 0;
    unsigned long door = good ? strtoul(service, NULL, 10) : 0;
    if (most < 1 || door < 1 || door > 65535) {
        fprintf(stderr, "usage: %s [HOST [PORT [TRIES]]]\n", arguments[0]);
        return 2;
    }
    there.sin_port = htons((unsigned short)door);

    int fd = socket(PF_INET, SOCK_DGRAM, 0);
    if (fd == -1) {
        fprintf(stderr, "client: socket %s:%s: %s\n", ip, service,
                strerror(errno));
        return 1;
    }
    if (connect(fd, (struct sockaddr *)&there, sizeof there) == -1) {
        fprintf(stderr, "client: connect %s:%s: %s\n", ip, service,
                strerror(errno));
        return 1;
    }

    char *typed = NULL;
    size_t space = 0;
    static char question[70000], reply[70000];
    int prompts = isatty(0), last = 0;
    for (unsigned long n = 1; !last; n++) {
        ssize_t got;
        do {
            if (prompts)
                fputs("> ", stderr);
            got = getline(&typed, &space, stdin);
        } while (got == 1 && typed[0] == '\n');
        if (got < 0 && ferror(stdin)) {
            perror("client: getline");
            return 1;
        }
        if (got < 0)
            break;
        last = (got == 4 && memcmp(typed, "exit", 4) == 0) ||
               (got == 5 && memcmp(typed, "exit\n", 5) == 0);

        int head = sprintf(question, "%lu ", n);
        // Whatever is above 65,507 bytes is refused by write, so it does
        // not matter by how much it is.
        size_t size = (size_t)got;
        if (size > 65508)
            size = 65508;
        memcpy(question + head, typed, size);
        size += (size_t)head;

        int answered = 0;
        for (unsigned long try = 0; try < most && !answered; try++) {
            // A refusal that write reports is of an earlier datagram, and
            // this one has not left; the next call of write sends it.
            int news = 0;
            while (write(fd, question, size) < 0) {
                if (errno == EINTR || (errno == ECONNREFUSED && !news++))
                    ;
                else if (errno == ECONNREFUSED)
                    break;
                else {
                    fprintf(stderr, "client: write %s:%s: %s\n", ip,
                            service, strerror(errno));
                    return 1;
                }
            }
            struct timespec begin, moment;
            clock_gettime(CLOCK_MONOTONIC, &begin);
            for (;;) {
                clock_gettime(CLOCK_MONOTONIC, &moment);
                long passed = (moment.tv_sec - begin.tv_sec) * 1000000 +
                              (moment.tv_nsec - begin.tv_nsec) / 1000;
                if (passed >= 250000)
                    break;
                struct timeval rest = { 0, 250000 - passed };
                setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &rest, sizeof rest);
                ssize_t length = read(fd, reply, sizeof reply);
                if (length < head || memcmp(reply, question, (size_t)head))
                    continue; // time is over, nobody at home, not ours
                size_t due = (size_t)(length - head);
                if (fwrite(reply + head, 1, due, stdout) != due ||
                    fflush(stdout)) {
                    perror("client: fwrite");
                    return 1;
                }
                answered = 1;
                break;
            }
        }
        if (!answered) {
            fprintf(stderr, "client: no answer to line %lu\n", n);
            return 1;
        }
    }
    free(typed);
    return 0;
}
