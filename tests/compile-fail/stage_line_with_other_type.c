/* SPDX-License-Identifier: MIT */
/* expect-gcc: incompatible type|makes (integer|pointer) from */
/* expect-clang: incompatible (pointer|integer) */
#include <runnel.h>

static int times(int v, int by)
{
    return v * by;
}
RN_STAGE(times, int, int, int);

static int half(int v)
{
    return v / 2;
}
#ifdef GOOD
RN_STAGE(half, int, int);
#else
RN_STAGE(half, int, char *);
#endif

rn_receiver(int) f(rn_group *g, rn_receiver(int) in);

rn_receiver(int) f(rn_group *g, rn_receiver(int) in)
{
#ifdef GOOD
    return rn_map(g, in, half);
#else
    return rn_map(g, in, half);
#endif
}
