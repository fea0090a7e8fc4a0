/* SPDX-License-Identifier: MIT */
/* expect-gcc: incompatible pointer type */
/* expect-clang: incompatible pointer types passing */
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

rn_stage(int, int) f(rn_group *g);

rn_stage(int, int) f(rn_group *g)
{
#ifdef GOOD
    return rn_compose(int, rn_stage_map(g, times, 2), rn_stage_map(g, times, 3));
#else
    return rn_compose(int, rn_stage_map(g, half), rn_stage_map(g, times, 3));
#endif
}
