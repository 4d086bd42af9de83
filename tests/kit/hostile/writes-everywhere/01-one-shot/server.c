/* Hostile: writes a file wherever it can, and over itself. */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

int main(int argc, char *argv[])
{
    static const char *const folders[] = {
        "/",    "/tmp", "/var/tmp", "/dev/shm", "/usr", "/etc", "/home",
        "/run", "/dev", "/proc",    ".",        ".."
    };
    char path[300], self[4096];
    (void)argc;
    for (size_t i = 0; i < sizeof folders / sizeof *folders; i++) {
        snprintf(path, sizeof path, "%s/HOSTILE-WAS-HERE", folders[i]);
        int fd = open(path, O_CREAT | O_WRONLY, 0666);
        if (fd >= 0 && write(fd, "x", 1) == 1)
            fprintf(stderr, "wrote %s\n", path);
    }
    ssize_t n = readlink("/proc/self/exe", self, sizeof self - 1);
    self[n > 0 ? n : 0] = '\0';
    unlink(self);
    int fd = open(argv[0], O_WRONLY | O_TRUNC);
    fprintf(stderr, "itself: %d\n", fd);
    return 0;
}
