/*
 * Calls that fail on purpose: a library that the dynamic linker loads
 * before the C library (LD_PRELOAD). It belongs to tests/kit/faults.bats.
 *
 *   FAULT=CALL:ERROR:WHEN[:CLIENT]
 *       CALL is one of those below, ERROR an error's name, or "short": one
 *       byte is taken and no more. WHEN says which calls, counted from 1:
 *       "2" the second, "2+" the second and all behind it, "odd" the first,
 *       the third, and so on. With CLIENT only those calls count whose
 *       descriptor came from this accept: the first (1), the second (2).
 *   FAULT_REPORT=FILE
 *       Each fault that was raised, the first hundred of them, is a line in
 *       the file: "CALL ERROR MESSAGE".
 *   FAULT_END=FILE
 *       As soon as the file is there, nothing fails any more.
 *
 * What a real failure leaves behind is there too: an interrupted connect
 * goes on and completes, as POSIX has it; a close that was interrupted has
 * closed; after ECONNRESET and EPIPE the connection is over for both sides.
 * A short datagram that comes is cut; one that goes is sent whole.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { SHORT = -1, DESCRIPTORS = 1024, REPORTS = 100 };

static const struct {
    const char *name;
    int number;
} errors[] = { { "EACCES", EACCES },
               { "EADDRINUSE", EADDRINUSE },
               { "EAGAIN", EAGAIN },
               { "ECONNABORTED", ECONNABORTED },
               { "ECONNREFUSED", ECONNREFUSED },
               { "ECONNRESET", ECONNRESET },
               { "EINTR", EINTR },
               { "EINVAL", EINVAL },
               { "EIO", EIO },
               { "EMFILE", EMFILE },
               { "ENETUNREACH", ENETUNREACH },
               { "ENFILE", ENFILE },
               { "ENOBUFS", ENOBUFS },
               { "ENOMEM", ENOMEM },
               { "ENOPROTOOPT", ENOPROTOOPT },
               { "ENOSPC", ENOSPC },
               { "ENOTCONN", ENOTCONN },
               { "EPERM", EPERM },
               { "EPIPE", EPIPE },
               { "ETIMEDOUT", ETIMEDOUT },
               { "short", SHORT } };

static char call[24], error_name[24], when[24];
static const char *end;
static int error, report = -1, only;
static atomic_int calls, reports, accepted, client_of[DESCRIPTORS];

static void refuse(const char *why)
{
    fprintf(stderr, "faults: %s\n", why);
    _exit(99);
}

__attribute__((constructor)) static void begin(void)
{
    const char *text = getenv("FAULT"), *path = getenv("FAULT_REPORT");
    size_t i = 0;
    if (!text)
        return;
    if (sscanf(text, "%23[^:]:%23[^:]:%23[^:]:%d", call, error_name, when,
               &only) < 3)
        refuse("FAULT is CALL:ERROR:WHEN[:CLIENT]");
    while (i < sizeof errors / sizeof *errors &&
           strcmp(error_name, errors[i].name) != 0)
        i++;
    if (i == sizeof errors / sizeof *errors)
        refuse("no such error");
    error = errors[i].number;
    end = getenv("FAULT_END");
    report =
        path ? (int)syscall(SYS_openat, AT_FDCWD, path,
                            O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0666)
             : -1;
    if (report < 0)
        refuse("FAULT_REPORT is not a file to write to");
    /* The program's own descriptors are numbered as they always are. */
    int high =
        (int)syscall(SYS_fcntl, report, F_DUPFD_CLOEXEC, DESCRIPTORS - 1);
    if (high >= 0) {
        syscall(SYS_close, report);
        report = high;
    }
}

/* Shall this call fail? Returns the error's number, SHORT, or 0. */
static int fault(const char *name, int fd)
{
    char line[128];
    if (error == 0 || strcmp(name, call) != 0)
        return 0;
    if (only && (fd < 0 || fd >= DESCRIPTORS || client_of[fd] != only))
        return 0;
    int number = ++calls, first = atoi(when);
    if (strcmp(when, "odd") == 0 ? number % 2 == 0
        : strchr(when, '+')      ? number < first
                                 : number != first)
        return 0;
    if (end && syscall(SYS_faccessat, AT_FDCWD, end, F_OK) == 0)
        return 0;
    if (++reports <= REPORTS) {
        int length =
            snprintf(line, sizeof line, "%s %s %s\n", name, error_name,
                     error == SHORT ? "" : strerror(error));
        syscall(SYS_write, report, line, (size_t)length);
    }
    if (error != SHORT)
        errno = error;
    return error;
}

/* Returns the C library's own function: REAL(close)(fd). It is looked up
 * each time: that is quick enough here, and no thread waits for another. */
static void *next(const char *name)
{
    void *found = dlsym(RTLD_NEXT, name);
    if (!found)
        refuse(name);
    return found;
}
#define REAL(name) ((__typeof__(&(name)))(intptr_t)next(#name))

static int is_datagram(int fd)
{
    int type = 0;
    socklen_t size = sizeof type;
    getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &size);
    return type == SOCK_DGRAM;
}

/* What the error of this send or recv leaves behind. Returns -1. */
static ssize_t broken(int fd)
{
    if ((error == ECONNRESET || error == EPIPE) && !is_datagram(fd))
        REAL(shutdown)(fd, SHUT_RDWR);
    errno = error;
    return -1;
}

/* ---- a connection ---------------------------------------------------- */

int socket(int domain, int type, int protocol)
{
    return fault("socket", -1) ? -1 : REAL(socket)(domain, type, protocol);
}

int setsockopt(int fd, int level, int name, const void *value,
               socklen_t size)
{
    return fault("setsockopt", fd)
               ? -1
               : REAL(setsockopt)(fd, level, name, value, size);
}

int bind(int fd, __CONST_SOCKADDR_ARG address, socklen_t size)
{
    return fault("bind", fd) ? -1 : REAL(bind)(fd, address, size);
}

int listen(int fd, int backlog)
{
    return fault("listen", fd) ? -1 : REAL(listen)(fd, backlog);
}

int getsockname(int fd, __SOCKADDR_ARG address, socklen_t *size)
{
    return fault("getsockname", fd) ? -1
                                    : REAL(getsockname)(fd, address, size);
}

int accept(int fd, __SOCKADDR_ARG address, socklen_t *size)
{
    if (fault("accept", fd))
        return -1;
    int client = REAL(accept)(fd, address, size);
    if (client >= 0 && client < DESCRIPTORS)
        client_of[client] = ++accepted;
    return client;
}

int connect(int fd, __CONST_SOCKADDR_ARG address, socklen_t size)
{
    int f = fault("connect", fd);
    if (f != 0 && f != EINTR)
        return -1;
    int result = REAL(connect)(fd, address, size);
    if (f == 0)
        return result;
    errno = f;
    return -1;
}

int shutdown(int fd, int how)
{
    return fault("shutdown", fd) ? -1 : REAL(shutdown)(fd, how);
}

int close(int fd)
{
    int f = fault("close", fd), result;
    if (fd >= 0 && fd < DESCRIPTORS)
        client_of[fd] = 0;
    result = REAL(close)(fd);
    if (f == 0)
        return result;
    errno = f;
    return -1;
}

int fcntl(int fd, int command, ...)
{
    va_list arguments;
    va_start(arguments, command);
    long argument = va_arg(arguments, long);
    va_end(arguments);
    return fault("fcntl", fd) ? -1 : REAL(fcntl)(fd, command, argument);
}

int poll(struct pollfd *polled, nfds_t count, int timeout)
{
    return fault("poll", -1) ? -1 : REAL(poll)(polled, count, timeout);
}

/* ---- bytes ----------------------------------------------------------- */

/* How many bytes this call takes, and how many it says that it took. */
static size_t cut(int f, int fd, size_t length)
{
    return f == SHORT && length > 1 && !is_datagram(fd) ? 1 : length;
}

static ssize_t say(int f, ssize_t result)
{
    return f == SHORT && result > 1 ? 1 : result;
}

ssize_t recv(int fd, void *data, size_t length, int flags)
{
    int f = fault("recv", fd);
    if (f > 0)
        return broken(fd);
    return say(f, REAL(recv)(fd, data, cut(f, fd, length), flags));
}

ssize_t recvfrom(int fd, void *data, size_t length, int flags,
                 __SOCKADDR_ARG address, socklen_t *size)
{
    int f = fault("recvfrom", fd);
    if (f > 0)
        return broken(fd);
    return say(f, REAL(recvfrom)(fd, data, cut(f, fd, length), flags,
                                 address, size));
}

ssize_t send(int fd, const void *data, size_t length, int flags)
{
    int f = fault("send", fd);
    if (f > 0)
        return broken(fd);
    return say(f, REAL(send)(fd, data, cut(f, fd, length), flags));
}

ssize_t sendto(int fd, const void *data, size_t length, int flags,
               __CONST_SOCKADDR_ARG address, socklen_t size)
{
    int f = fault("sendto", fd);
    if (f > 0)
        return broken(fd);
    return say(f, REAL(sendto)(fd, data, cut(f, fd, length), flags, address,
                               size));
}

ssize_t read(int fd, void *data, size_t length)
{
    int f = fault("read", fd);
    if (f > 0)
        return -1;
    return REAL(read)(fd, data, f == SHORT && length > 1 ? 1 : length);
}

/* ---- threads, memory, standard input and output ---------------------- */

int pthread_create(pthread_t *thread, const pthread_attr_t *attributes,
                   void *(*start)(void *), void *argument)
{
    int f = fault("pthread_create", -1);
    return f ? f
             : REAL(pthread_create)(thread, attributes, start, argument);
}

/* glibc's own names: dlsym may ask for memory itself. */
extern void *__libc_malloc(size_t size);
extern void *__libc_realloc(void *memory, size_t size);

void *malloc(size_t size)
{
    return fault("malloc", -1) ? NULL : __libc_malloc(size);
}

void *realloc(void *memory, size_t size)
{
    return fault("realloc", -1) ? NULL : __libc_realloc(memory, size);
}

ssize_t getline(char **line, size_t *room, FILE *file)
{
    return fault("getline", -1) ? -1 : REAL(getline)(line, room, file);
}

size_t fwrite(const void *data, size_t size, size_t count, FILE *file)
{
    if (file == stdout && fault("fwrite", -1))
        return 0;
    return REAL(fwrite)(data, size, count, file);
}

int fflush(FILE *file)
{
    if (file == stdout && fault("fflush", -1))
        return EOF;
    return REAL(fflush)(file);
}
