/* SPDX-License-Identifier: MIT */
/* expect: runnel: a replica takes its number, an int, first */
#include <runnel.h>

static int good(int k, int *result)
{
    *result = k;
    return 0;
}
RN_TASK(good, int, int *);

__attribute__((unused)) static int bad(long k, int *result)
{
    *result = (int)k;
    return 0;
}
RN_TASK(bad, long, int *);

int f(rn_group *g, int *result);

int f(rn_group *g, int *result)
{
#ifdef GOOD
    return rn_replicate(g, 3, result, good);
#else
    return rn_replicate(g, 3, result, bad);
#endif
}
