/* SPDX-License-Identifier: MIT */
/* expect: runnel: this is not a channel handle */
#include <runnel.h>

int f(rn_sender(int) out, int (*p)[3]);

int f(rn_sender(int) out, int (*p)[3])
{
#ifdef GOOD
    (void)p;
    rn_ref(out);
    return 0;
#else
    (void)out;
    rn_ref(p);
    return 0;
#endif
}
