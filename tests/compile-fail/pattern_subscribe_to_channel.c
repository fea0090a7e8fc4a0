/* SPDX-License-Identifier: MIT */
/* expect: runnel: this is not an rn_broadcast */
#include <runnel.h>

rn_receiver(int) f(rn_group *g, rn_broadcast(int) b, rn_chan(int) c);

rn_receiver(int) f(rn_group *g, rn_broadcast(int) b, rn_chan(int) c)
{
#ifdef GOOD
    (void)c;
    return rn_subscribe(g, b, 1, RN_SLOW_WAIT);
#else
    (void)b;
    return rn_subscribe(g, c, 1, RN_SLOW_WAIT);
#endif
}
