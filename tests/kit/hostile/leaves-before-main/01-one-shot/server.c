/* Hostile: claims that all went well, and leaves before main. */
#include <stdio.h>
#include <unistd.h>

__attribute__((constructor)) static void leave(void)
{
    puts("1..22");
    for (int i = 1; i <= 22; i++)
        printf("ok %d\n", i);
    fflush(stdout);
    _exit(0);
}

int main(void)
{
    return 1;
}
