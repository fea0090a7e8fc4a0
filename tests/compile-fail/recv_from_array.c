/* SPDX-License-Identifier: MIT */
/* expect: runnel: this is not a channel handle */
#include <runnel.h>

int f(rn_receiver(int) in, int *p);

/* A handle is a pointer to an array, too, but of another length. */
int f(rn_receiver(int) in, int *p)
{
    static int array[8];
#ifdef GOOD
    (void)array;
    return rn_recv(in, p);
#else
    (void)in;
    return rn_recv(&array, p);
#endif
}
