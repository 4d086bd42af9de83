/* Hostile: sleeps, and hears no signal that can be ignored. */
#include <signal.h>
#include <unistd.h>

int main(void)
{
    for (int i = 1; i < 32; i++)
        signal(i, SIG_IGN);
    for (;;)
        sleep(1000);
}
