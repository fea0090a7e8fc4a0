/* SPDX-License-Identifier: MIT */
/* expect-warning: unused.result|ignoring return value */
#include <runnel.h>

int f(rn_chan(int) c, int *p);

int f(rn_chan(int) c, int *p)
{
#ifdef GOOD
    return rn_recv_n(c, p, 1, NULL);
#else
    rn_recv_n(c, p, 1, NULL);
    return 0;
#endif
}
