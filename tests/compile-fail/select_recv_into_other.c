/* SPDX-License-Identifier: MIT */
/* expect: runnel: this does not point to the channel.*s element type */
#include <runnel.h>

int f(rn_receiver(int) in, int *p, long *q);

int f(rn_receiver(int) in, int *p, long *q)
{
#ifdef GOOD
    (void)q;
    return rn_select(RN_RECV(in, p, NULL));
#else
    (void)p;
    return rn_select(RN_RECV(in, q, NULL));
#endif
}
