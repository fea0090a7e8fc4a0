/* SPDX-License-Identifier: MIT */
/* expect-warning: unused.result|ignoring return value */
#include <runnel.h>

int f(rn_chan(int) c);

int f(rn_chan(int) c)
{
#ifdef GOOD
    return rn_try_send(c, 1);
#else
    rn_try_send(c, 1);
    return 0;
#endif
}
