/* SPDX-License-Identifier: MIT */
/* expect: runnel: receive from a send-only channel */
#include <runnel.h>

int f(rn_receiver(int) in, rn_sender(int) out, int *p);

int f(rn_receiver(int) in, rn_sender(int) out, int *p)
{
#ifdef GOOD
    (void)out;
    return rn_select(RN_RECV(in, p, NULL));
#else
    (void)in;
    return rn_select(RN_RECV(out, p, NULL));
#endif
}
