/* Hostile: has the compiler read a file. */
#include "/dev/zero"
int main(void)
{
    return 0;
}
