/* SPDX-License-Identifier: MIT */
/* expect-gcc: incompatible pointer type */
/* expect-clang: incompatible pointer types passing */
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
    return rn_start(g, a, rn_stage_map(g, times, 2));
#else
    (void)a;
    return rn_start(g, b, rn_stage_map(g, times, 2));
#endif
}
