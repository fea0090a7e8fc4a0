/* SPDX-License-Identifier: MIT */
/* expect-gcc: incompatible (pointer|return) type */
/* expect-clang: incompatible pointer types */
#include <runnel.h>

static int times(int v, int by)
{
    return v * by;
}
RN_STAGE(times, int, int, int);

static double half(int v)
{
    return v / 2.0;
}
RN_STAGE(half, double, int);

rn_stage(int, double) f(rn_group *g);

rn_stage(int, double) f(rn_group *g)
{
#ifdef GOOD
    return rn_stage_map(g, half);
#else
    return rn_stage_map(g, times, 2);
#endif
}
