/* SPDX-License-Identifier: MIT */
/* expect: runnel: receive from a send-only channel */
#include <runnel.h>

int f(rn_receiver(int) in, rn_sender(int) out, int *p, size_t *n);

int f(rn_receiver(int) in, rn_sender(int) out, int *p, size_t *n)
{
#ifdef GOOD
    (void)out;
    return rn_recv_n(in, p, 2, n);
#else
    (void)in;
    return rn_recv_n(out, p, 2, n);
#endif
}
