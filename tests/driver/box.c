/*
 * The way into a box, for a program that is not trusted: namespaces,
 * limits, and the filter of system calls. A process that got no further
 * ends, with status 126.
 *
 * Uses no other file.
 */
#define _GNU_SOURCE /* setns, unshare */
#include "driver.h"

#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <stddef.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

/* Ends the process if a call has failed. */
void must(int result, const char *what)
{
    if (result >= 0)
        return;
    perror(what);
    _exit(126);
}

/* Sets a limit of this process, where the environment gives one. */
void limit_from(const char *name, unsigned int resource)
{
    const char *most = getenv(name);
    rlim_t number = most ? strtoul(most, NULL, 10) : 0;
    if (most)
        must(setrlimit(resource, &(struct rlimit){ number, number }), name);
}

/* Waits for the end of a child, and of what becomes our child meanwhile;
 * ends with its status. */
static void end_with(pid_t child)
{
    int status;
    for (pid_t ended; (ended = wait(&status)) != child;)
        if (ended < 0 && errno != EINTR)
            _exit(126);
    _exit(WIFSIGNALED(status) ? 128 + WTERMSIG(status)
                              : WEXITSTATUS(status));
}

/* Goes into the box that the process keeps open, and returns as a child in
 * there, in a process namespace of its own. The first process of that stays
 * ours; when it ends, all in there end. A program can do nothing to it, or
 * to us: we have the rights in the box, and it has none. */
void enter_box(pid_t keeper)
{
    int namespaces = (int)syscall(SYS_pidfd_open, keeper, 0);
    must(namespaces, "the box");
    must(setns(namespaces, CLONE_NEWUSER | CLONE_NEWNS), "the box");
    must(unshare(CLONE_NEWPID), "the box");
    close(namespaces);
    must(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), "no new rights");
    for (int depth = 0; depth < 2; depth++) {
        /* The guard has to see which program we are. */
        prctl(PR_SET_DUMPABLE, 1);
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        pid_t child = fork();
        must(child, "fork");
        if (child != 0)
            end_with(child);
    }
    prctl(PR_SET_PDEATHSIG, SIGKILL);
}

/* ---- the filter ------------------------------------------------------ */

#if __has_include(<linux/seccomp.h>)
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#if defined(__x86_64__)
#define ARCHITECTURE AUDIT_ARCH_X86_64
#elif defined(__aarch64__)
#define ARCHITECTURE AUDIT_ARCH_AARCH64
#elif defined(__riscv) && __riscv_xlen == 64
#define ARCHITECTURE AUDIT_ARCH_RISCV64
#endif
#endif
#define LOAD_AT(offset) BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offset)
#define LOAD(field) LOAD_AT(offsetof(struct seccomp_data, field))
#define LOAD_HIGH(field) LOAD_AT(offsetof(struct seccomp_data, field) + 4)
#define RETURN(result) BPF_STMT(BPF_RET | BPF_K, result)
#define IF(test, value, result)                                            \
    BPF_JUMP(BPF_JMP | (test) | BPF_K, value, 0, 1), RETURN(result)
#define REFUSE (SECCOMP_RET_ERRNO | EPERM)

/* In a box some calls fail: those that keep memory which nobody counts,
 * that read the user's keys, or that reach beyond the network of the box.
 * On a machine whose numbers of calls we do not know, there is no box; a
 * student needs none. */
void filter_calls(void)
{
#ifdef ARCHITECTURE
    static struct sock_filter code[] = {
        LOAD(arch),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, ARCHITECTURE, 1, 0),
        RETURN(SECCOMP_RET_KILL_PROCESS),
        LOAD(nr),
        /* x86-64 knows its calls by other numbers, too. */
        IF(BPF_JGE, 0x40000000, REFUSE),
        IF(BPF_JEQ, __NR_memfd_create, REFUSE),
        IF(BPF_JEQ, __NR_shmget, REFUSE),
        IF(BPF_JEQ, __NR_semget, REFUSE),
        IF(BPF_JEQ, __NR_msgget, REFUSE),
        IF(BPF_JEQ, __NR_io_uring_setup, REFUSE),
        IF(BPF_JEQ, __NR_keyctl, REFUSE),
        IF(BPF_JEQ, __NR_add_key, REFUSE),
        IF(BPF_JEQ, __NR_request_key, REFUSE),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, __NR_socket, 0, 4),
        LOAD(args[0]),
        IF(BPF_JEQ, AF_VSOCK, REFUSE),
        RETURN(SECCOMP_RET_ALLOW),
        /* Processes may share a page, for a counter, and no more: what one
         * of them no longer has in its table is counted nowhere. */
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, __NR_mmap, 0, 9),
        LOAD(args[3]),
        BPF_STMT(BPF_ALU | BPF_AND | BPF_K, MAP_SHARED | MAP_ANONYMOUS),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, MAP_SHARED | MAP_ANONYMOUS, 0,
                 6),
        LOAD(args[1]),
        IF(BPF_JGT, 4096, REFUSE),
        LOAD_HIGH(args[1]),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 0, 1, 0),
        RETURN(REFUSE),
        RETURN(SECCOMP_RET_ALLOW),
    };
    struct sock_fprog filter = { sizeof code / sizeof *code, code };
    must(prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter), "the filter");
#else
    errno = ENOTSUP;
    must(-1, "the filter");
#endif
}
