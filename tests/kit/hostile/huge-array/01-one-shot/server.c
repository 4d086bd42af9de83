/* Hostile: a program file of gigabytes. */
char huge[1L << 33] = { 1 };

int main(void)
{
    return huge[1L << 32];
}
