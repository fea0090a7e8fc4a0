/* SPDX-License-Identifier: MIT */
/* expect: too few arguments */
#include <runnel.h>

static int sum(int a, int b)
{
    return a + b;
}
RN_FORK(sum, int, int, int);

int f(void);

int f(void)
{
    rn_forked(sum) call;
#ifdef GOOD
    rn_fork(sum, &call, 1, 2);
#else
    rn_fork(sum, &call, 1);
#endif
    return rn_join(sum, &call);
}
