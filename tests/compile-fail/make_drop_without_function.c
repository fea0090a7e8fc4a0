/* SPDX-License-Identifier: MIT */
/* expect: too few arguments */
#include <runnel.h>

void drop(void *element);

void *f(rn_group *g);

void *f(rn_group *g)
{
#ifdef GOOD
    return rn_make_drop(g, int, 0, drop);
#else
    return rn_make_drop(g, int, 0);
#endif
}
