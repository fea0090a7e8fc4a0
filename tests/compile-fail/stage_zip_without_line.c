/* SPDX-License-Identifier: MIT */
/* expect-first: rn_needs_RN_ZIP_line_of_sum */
#include <runnel.h>

static int sum(int a, int b)
{
    return a + b;
}
#ifdef GOOD
RN_ZIP(sum, int, int, int);
#endif

rn_receiver(int) f(rn_group *g, rn_receiver(int) a, rn_receiver(int) b);

rn_receiver(int) f(rn_group *g, rn_receiver(int) a, rn_receiver(int) b)
{
    return rn_zip(g, a, b, sum);
}
