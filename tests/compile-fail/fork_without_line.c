/* SPDX-License-Identifier: MIT */
/* expect-first: rn_fork_needs_RN_FORK_line_of_plain */
#include <runnel.h>

static int plain(int n);
#ifdef GOOD
RN_FORK(plain, int, int);
#else
struct plain_rn_forked {
    int none;
};
#endif

static int plain(int n)
{
    if (n == 0)
        return 0;
    rn_forked(plain) call;
    rn_fork(plain, &call, n - 1);
    return rn_join(plain, &call);
}

int f(void);

int f(void)
{
    return plain(1);
}
