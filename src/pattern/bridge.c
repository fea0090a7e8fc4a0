/* SPDX-License-Identifier: MIT */
/*
 * Bridge: one stream out of a stream of streams.
 *
 * The task reads the channel it was last given to its end, then asks for the next, so values come
 * in the order of the channels. A channel is kept (rn_channel_ref) while it is being read.
 */
#include "pattern/part.h"

/* Passes on what c carries. 0 at its end; else the bridge has ended. */
static int pass_all(rni_part *p, rn_channel *c)
{
    rni_element e = rni_element_of(c, p->element.size, p->element.align, p->site);
    if (c && c != &rni_no_channel && e.drop != p->element.drop)
        rni_panic(p->site,
                  "rn_bridge needs the drop function of the channel made at %s: rn_bridge_drop",
                  c->site);
    int rc;
    rn_channel_ref(c);
    while ((rc = rn_channel_recv(c, p->held, p->site)) == 0 &&
           (rc = rni_part_send(p, p->outs[0])) == 0)
        continue;
    rn_channel_unref(c);
    return rc == -EPIPE ? 0 : rc;
}

static int pass_each(rni_part *p)
{
    rn_channel *c;
    while (rn_channel_recv(p->ins[0], &c, p->site) == 0 && pass_all(p, c) == 0)
        continue;
    return 0;
}

rn_channel *rn_channel_bridge(rn_group *g, rn_channel *in, void (*drop)(void *element), size_t size,
                              size_t align, const char *site)
{
    (void)rni_element_of(in, sizeof in, _Alignof(rn_channel *), site);
    rni_part_plan plan = {
        .name = "rn_bridge", .state = sizeof(rni_part), .ins = 1, .outs = 1, .rooms = 1
    };
    rni_part *p = rni_part_new(g, &plan, &(rni_element){ size, align, drop }, site);
    if (!p)
        return &rni_no_channel;
    rni_part_add(p, in);
    return rni_part_flow(p, g, pass_each);
}
