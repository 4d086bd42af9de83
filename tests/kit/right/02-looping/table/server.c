// Looping server that ends at the line "exit". Style: read and write with
// SIGPIPE ignored, a table of states, a log on standard output.
// Usage: server [PORT]    on 127.0.0.1, 9999 unless given
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

// What the line has been so far.
enum state { NEW, E, EX, EXI, EXIT, EXIT_CR, OTHER, OVER };

// The next state, by state and by kind of byte.
static const unsigned char table[OVER][7] = {
    //            e      x      i      t     \r       \n    any other
    [NEW] = { E, OTHER, OTHER, OTHER, OTHER, NEW, OTHER },
    [E] = { OTHER, EX, OTHER, OTHER, OTHER, NEW, OTHER },
    [EX] = { OTHER, OTHER, EXI, OTHER, OTHER, NEW, OTHER },
    [EXI] = { OTHER, OTHER, OTHER, EXIT, OTHER, NEW, OTHER },
    [EXIT] = { OTHER, OTHER, OTHER, OTHER, EXIT_CR, OVER, OTHER },
    [EXIT_CR] = { OTHER, OTHER, OTHER, OTHER, OTHER, OVER, OTHER },
    [OTHER] = { OTHER, OTHER, OTHER, OTHER, OTHER, NEW, OTHER },
};

static int kind(char byte)
{
    static const char kinds[6] = { 'e', 'x', 'i', 't', '\r', '\n' };
    int k = 0;
    while (k < 6 && kinds[k] != byte)
        k++;
    return k;
}

static void die(const char *call)
{
    fprintf(stderr, "server: %s: %s\n", call, strerror(errno));
    exit(1);
}

// Like read, but a signal does not end it.
static ssize_t read_some(int fd, char *to, size_t size)
{
    ssize_t n;
    while ((n = read(fd, to, size)) < 0 && errno == EINTR)
        ;
    return n;
}

// Writes everything. Returns false if that is not possible.
static int write_all(int fd, const char *from, size_t size)
{
    while (size > 0) {
        ssize_t n = write(fd, from, size);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return 0;
        from += n;
        size -= (size_t)n;
    }
    return 1;
}

static const char *converse(int fd)
{
    char bytes[1000];
    enum state state = NEW;
    ssize_t n = 0;
    while (state != OVER && (n = read_some(fd, bytes, sizeof bytes)) > 0) {
        size_t answered = 0;
        while (state != OVER && answered < (size_t)n) {
            char *byte = &bytes[answered++];
            state = table[state][kind(*byte)];
            if (*byte >= 'a' && *byte <= 'z')
                *byte = (char)(*byte ^ 0x20);
        }
        if (!write_all(fd, bytes, answered))
            return "the client is gone, its answers are lost";
    }
    if (n < 0)
        return "the client is gone without a goodbye";
    if (state != OVER)
        return "the client has left";
    // It said exit: say goodbye, and hear it out.
    if (shutdown(fd, SHUT_WR) == 0)
        while (read_some(fd, bytes, sizeof bytes) > 0)
            ;
    return "the client said exit";
}

int main(int argc, char **argv)
{
    const char *text = argc > 1 ? argv[1] : "9999";
    char *rest;
    long number = strtol(text, &rest, 10);
    if (argc > 2 || *text < '0' || *text > '9' || *rest != '\0' ||
        number > 65535) {
        fprintf(stderr, "usage: %s [PORT]\n", argv[0]);
        return 2;
    }
    signal(SIGPIPE, SIG_IGN);
    int door = socket(AF_INET, SOCK_STREAM, 0), yes = 1;
    if (door < 0)
        die("socket");
    if (setsockopt(door, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes) < 0 ||
        setsockopt(door, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes) < 0)
        die("setsockopt");
    struct sockaddr_in here;
    socklen_t size = sizeof here;
    memset(&here, 0, sizeof here);
    here.sin_family = AF_INET;
    here.sin_port = htons((unsigned short)number);
    inet_pton(AF_INET, "127.0.0.1", &here.sin_addr);
    if (bind(door, (struct sockaddr *)&here, size) < 0)
        die("bind");
    if (listen(door, 5) < 0)
        die("listen");
    if (getsockname(door, (struct sockaddr *)&here, &size) < 0)
        die("getsockname");
    printf("Waiting for a client at port %d.\n", ntohs(here.sin_port));
    fflush(stdout);
    int fd;
    while ((fd = accept(door, 0, 0)) < 0)
        if (errno != EINTR && errno != ECONNABORTED)
            die("accept");
    puts(converse(fd));
    close(fd);
    close(door);
    return 0;
}
