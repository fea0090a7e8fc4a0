/* SPDX-License-Identifier: MIT */
/* expect: incompatible.*pointer */
#include <runnel.h>

int good_copy(void *to, const void *from);
void bad_copy(void *to);
int f(rn_group *g, rn_receiver(int) in, rn_receiver(int) *outs);

int f(rn_group *g, rn_receiver(int) in, rn_receiver(int) *outs)
{
#ifdef GOOD
    return rn_tee_copy(g, in, outs, 2, good_copy);
#else
    return rn_tee_copy(g, in, outs, 2, bad_copy);
#endif
}
