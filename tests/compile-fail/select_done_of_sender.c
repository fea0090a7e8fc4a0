/* SPDX-License-Identifier: MIT */
/* expect: runnel: receive from a send-only channel */
#include <runnel.h>

int f(rn_receiver(int) in, rn_sender(int) out);

int f(rn_receiver(int) in, rn_sender(int) out)
{
#ifdef GOOD
    (void)out;
    return rn_select(RN_DONE(in));
#else
    (void)in;
    return rn_select(RN_DONE(out));
#endif
}
