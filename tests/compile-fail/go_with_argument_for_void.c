/* SPDX-License-Identifier: MIT */
/* expect: too many arguments */
#include <runnel.h>

static int idle(void)
{
    return 0;
}
RN_TASK(idle);

int f(rn_group *g);

int f(rn_group *g)
{
#ifdef GOOD
    return rn_go(g, idle);
#else
    return rn_go(g, idle, 1);
#endif
}
