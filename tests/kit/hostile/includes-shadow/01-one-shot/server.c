/* Hostile: has the compiler read a file. */
#include "/etc/shadow"
int main(void)
{
    return 0;
}
