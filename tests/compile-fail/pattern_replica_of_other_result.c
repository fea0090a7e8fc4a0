/* SPDX-License-Identifier: MIT */
/* expect: runnel: a replica takes a pointer to its result second|incompatible.*pointer */
#include <runnel.h>

static int ask(int k, long *result, int about)
{
    *result = k + about;
    return 0;
}
RN_TASK(ask, int, long *, int);

int f(rn_group *g, long *longs, int *ints);

int f(rn_group *g, long *longs, int *ints)
{
#ifdef GOOD
    (void)ints;
    return rn_replicate(g, 3, longs, ask, 1);
#else
    (void)longs;
    return rn_replicate(g, 3, ints, ask, 1);
#endif
}
