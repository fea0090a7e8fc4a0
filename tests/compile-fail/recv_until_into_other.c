/* SPDX-License-Identifier: MIT */
/* expect: runnel: this does not point to the channel.*s element type */
#include <runnel.h>

int f(rn_receiver(int) in, int *p, char *q);

int f(rn_receiver(int) in, int *p, char *q)
{
#ifdef GOOD
    (void)q;
    return rn_recv_until(in, p, 0);
#else
    (void)p;
    return rn_recv_until(in, q, 0);
#endif
}
