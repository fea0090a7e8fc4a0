/* SPDX-License-Identifier: MIT */
/* expect: runnel: this is not a channel handle */
#include <runnel.h>

int f(rn_sender(int) out, int (*p)[3]);

int f(rn_sender(int) out, int (*p)[3])
{
#ifdef GOOD
    (void)p;
    return (int)rn_len(out);
#else
    (void)out;
    return (int)rn_len(p);
#endif
}
