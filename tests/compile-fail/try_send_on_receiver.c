/* SPDX-License-Identifier: MIT */
/* expect: runnel: send on a receive-only channel */
#include <runnel.h>

int f(rn_receiver(int) in, rn_sender(int) out);

int f(rn_receiver(int) in, rn_sender(int) out)
{
#ifdef GOOD
    (void)in;
    return rn_try_send(out, 1);
#else
    (void)out;
    return rn_try_send(in, 1);
#endif
}
