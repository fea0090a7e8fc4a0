/* SPDX-License-Identifier: MIT */
/* expect: runnel: this is not a channel handle|subscripted value */
#include <runnel.h>

int f(rn_sender(int) out, int *p);

int f(rn_sender(int) out, int *p)
{
#ifdef GOOD
    (void)p;
    return rn_send(out, 1);
#else
    (void)out;
    return rn_send(p, 1);
#endif
}
