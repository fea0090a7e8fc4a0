/* SPDX-License-Identifier: MIT */
/* expect: runnel: send on a receive-only channel */
#include <runnel.h>

int f(rn_receiver(int) in, rn_sender(int) out, int *p);

int f(rn_receiver(int) in, rn_sender(int) out, int *p)
{
#ifdef GOOD
    (void)in;
    return rn_select(RN_SEND_PTR(out, p));
#else
    (void)out;
    return rn_select(RN_SEND_PTR(in, p));
#endif
}
