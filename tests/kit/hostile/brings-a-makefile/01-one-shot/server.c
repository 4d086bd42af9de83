/* Hostile: does nothing itself; what it does is in the files beside it. */
int main(void)
{
    return 0;
}
