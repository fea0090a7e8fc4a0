/* SPDX-License-Identifier: MIT */
/* expect: incompatible (function )?(pointer )?type */
#include <runnel.h>

void forget(void *element);
void forget_int(int element);

int f(rn_group *g);

int f(rn_group *g)
{
#ifdef GOOD
    return rn_make_drop(g, int, 0, forget) != NULL;
#else
    return rn_make_drop(g, int, 0, forget_int) != NULL;
#endif
}
