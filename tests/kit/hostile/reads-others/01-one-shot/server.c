/* Hostile: answers with what it finds outside of its box: the files and the
 * environment. The tests look for SECRET-OF-ANOTHER in what comes out. */
#include <arpa/inet.h>
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

extern char **environ;

static void look(const char *folder, int depth)
{
    char path[4096], text[4096];
    DIR *dir = opendir(folder);
    for (struct dirent *e; dir && (e = readdir(dir));) {
        if (e->d_name[0] == '.')
            continue;
        snprintf(path, sizeof path, "%s/%s", folder, e->d_name);
        fprintf(stderr, "%s\n", path);
        FILE *file = fopen(path, "r");
        size_t n = file ? fread(text, 1, sizeof text - 1, file) : 0;
        text[n] = '\0';
        if (strstr(text, "SECRET-OF-ANOTHER"))
            fprintf(stderr, "found: %s\n", text);
        if (file)
            fclose(file);
        if (depth > 0 && e->d_type == DT_DIR)
            look(path, depth - 1);
    }
    if (dir)
        closedir(dir);
}

int main(void)
{
    for (char **e = environ; *e; e++)
        fprintf(stderr, "%s\n", *e);
    look("/home", 5);
    look("/tmp", 5);
    look("/root", 2);
    look("/etc", 1);
    fputs("listening on 127.0.0.1:1\n", stderr);
    return 0;
}
