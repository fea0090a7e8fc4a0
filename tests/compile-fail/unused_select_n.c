/* SPDX-License-Identifier: MIT */
/* expect-warning: unused.result|ignoring return value */
#include <runnel.h>

int f(rn_case *cases);

int f(rn_case *cases)
{
#ifdef GOOD
    return rn_select_n(cases, 1);
#else
    rn_select_n(cases, 1);
    return 0;
#endif
}
