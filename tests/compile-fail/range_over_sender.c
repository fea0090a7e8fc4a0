/* SPDX-License-Identifier: MIT */
/* expect: runnel: receive from a send-only channel */
#include <runnel.h>

int f(rn_receiver(int) in, rn_sender(int) out);

int f(rn_receiver(int) in, rn_sender(int) out)
{
#ifdef GOOD
    (void)out;
    int sum = 0;
    for (int v; rn_recv(in, &v) == 0;)
        sum += v;
    return sum;
#else
    (void)in;
    int sum = 0;
    for (int v; rn_recv(out, &v) == 0;)
        sum += v;
    return sum;
#endif
}
