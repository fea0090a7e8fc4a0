/* SPDX-License-Identifier: MIT */
/* expect-first: rn_needs_RN_STAGE_line_of_plus */
#include <runnel.h>

static int plus(int v, int n)
{
    return v + n;
}
#ifdef GOOD
RN_STAGE(plus, int, int, int);
#endif

rn_stage(int, int) f(rn_group *g);

rn_stage(int, int) f(rn_group *g)
{
    return rn_stage_map(g, plus, 1);
}
