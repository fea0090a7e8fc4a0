/* SPDX-License-Identifier: MIT */
/* expect: runnel: this is not a channel handle */
#include <runnel.h>

int f(rn_sender(int) out, int (*p)[3]);

int f(rn_sender(int) out, int (*p)[3])
{
#ifdef GOOD
    (void)p;
    return rn_send(out, 1);
#else
    (void)out;
    return rn_send(p, 1);
#endif
}
