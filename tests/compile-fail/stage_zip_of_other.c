/* SPDX-License-Identifier: MIT */
/* expect: not a channel of what the function takes */
#include <runnel.h>

static int times(int v, int by)
{
    return v * by;
}
RN_STAGE(times, int, int, int);

static double both(int a, double b)
{
    return a * b;
}
RN_ZIP(both, double, int, double);

rn_receiver(double) f(rn_group *g, rn_receiver(int) a, rn_receiver(double) b);

rn_receiver(double) f(rn_group *g, rn_receiver(int) a, rn_receiver(double) b)
{
#ifdef GOOD
    return rn_zip(g, a, b, both);
#else
    return rn_zip(g, b, b, both);
#endif
}
