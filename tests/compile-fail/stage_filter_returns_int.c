/* SPDX-License-Identifier: MIT */
/* expect: the function of a filter returns bool */
#include <runnel.h>

static int times(int v, int by)
{
    return v * by;
}
RN_STAGE(times, int, int, int);

static bool odd(int v)
{
    return v % 2;
}
RN_STAGE(odd, bool, int);

rn_receiver(int) f(rn_group *g, rn_receiver(int) in);

rn_receiver(int) f(rn_group *g, rn_receiver(int) in)
{
#ifdef GOOD
    return rn_filter(g, in, odd);
#else
    return rn_filter(g, in, times, 2);
#endif
}
