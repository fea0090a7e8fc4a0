/* SPDX-License-Identifier: MIT */
/* expect: too many arguments */
#include <runnel.h>

void *f(rn_group *g, size_t i);

void *f(rn_group *g, size_t i)
{
#ifdef GOOD
    return rn_make(g, int, (size_t[]){ 0, 1 }[i]);
#else
    return rn_make(g, int, 0, i);
#endif
}
