/* SPDX-License-Identifier: MIT */
/* expect: runnel: this does not point to the channel.*s element type */
#include <runnel.h>

int f(rn_sender(int) out, int *p, long *q);

int f(rn_sender(int) out, int *p, long *q)
{
#ifdef GOOD
    (void)q;
    return rn_select(RN_SEND_PTR(out, p));
#else
    (void)p;
    return rn_select(RN_SEND_PTR(out, q));
#endif
}
