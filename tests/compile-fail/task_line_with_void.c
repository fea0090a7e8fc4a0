/* SPDX-License-Identifier: MIT */
/* expect-first: runnel: a function without parameters has the line RN_TASK\(function\) */
#include <runnel.h>

static int idle(void)
{
    return 0;
}
#ifdef GOOD
RN_TASK(idle);
#else
RN_TASK(idle, void);
#endif

int f(rn_group *g);

int f(rn_group *g)
{
    return rn_go(g, idle);
}
