/* SPDX-License-Identifier: MIT */
/* expect: runnel: this is not an array of receivers */
#include <runnel.h>

rn_receiver(int) f(rn_group *g, rn_receiver(int) *rx, rn_sender(int) *tx);

rn_receiver(int) f(rn_group *g, rn_receiver(int) *rx, rn_sender(int) *tx)
{
#ifdef GOOD
    (void)tx;
    return rn_fan_in(g, rx, 2);
#else
    (void)rx;
    return rn_fan_in(g, tx, 2);
#endif
}
