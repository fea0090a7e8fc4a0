/* SPDX-License-Identifier: MIT */
/* expect: runnel: rn_go takes a group, then the function, then its arguments */
#include <runnel.h>

int work(int n);
RN_TASK(work, int);

int f(rn_group *g, int n);

int f(rn_group *g, int n)
{
#ifdef GOOD
    return rn_go(g, work, n);
#else
    (void)g;
    return rn_go(work, n, n);
#endif
}
