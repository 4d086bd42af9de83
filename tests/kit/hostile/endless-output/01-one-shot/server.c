/* Hostile: writes without end. */
#include <signal.h>
#include <string.h>
#include <unistd.h>

int main(void)
{
    char text[65536];
    memset(text, 'x', sizeof text);
    signal(SIGXFSZ, SIG_IGN);
    for (;;)
        if (write(1, text, sizeof text) < 0 && write(2, text, sizeof text) < 0)
            continue;
}
