/* SPDX-License-Identifier: MIT */
/* expect: runnel: send on a receive-only channel */
#include <runnel.h>

int f(rn_receiver(int) in, rn_sender(int) out, const int *p);

int f(rn_receiver(int) in, rn_sender(int) out, const int *p)
{
#ifdef GOOD
    (void)in;
    return rn_send_n(out, p, 2, NULL);
#else
    (void)out;
    return rn_send_n(in, p, 2, NULL);
#endif
}
