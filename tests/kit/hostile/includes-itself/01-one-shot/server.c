/* Hostile: the compiler has two to the power of 200 files to read. */
#include __FILE__
#include __FILE__
int main(void)
{
    return 0;
}
