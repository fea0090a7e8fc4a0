/* SPDX-License-Identifier: MIT */
/* expect: incompatible (function )?(pointer )?type */
#include <runnel.h>

int take(rn_receiver(int) in);

int f(rn_chan(int) c);

int f(rn_chan(int) c)
{
#ifdef GOOD
    return take(rn_rx(c));
#else
    return take(c);
#endif
}
