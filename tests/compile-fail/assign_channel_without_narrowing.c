/* SPDX-License-Identifier: MIT */
/* expect: incompatible (function )?(pointer )?type */
#include <runnel.h>

int f(rn_chan(int) c);

int f(rn_chan(int) c)
{
#ifdef GOOD
    rn_sender(int) tx = rn_tx(c);
    return tx != NULL;
#else
    rn_sender(int) tx = c;
    return tx != NULL;
#endif
}
