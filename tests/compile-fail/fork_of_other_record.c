/* SPDX-License-Identifier: MIT */
/* expect: other_rn_forked */
#include <runnel.h>

static int one(int n)
{
    return n;
}
RN_FORK(one, int, int);

static int other(int n)
{
    return n;
}
RN_FORK(other, int, int);

int f(void);

int f(void)
{
    rn_forked(one) call;
    rn_fork(one, &call, 1);
#ifdef GOOD
    return rn_join(one, &call) + other(1);
#else
    return rn_join(other, &call);
#endif
}
