/* SPDX-License-Identifier: MIT */
/* expect: receive from a send-only channel */
#include <runnel.h>

static int times(int v, int by)
{
    return v * by;
}
RN_STAGE(times, int, int, int);

rn_receiver(int) f(rn_group *g, rn_chan(int) c, rn_stage(int, int) s);

rn_receiver(int) f(rn_group *g, rn_chan(int) c, rn_stage(int, int) s)
{
#ifdef GOOD
    return rn_start(g, rn_rx(c), s);
#else
    return rn_start(g, rn_tx(c), s);
#endif
}
