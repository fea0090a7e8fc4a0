/* SPDX-License-Identifier: MIT */
/* expect: incompatible (function )?(pointer )?type */
#include <runnel.h>

int f(rn_sender(int) out);

int f(rn_sender(int) out)
{
#ifdef GOOD
    rn_sender(int) same = out;
    return same != NULL;
#else
    rn_chan(int) both = out;
    return both != NULL;
#endif
}
