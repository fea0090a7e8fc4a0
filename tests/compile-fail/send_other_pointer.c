/* SPDX-License-Identifier: MIT */
/* expect: incompatible (function )?(pointer )?type */
#include <runnel.h>

int f(rn_sender(int *) out, int *p, long *q);

int f(rn_sender(int *) out, int *p, long *q)
{
#ifdef GOOD
    (void)q;
    return rn_send(out, p);
#else
    (void)p;
    return rn_send(out, q);
#endif
}
