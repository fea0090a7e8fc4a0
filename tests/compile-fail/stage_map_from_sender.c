/* SPDX-License-Identifier: MIT */
/* expect: not a channel of what the function takes */
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
    return rn_map(g, rn_rx(c), times, 2);
#else
    return rn_map(g, rn_tx(c), times, 2);
#endif
}
