/* SPDX-License-Identifier: MIT */
/* expect: runnel: this is not a channel handle */
#include <runnel.h>

int f(rn_broadcast(int) b, rn_receiver(int) c, int *p);

int f(rn_broadcast(int) b, rn_receiver(int) c, int *p)
{
#ifdef GOOD
    (void)b;
    return rn_recv(c, p);
#else
    (void)c;
    return rn_recv(b, p);
#endif
}
