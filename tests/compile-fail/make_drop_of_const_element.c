/* SPDX-License-Identifier: MIT */
/* expect: runnel: the element type of a channel must not be const or volatile */
#include <runnel.h>

void drop(void *element);

void *f(rn_group *g);

void *f(rn_group *g)
{
#ifdef GOOD
    return rn_make_drop(g, int, 0, drop);
#else
    return rn_make_drop(g, const int, 0, drop);
#endif
}
