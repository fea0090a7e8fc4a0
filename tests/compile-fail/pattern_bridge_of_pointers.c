/* SPDX-License-Identifier: MIT */
/* expect: runnel: rn_bridge needs a channel of receivers */
#include <runnel.h>

rn_receiver(int) f(rn_group *g, rn_receiver(rn_receiver(int)) c, rn_receiver(int **) p);

rn_receiver(int) f(rn_group *g, rn_receiver(rn_receiver(int)) c, rn_receiver(int **) p)
{
#ifdef GOOD
    (void)p;
    return rn_bridge(g, c);
#else
    (void)c;
    return rn_bridge(g, p);
#endif
}
