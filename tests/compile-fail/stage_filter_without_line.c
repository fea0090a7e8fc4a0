/* SPDX-License-Identifier: MIT */
/* expect-first: rn_needs_RN_STAGE_line_of_odd */
#include <runnel.h>

static bool even(int v)
{
    return v % 2 == 0;
}
RN_STAGE(even, bool, int);

static bool odd(int v)
{
    return !even(v);
}

rn_receiver(int) f(rn_group *g, rn_receiver(int) in);

rn_receiver(int) f(rn_group *g, rn_receiver(int) in)
{
#ifdef GOOD
    return odd(1) ? rn_filter(g, in, even) : NULL;
#else
    return rn_filter(g, in, odd);
#endif
}
