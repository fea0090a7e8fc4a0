/* SPDX-License-Identifier: MIT */
/* expect-warning: unused.result|ignoring return value */
#include <runnel.h>

int f(rn_group *g);

int f(rn_group *g)
{
#ifdef GOOD
    return rn_channel_new(g, 4, 4, 0, NULL, RN_HERE) != NULL;
#else
    rn_channel_new(g, 4, 4, 0, NULL, RN_HERE);
    return 0;
#endif
}
