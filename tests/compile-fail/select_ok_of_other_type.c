/* SPDX-License-Identifier: MIT */
/* expect: incompatible (function )?(pointer )?type */
#include <runnel.h>

int f(rn_receiver(int) in, int *p);

int f(rn_receiver(int) in, int *p)
{
#ifdef GOOD
    bool ok;
    return rn_select(RN_RECV(in, p, &ok));
#else
    int ok;
    return rn_select(RN_RECV(in, p, &ok));
#endif
}
