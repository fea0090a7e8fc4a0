/* SPDX-License-Identifier: MIT */
/* expect: runnel: this is not a channel handle */
#include <runnel.h>

int f(rn_sender(rn_unit) out, rn_unit (*p)[1]);

int f(rn_sender(rn_unit) out, rn_unit (*p)[1])
{
#ifdef GOOD
    (void)p;
    return (int)rn_cap(out);
#else
    (void)out;
    return (int)rn_cap(p);
#endif
}
