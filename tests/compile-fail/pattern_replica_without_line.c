/* SPDX-License-Identifier: MIT */
/* expect-first: rn_go_needs_RN_TASK_line_of_ask */
#include <runnel.h>

static int ask(int k, int *result)
{
    *result = k;
    return 0;
}
#ifdef GOOD
RN_TASK(ask, int, int *);
#endif

int f(rn_group *g);

int f(rn_group *g)
{
    int v;
    return rn_replicate(g, 3, &v, ask);
}
