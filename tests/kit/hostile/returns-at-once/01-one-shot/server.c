/* Hostile: does nothing, and leaves with status 0. */
int main(void)
{
    return 0;
}
