/* SPDX-License-Identifier: MIT */
/*
 * Or-done: the values of a channel until a signal comes.
 *
 * Where Go's select would toss a coin between a signal and a value that are both there, these
 * selects are ordered: the signal goes before the next receive, so that nothing more is taken from
 * the source; a consumer that is ready goes before the signal, so that less is lost.
 */
#include "pattern/part.h"

enum { SEND, DONE, RECV, CASES };

static int pass_until_done(rni_part *p)
{
    rn_case *k = p->cases;
    if (!p->ins[1]) {
        rni_part_relay(p, p->outs[0]);
        return 0;
    }
    k[SEND] = (rn_case){ .op = RN_OP_SEND, .ch = p->outs[0], .elem = p->held };
    k[DONE] = (rn_case){ .op = RN_OP_RECV, .ch = p->ins[1] };
    k[RECV] = (rn_case){ .op = RN_OP_RECV, .ch = p->ins[0], .elem = p->held };
    while (rn_select_ordered_at(k + DONE, 2, p->site) == RECV - DONE && k[RECV].status == 0) {
        if (rn_select_ordered_at(k, 2, p->site) == SEND)
            continue;
        rni_part_drop(p, 0);
        break;
    }
    return 0;
}

rn_channel *rn_channel_or_done(rn_group *g, rn_channel *done, rn_channel *in, size_t size,
                               size_t align, const char *site)
{
    rni_element e = rni_element_of(in, size, align, site);
    rni_part_plan plan = { .name = "rn_or_done",
                           .state = sizeof(rni_part),
                           .ins = 2,
                           .outs = 1,
                           .cases = CASES,
                           .rooms = 1 };
    rni_part *p = rni_part_new(g, &plan, &e, site);
    if (!p)
        return &rni_no_channel;
    rni_part_add(p, in);
    rni_part_add(p, done);
    return rni_part_flow(p, g, pass_until_done);
}
