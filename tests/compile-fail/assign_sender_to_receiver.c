/* SPDX-License-Identifier: MIT */
/* expect: incompatible (function )?(pointer )?type */
#include <runnel.h>

int f(rn_receiver(int) in, rn_sender(int) out);

int f(rn_receiver(int) in, rn_sender(int) out)
{
#ifdef GOOD
    (void)out;
    rn_receiver(int) rx = in;
    return rx != NULL;
#else
    (void)in;
    rn_receiver(int) rx = out;
    return rx != NULL;
#endif
}
