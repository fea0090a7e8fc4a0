/* SPDX-License-Identifier: MIT */
/* expect: too few arguments */
#include <runnel.h>

static int work(rn_receiver(int) in, const char *name, int n)
{
    (void)name;
    return rn_recv(in, &n);
}
RN_TASK(work, rn_receiver(int), const char *, int);

int f(rn_group *g, rn_chan(int) c, rn_attr *a);

int f(rn_group *g, rn_chan(int) c, rn_attr *a)
{
#ifdef GOOD
    return rn_go_with(g, a, work, rn_rx(c), "x", 1);
#else
    return rn_go_with(g, a, work, rn_rx(c), "x");
#endif
}
