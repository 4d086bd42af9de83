/* Hostile: has the compiler read a file. */
#include "/etc/passwd"
int main(void)
{
    return 0;
}
