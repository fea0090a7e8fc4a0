/* SPDX-License-Identifier: MIT */
/* expect: too many arguments */
#include <runnel.h>

static int work(rn_receiver(int) in, const char *name, int n)
{
    (void)name;
    return rn_recv(in, &n);
}
RN_TASK(work, rn_receiver(int), const char *, int);

int f(rn_group *g, rn_chan(int) c);

int f(rn_group *g, rn_chan(int) c)
{
#ifdef GOOD
    return rn_go(g, work, rn_rx(c), "x", 1);
#else
    return rn_go(g, work, rn_rx(c), "x", 1, 2);
#endif
}
