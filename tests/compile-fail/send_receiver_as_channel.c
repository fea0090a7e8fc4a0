/* SPDX-License-Identifier: MIT */
/* expect: incompatible (function )?(pointer )?type */
#include <runnel.h>

int f(rn_sender(rn_chan(int)) out, rn_chan(int) c, rn_receiver(int) r);

int f(rn_sender(rn_chan(int)) out, rn_chan(int) c, rn_receiver(int) r)
{
#ifdef GOOD
    (void)r;
    return rn_send(out, c);
#else
    (void)c;
    return rn_send(out, r);
#endif
}
