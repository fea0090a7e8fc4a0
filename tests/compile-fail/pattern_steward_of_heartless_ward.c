/* SPDX-License-Identifier: MIT */
/* expect: runnel: a ward takes its heart|incompatible.*pointer */
#include <runnel.h>

static int good(rn_heart *h, int n)
{
    return rn_heart_sleep(h, n);
}
RN_TASK(good, rn_heart *, int);

static int bad(void *h, int n)
{
    return h ? n : 0;
}
RN_TASK(bad, void *, int);

rn_receiver(int) f(rn_group *g);

rn_receiver(int) f(rn_group *g)
{
#ifdef GOOD
    (void)bad;
    return rn_steward(g, RN_SECOND, good, 1);
#else
    (void)good;
    return rn_steward(g, RN_SECOND, bad, 1);
#endif
}
