/* SPDX-License-Identifier: MIT */
/* expect: runnel: receive from a send-only channel */
#include <runnel.h>

int f(rn_receiver(int) in, rn_sender(int) out, int *p);

int f(rn_receiver(int) in, rn_sender(int) out, int *p)
{
#ifdef GOOD
    (void)out;
    return rn_try_recv(in, p);
#else
    (void)in;
    return rn_try_recv(out, p);
#endif
}
