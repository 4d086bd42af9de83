/* Hostile: leaves a process behind that nobody waits for. */
#include <signal.h>
#include <unistd.h>

int main(void)
{
    for (int i = 1; i < 32; i++)
        signal(i, SIG_IGN);
    if (fork() > 0)
        return 0;
    setsid();
    if (fork() > 0)
        return 0;
    execl("/usr/bin/sleep", "sleep", "98765", (char *)0);
    return 1;
}
