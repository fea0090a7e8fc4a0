/* SPDX-License-Identifier: MIT */
/* expect-first: rn_needs_RN_SOURCE_line_of_zero */
#include <runnel.h>

static int zero(void)
{
    return 0;
}
#ifdef GOOD
RN_SOURCE(zero, int);
#endif

rn_receiver(int) f(rn_group *g);

rn_receiver(int) f(rn_group *g)
{
    return rn_repeat_fn(g, zero);
}
