/* SPDX-License-Identifier: MIT */
/* expect-warning: unused.result|ignoring return value */
#include <runnel.h>

int f(rn_group *g, rn_channel *in, const rn_step *step);

int f(rn_group *g, rn_channel *in, const rn_step *step)
{
#ifdef GOOD
    return rn_step_start(g, in, step, RN_HERE) != NULL;
#else
    rn_step_start(g, in, step, RN_HERE);
    return 0;
#endif
}
