/* SPDX-License-Identifier: MIT */
/* expect: incompatible (function )?(pointer )?type */
#include <runnel.h>

int f(rn_receiver(int) in, rn_sender(int) out);

int f(rn_receiver(int) in, rn_sender(int) out)
{
#ifdef GOOD
    (void)in;
    rn_sender(int) tx = out;
    return tx != NULL;
#else
    (void)out;
    rn_sender(int) tx = in;
    return tx != NULL;
#endif
}
