/* SPDX-License-Identifier: MIT */
/* expect: not a channel of what the function takes */
#include <runnel.h>

static int times(int v, int by)
{
    return v * by;
}
RN_STAGE(times, int, int, int);

rn_receiver(int) f(rn_group *g, rn_receiver(int) a, rn_receiver(double) b);

rn_receiver(int) f(rn_group *g, rn_receiver(int) a, rn_receiver(double) b)
{
#ifdef GOOD
    (void)b;
    return rn_map(g, a, times, 2);
#else
    (void)a;
    return rn_map(g, b, times, 2);
#endif
}
