/* SPDX-License-Identifier: MIT */
/* expect-first: rn_needs_RN_STAGE_line_of_plus */
#include <runnel.h>

static int times(int v, int by)
{
    return v * by;
}
RN_STAGE(times, int, int, int);

static int plus(int v)
{
    return v + 1;
}

rn_receiver(int) f(rn_group *g, rn_receiver(int) in);

rn_receiver(int) f(rn_group *g, rn_receiver(int) in)
{
#ifdef GOOD
    return plus(1) ? rn_map(g, in, times, 2) : NULL;
#else
    return rn_map(g, in, plus);
#endif
}
