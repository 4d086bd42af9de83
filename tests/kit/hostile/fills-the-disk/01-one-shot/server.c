/* Hostile: fills every folder in which it may write, and memory that is a file. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

int main(void)
{
    static const char *const folders[] = { "/tmp", "/dev/shm", "/var/tmp" };
    static char text[1 << 20];
    char path[300];
    memset(text, 'x', sizeof text);
    signal(SIGXFSZ, SIG_IGN);
    for (int k = 0; k < 100; k++)
        for (int i = 0; i < 4; i++) {
            snprintf(path, sizeof path, "%s/%d", folders[i % 3], k);
            int fd = i < 3 ? open(path, O_CREAT | O_WRONLY, 0666)
                           : memfd_create("m", 0);
            for (int n = 0; fd >= 0 && n < 1000; n++)
                if (write(fd, text, sizeof text) <= 0)
                    break;
        }
    return 0;
}
