/* Hostile: uses all processor time, on every processor. */
#include <unistd.h>

int main(void)
{
    for (int i = 0; i < 8; i++)
        if (fork() == 0)
            break;
    for (volatile unsigned long i = 0;; i++)
        continue;
}
