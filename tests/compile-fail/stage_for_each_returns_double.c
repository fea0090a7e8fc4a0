/* SPDX-License-Identifier: MIT */
/* expect: the function of a for-each returns int */
#include <runnel.h>

static int times(int v, int by)
{
    return v * by;
}
RN_STAGE(times, int, int, int);

static double half(int v)
{
    return v / 2.0;
}
RN_STAGE(half, double, int);

int f(rn_receiver(int) in);

int f(rn_receiver(int) in)
{
#ifdef GOOD
    return rn_for_each(in, times, 2);
#else
    return rn_for_each(in, half);
#endif
}
