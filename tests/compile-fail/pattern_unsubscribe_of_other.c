/* SPDX-License-Identifier: MIT */
/* expect: runnel: these are not receivers of one element type */
#include <runnel.h>

void f(rn_broadcast(int) b, rn_receiver(int) ints, rn_receiver(long) longs);

void f(rn_broadcast(int) b, rn_receiver(int) ints, rn_receiver(long) longs)
{
#ifdef GOOD
    (void)longs;
    rn_unsubscribe(b, ints);
#else
    (void)ints;
    rn_unsubscribe(b, longs);
#endif
}
