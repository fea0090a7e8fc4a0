/* SPDX-License-Identifier: MIT */
/* expect: runnel: the capacity of the channel is missing */
#include <runnel.h>

void *f(rn_group *g);

void *f(rn_group *g)
{
#ifdef GOOD
    return rn_make(g, int, 0);
#else
    return rn_make(g, int);
#endif
}
