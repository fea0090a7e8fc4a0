/* SPDX-License-Identifier: MIT */
/* expect: incompatible (function )?(pointer )?type */
#include <runnel.h>

int f(rn_receiver(int) in);

int f(rn_receiver(int) in)
{
#ifdef GOOD
    rn_receiver(int) same = in;
    return same != NULL;
#else
    rn_chan(int) both = in;
    return both != NULL;
#endif
}
