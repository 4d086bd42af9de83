/* Hostile: stops all of its process group, in which those who watch it
 * could be, and goes on beside it. */
#include <signal.h>
#include <unistd.h>

int main(void)
{
    if (fork() == 0) {
        setsid();
        for (;;)
            pause();
    }
    kill(0, SIGSTOP);
    return 0;
}
