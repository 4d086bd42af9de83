/* Hostile: tries what reaches out of a box, goes through the processes
 * that it sees, and tries to trace, leave, read and write by each. The
 * tests look for SECRET-OF-ANOTHER in what comes out: where a way out is
 * open that is the last that it says. */
#define _GNU_SOURCE
#include <ctype.h>
#include <dirent.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ipc.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

static void way_out(const char *pid, const char *what)
{
    fprintf(stderr, "SECRET-OF-ANOTHER: %s of %s\n", what, pid);
    _exit(1);
}

static void say_file(const char *pid, const char *name)
{
    char path[512], text[4096];
    snprintf(path, sizeof path, "/proc/%.20s/%.200s", pid, name);
    int fd = open(path, O_RDONLY | O_NONBLOCK);
    ssize_t n = fd < 0 ? -1 : read(fd, text, sizeof text);
    for (ssize_t i = 0; i < n; i++)
        fputc(text[i] ? text[i] : '\n', stderr);
    close(fd);
}

static void look(const char *pid, const char *name)
{
    char path[512];
    snprintf(path, sizeof path, "/proc/%.20s/%.20s", pid, name);
    DIR *dir = opendir(path);
    for (struct dirent *e; dir && (e = readdir(dir));) {
        snprintf(path, sizeof path, "%s/%.200s", name, e->d_name);
        fprintf(stderr, "%s %s\n", pid, path);
        if (e->d_name[0] != '.')
            say_file(pid, path);
    }
    if (dir)
        closedir(dir);
}

static int shares(size_t size)
{
    return mmap(NULL, size, PROT_READ | PROT_WRITE,
                MAP_SHARED | MAP_ANONYMOUS, -1, 0) != MAP_FAILED;
}

int main(void)
{
    static const char *const spaces[] = { "user", "mnt", "pid", "net" };
    char path[512];
    if (unshare(CLONE_NEWUSER) == 0 ||
        mount("x", "/tmp", "tmpfs", 0, "") == 0)
        way_out("mine", "rights");
    /* Where others may run it, it would run with the grader's rights. */
    if (chmod("/proc/self/exe", 06755) == 0)
        way_out("mine", "the file's mode");
    if (syscall(SYS_memfd_create, "x", 0) >= 0 ||
        syscall(SYS_shmget, IPC_PRIVATE, 4096, 0600) >= 0 ||
        syscall(SYS_semget, IPC_PRIVATE, 1, 0600) >= 0 ||
        syscall(SYS_msgget, IPC_PRIVATE, 0600) >= 0 || shares(4097) ||
        shares(1ul << 32))
        way_out("mine", "memory that nobody counts");
    /* A page is allowed: processes may share a counter. */
    if (!shares(4096))
        way_out("none", "a page to share");
    if (syscall(SYS_keyctl, 0, -3, 1) >= 0) /* KEYCTL_GET_KEYRING_ID */
        way_out("mine", "the session's keys");
    if (socket(AF_VSOCK, SOCK_STREAM, 0) >= 0)
        way_out("mine", "a socket to the machine around us");
    if (kill(1, SIGKILL) == 0)
        sleep(1);
    DIR *proc = opendir("/proc");
    for (struct dirent *e; proc && (e = readdir(proc));) {
        const char *pid = e->d_name;
        if (!isdigit((unsigned char)*pid))
            continue;
        for (size_t i = 0; i < sizeof spaces / sizeof *spaces; i++) {
            snprintf(path, sizeof path, "/proc/%.20s/ns/%s", pid,
                     spaces[i]);
            int fd = open(path, O_RDONLY);
            if (fd >= 0 && setns(fd, 0) == 0)
                way_out(pid, spaces[i]);
        }
        if (ptrace(PTRACE_ATTACH, atoi(pid), 0, 0) == 0)
            way_out(pid, "a trace");
        if (atoi(pid) != getpid())
            kill(atoi(pid), SIGKILL);
        say_file(pid, "environ");
        say_file(pid, "cmdline");
        look(pid, "fd");
        look(pid, "root/tmp");
        look(pid, "cwd");
    }
    return 0;
}
