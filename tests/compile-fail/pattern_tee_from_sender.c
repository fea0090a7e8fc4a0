/* SPDX-License-Identifier: MIT */
/* expect: runnel: receive from a send-only channel */
#include <runnel.h>

int f(rn_group *g, rn_chan(int) c, rn_receiver(int) *outs);

int f(rn_group *g, rn_chan(int) c, rn_receiver(int) *outs)
{
#ifdef GOOD
    return rn_tee(g, rn_rx(c), outs, 2);
#else
    return rn_tee(g, rn_tx(c), outs, 2);
#endif
}
