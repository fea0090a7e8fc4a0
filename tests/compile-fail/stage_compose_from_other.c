/* SPDX-License-Identifier: MIT */
/* expect-gcc: incompatible pointer type */
/* expect-clang: incompatible pointer types passing */
#include <runnel.h>

static int times(int v, int by)
{
    return v * by;
}
RN_STAGE(times, int, int, int);

void *f(rn_group *g);

void *f(rn_group *g)
{
#ifdef GOOD
    return rn_compose(int, rn_stage_map(g, times, 2));
#else
    return rn_compose(double, rn_stage_map(g, times, 2));
#endif
}
