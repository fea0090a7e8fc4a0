/* SPDX-License-Identifier: MIT */
/* expect: runnel: this is not a channel handle|subscripted value */
#include <runnel.h>

int f(rn_sender(int) out, rn_channel *c);

int f(rn_sender(int) out, rn_channel *c)
{
#ifdef GOOD
    (void)c;
    rn_close(out);
    return 0;
#else
    (void)out;
    rn_close(c);
    return 0;
#endif
}
