/* SPDX-License-Identifier: MIT */
/* expect: incomplete (element )?type */
#include <runnel.h>

struct hidden;

int f(rn_group *g);

int f(rn_group *g)
{
#ifdef GOOD
    rn_chan(struct hidden *) c = rn_make(g, struct hidden *, 0);
    return c != NULL;
#else
    return rn_make(g, struct hidden, 0) != NULL;
#endif
}
