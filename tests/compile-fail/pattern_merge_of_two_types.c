/* SPDX-License-Identifier: MIT */
/* expect: runnel: these are not receivers of one element type */
#include <runnel.h>

rn_receiver(int) f(rn_group *g, rn_receiver(int) a, rn_chan(int) b, rn_receiver(long) c);

rn_receiver(int) f(rn_group *g, rn_receiver(int) a, rn_chan(int) b, rn_receiver(long) c)
{
#ifdef GOOD
    (void)c;
    return rn_merge(g, a, b);
#else
    (void)b;
    return rn_merge(g, a, c);
#endif
}
