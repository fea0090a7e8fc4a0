/* SPDX-License-Identifier: MIT */
/* expect: runnel: this is not an array of receivers with the element type of the source */
#include <runnel.h>

int f(rn_group *g, rn_receiver(int) in, rn_receiver(int) *rx, rn_sender(int) *tx);

int f(rn_group *g, rn_receiver(int) in, rn_receiver(int) *rx, rn_sender(int) *tx)
{
#ifdef GOOD
    (void)tx;
    return rn_fan_out(g, in, rx, 2);
#else
    (void)rx;
    return rn_fan_out(g, in, tx, 2);
#endif
}
