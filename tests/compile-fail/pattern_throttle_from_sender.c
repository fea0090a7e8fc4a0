/* SPDX-License-Identifier: MIT */
/* expect: runnel: receive from a send-only channel */
#include <runnel.h>

rn_receiver(int) f(rn_group *g, rn_chan(int) c);

rn_receiver(int) f(rn_group *g, rn_chan(int) c)
{
#ifdef GOOD
    return rn_throttle(g, rn_rx(c), RN_SECOND, 1);
#else
    return rn_throttle(g, rn_tx(c), RN_SECOND, 1);
#endif
}
