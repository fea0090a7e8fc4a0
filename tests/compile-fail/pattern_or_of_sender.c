/* SPDX-License-Identifier: MIT */
/* expect: runnel: receive from a send-only channel */
#include <runnel.h>

rn_receiver(rn_unit) f(rn_group *g, rn_receiver(rn_unit) done, rn_chan(int) c);

rn_receiver(rn_unit) f(rn_group *g, rn_receiver(rn_unit) done, rn_chan(int) c)
{
#ifdef GOOD
    return rn_or(g, done, rn_rx(c));
#else
    return rn_or(g, done, rn_tx(c));
#endif
}
