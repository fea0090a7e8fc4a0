/* SPDX-License-Identifier: MIT */
/* expect: incompatible.*pointer */
#include <runnel.h>

rn_receiver(long) f(rn_group *g, rn_receiver(rn_unit) done, rn_receiver(int) c,
                    rn_receiver(long) d);

rn_receiver(long) f(rn_group *g, rn_receiver(rn_unit) done, rn_receiver(int) c, rn_receiver(long) d)
{
#ifdef GOOD
    (void)c;
    return rn_or_done(g, done, d);
#else
    (void)d;
    return rn_or_done(g, done, c);
#endif
}
