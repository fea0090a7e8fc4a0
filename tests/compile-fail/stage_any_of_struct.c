/* SPDX-License-Identifier: MIT */
/* expect-gcc: incompatible type */
/* expect-clang: incompatible type */
#include <runnel.h>

static const struct {
    int x;
} point;

rn_any f(void);

rn_any f(void)
{
#ifdef GOOD
    return RN_ANY(point.x);
#else
    return RN_ANY(point);
#endif
}
