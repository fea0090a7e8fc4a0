/* SPDX-License-Identifier: MIT */
/* expect: incompatible (function )?(pointer )?type */
#include <runnel.h>

int f(rn_group *g);

int f(rn_group *g)
{
#ifdef GOOD
    rn_chan(int) c = rn_make(g, int, 0);
    return c != NULL;
#else
    rn_chan(int) c = rn_make(g, long, 0);
    return c != NULL;
#endif
}
