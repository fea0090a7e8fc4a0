/* SPDX-License-Identifier: MIT */
/* expect-warning: unused.result|ignoring return value */
#include <runnel.h>

int f(rn_chan(int) c);

int f(rn_chan(int) c)
{
#ifdef GOOD
    return rn_select(RN_DONE(c));
#else
    rn_select(RN_DONE(c));
    return 0;
#endif
}
