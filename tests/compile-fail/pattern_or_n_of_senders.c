/* SPDX-License-Identifier: MIT */
/* expect: runnel: this is not an array of receivers */
#include <runnel.h>

rn_receiver(rn_unit) f(rn_group *g, rn_receiver(int) *rx, rn_sender(int) *tx, size_t n);

rn_receiver(rn_unit) f(rn_group *g, rn_receiver(int) *rx, rn_sender(int) *tx, size_t n)
{
#ifdef GOOD
    (void)tx;
    return rn_or_n(g, rx, n);
#else
    (void)rx;
    return rn_or_n(g, tx, n);
#endif
}
