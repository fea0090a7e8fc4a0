/* SPDX-License-Identifier: MIT */
/* expect-warning: unused.result|ignoring return value */
#include <runnel.h>

int f(rn_group *g);

int f(rn_group *g)
{
#ifdef GOOD
    return rn_group_wait(g);
#else
    rn_group_wait(g);
    return 0;
#endif
}
