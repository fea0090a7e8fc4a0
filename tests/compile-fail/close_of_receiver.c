/* SPDX-License-Identifier: MIT */
/* expect: runnel: close of a receive-only channel */
#include <runnel.h>

int f(rn_receiver(int) in, rn_sender(int) out);

int f(rn_receiver(int) in, rn_sender(int) out)
{
#ifdef GOOD
    (void)in;
    rn_close(out);
    return 0;
#else
    (void)out;
    rn_close(in);
    return 0;
#endif
}
