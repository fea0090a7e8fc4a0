/* SPDX-License-Identifier: MIT */
/* expect-first: rn_needs_RN_PRODUCER_line_of_zero */
#include <runnel.h>

static int zero(rn_sender(int) out)
{
    return rn_send(out, 0);
}
#ifdef GOOD
RN_PRODUCER(zero, int);
#endif

rn_receiver(int) f(rn_group *g);

rn_receiver(int) f(rn_group *g)
{
    return rn_generator_fn(g, zero);
}
