/* Prints the instruction sets that this machine can run, best first. */
#include "fnn.h"

#include <stdio.h>

int main(void)
{
    const char *name;
    for (int i = 0; fnn_isa_available(i, &name); i++)
        puts(name);
    return 0;
}
