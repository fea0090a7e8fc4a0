/* SPDX-License-Identifier: MIT */
/* expect: invalid type argument|indirection requires pointer|subscripted value */
#include <runnel.h>

rn_receiver(int) f(rn_group *g, rn_receiver(rn_receiver(int)) c, rn_receiver(int) d);

rn_receiver(int) f(rn_group *g, rn_receiver(rn_receiver(int)) c, rn_receiver(int) d)
{
#ifdef GOOD
    (void)d;
    return rn_bridge(g, c);
#else
    (void)c;
    return rn_bridge(g, d);
#endif
}
