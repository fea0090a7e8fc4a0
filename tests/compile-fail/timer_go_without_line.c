/* SPDX-License-Identifier: MIT */
/* expect-first: rn_go_needs_RN_TASK_line_of_log_it */
#include <runnel.h>

static int log_it(int n)
{
    return n;
}
#ifdef GOOD
RN_TASK(log_it, int);
#endif

rn_timer *f(rn_group *g);

rn_timer *f(rn_group *g)
{
    return rn_timer_go(g, RN_SECOND, log_it, 1);
}
