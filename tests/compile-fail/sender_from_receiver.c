/* SPDX-License-Identifier: MIT */
/* expect: runnel: a receive-only channel has no send end */
#include <runnel.h>

int f(rn_chan(int) c, rn_receiver(int) in);

int f(rn_chan(int) c, rn_receiver(int) in)
{
#ifdef GOOD
    (void)in;
    return rn_tx(c) != NULL;
#else
    (void)c;
    return rn_tx(in) != NULL;
#endif
}
