/* SPDX-License-Identifier: MIT */
/* expect-gcc: incompatible pointer type|incompatible types */
/* expect-clang: incompatible pointer types */
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
    rn_receiver(double) out = rn_map(g, in, times, 2);
    return (rn_receiver(int))(void *)out;
#endif
}
