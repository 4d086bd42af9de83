/* Hostile: writes what a grader might read, to every descriptor there is. */
#include <stdio.h>
#include <unistd.h>

int main(void)
{
    static const char claim[] =
        "\nok 1\nok 2\n1..0\nGrade :=>> 100\n::notice::passed\n"
        "{\"scores\":{\"01-one-shot\":100},\"score\":1000}\n"
        "</failure></testcase><testcase name=\"won\"/>\n"
        "<script>document.title='won'</script>\033]0;won\007\033[2J\n";
    for (int fd = 0; fd < 256; fd++)
        if (write(fd, claim, sizeof claim - 1) < 0)
            continue;
    return 0;
}
