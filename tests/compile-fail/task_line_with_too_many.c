/* SPDX-License-Identifier: MIT */
/* expect: too many arguments */
#include <runnel.h>

static int work(rn_receiver(int) in, int n)
{
    return rn_recv(in, &n);
}
#ifdef GOOD
RN_TASK(work, rn_receiver(int), int);
#else
RN_TASK(work, rn_receiver(int), int, int);
#endif

int f(rn_group *g, rn_chan(int) c);

int f(rn_group *g, rn_chan(int) c)
{
    return rn_go(g, work, rn_rx(c), 1);
}
