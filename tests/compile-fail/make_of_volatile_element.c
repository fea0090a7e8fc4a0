/* SPDX-License-Identifier: MIT */
/* expect: runnel: the element type of a channel must not be const or volatile */
#include <runnel.h>

void *f(rn_group *g);

void *f(rn_group *g)
{
#ifdef GOOD
    return rn_make(g, int, 0);
#else
    return rn_make(g, volatile int, 0);
#endif
}
