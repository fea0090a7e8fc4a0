/* SPDX-License-Identifier: MIT */
/* expect-first: rn_go_needs_RN_TASK_line_of_ward */
#include <runnel.h>

static int ward(rn_heart *h, int n)
{
    return rn_heart_sleep(h, n);
}
#ifdef GOOD
RN_TASK(ward, rn_heart *, int);
#endif

rn_receiver(int) f(rn_group *g);

rn_receiver(int) f(rn_group *g)
{
    return rn_steward(g, RN_SECOND, ward, 1);
}
