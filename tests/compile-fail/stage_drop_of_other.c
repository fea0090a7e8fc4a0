/* SPDX-License-Identifier: MIT */
/* expect-gcc: incompatible pointer type */
/* expect-clang: incompatible (function )?pointer types */
#include <runnel.h>

static int times(int v, int by)
{
    return v * by;
}
RN_STAGE(times, int, int, int);

static void drop(void *element)
{
    (void)element;
}

rn_receiver(int) f(rn_group *g, rn_receiver(int) in);

rn_receiver(int) f(rn_group *g, rn_receiver(int) in)
{
#ifdef GOOD
    return rn_map_drop(g, in, drop, times, 2);
#else
    return rn_map_drop(g, in, times, times, 2);
#endif
}
