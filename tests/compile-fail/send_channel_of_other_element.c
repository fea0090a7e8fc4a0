/* SPDX-License-Identifier: MIT */
/* expect: incompatible (function )?(pointer )?type */
#include <runnel.h>

int f(rn_sender(rn_chan(int)) out, rn_chan(int) c, rn_chan(long) d);

int f(rn_sender(rn_chan(int)) out, rn_chan(int) c, rn_chan(long) d)
{
#ifdef GOOD
    (void)d;
    return rn_send(out, c);
#else
    (void)c;
    return rn_send(out, d);
#endif
}
