/* SPDX-License-Identifier: MIT */
/* expect-first: rn_needs_RN_FLAT_line_of_twice */
#include <runnel.h>

static int twice(int v, rn_sender(int) out)
{
    int rc = rn_send(out, v);
    return rc != 0 ? rc : rn_send(out, v);
}
#ifdef GOOD
RN_FLAT(twice, int, int);
#else
RN_STAGE(twice, int, int, rn_sender(int));
#endif

rn_receiver(int) f(rn_group *g, rn_receiver(int) in);

rn_receiver(int) f(rn_group *g, rn_receiver(int) in)
{
    return rn_flat_map(g, in, twice);
}
