/* SPDX-License-Identifier: MIT */
/* expect: incompatible (function )?(pointer )?type */
#include <runnel.h>

int f(rn_chan(int) c, rn_chan(unsigned) u);

int f(rn_chan(int) c, rn_chan(unsigned) u)
{
#ifdef GOOD
    (void)u;
    rn_chan(int) d = c;
    return d != NULL;
#else
    (void)c;
    rn_chan(int) d = u;
    return d != NULL;
#endif
}
