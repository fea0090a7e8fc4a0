/* SPDX-License-Identifier: MIT */
/* expect: runnel: this is not an array of receivers with the element type of the source */
#include <runnel.h>

int f(rn_group *g, rn_receiver(int) in, rn_receiver(int) *ints, rn_receiver(long) *longs);

int f(rn_group *g, rn_receiver(int) in, rn_receiver(int) *ints, rn_receiver(long) *longs)
{
#ifdef GOOD
    (void)longs;
    return rn_tee(g, in, ints, 2);
#else
    (void)ints;
    return rn_tee(g, in, longs, 2);
#endif
}
