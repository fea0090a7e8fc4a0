/* SPDX-License-Identifier: MIT */
/* expect: runnel: rn_bridge needs a channel of receivers */
#include <runnel.h>

rn_receiver(int) f(rn_group *g, rn_receiver(rn_receiver(int)) c, rn_receiver(rn_sender(int)) d);

rn_receiver(int) f(rn_group *g, rn_receiver(rn_receiver(int)) c, rn_receiver(rn_sender(int)) d)
{
#ifdef GOOD
    (void)d;
    return rn_bridge(g, c);
#else
    (void)c;
    return rn_bridge(g, d);
#endif
}
