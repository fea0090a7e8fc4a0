/* SPDX-License-Identifier: MIT */
/* expect: runnel: a send-only channel has no receive end */
#include <runnel.h>

int f(rn_chan(int) c, rn_sender(int) out);

int f(rn_chan(int) c, rn_sender(int) out)
{
#ifdef GOOD
    (void)out;
    return rn_rx(c) != NULL;
#else
    (void)c;
    return rn_rx(out) != NULL;
#endif
}
