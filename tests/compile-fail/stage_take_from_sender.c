/* SPDX-License-Identifier: MIT */
/* expect: receive from a send-only channel */
#include <runnel.h>

static int times(int v, int by)
{
    return v * by;
}
RN_STAGE(times, int, int, int);

rn_receiver(int) f(rn_group *g, rn_chan(int) c);

rn_receiver(int) f(rn_group *g, rn_chan(int) c)
{
#ifdef GOOD
    return rn_take(g, rn_rx(c), 2);
#else
    return rn_take(g, rn_tx(c), 2);
#endif
}
