/* SPDX-License-Identifier: MIT */
/* expect: too few arguments */
#include <runnel.h>

static int times(int v, int by)
{
    return v * by;
}
RN_STAGE(times, int, int, int);

rn_receiver(int) f(rn_group *g, rn_receiver(int) in);

rn_receiver(int) f(rn_group *g, rn_receiver(int) in)
{
#ifdef GOOD
    return rn_map(g, in, times, 2);
#else
    return rn_map(g, in, times);
#endif
}
