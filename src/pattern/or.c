/* SPDX-License-Identifier: MIT */
/*
 * Or: the first of many signals.
 *
 * One task waits in one select over all the channels. The book's tree of selects needs a goroutine
 * for every two channels, because the number of cases of Go's select is fixed when it is compiled;
 * here it is not.
 */
#include "pattern/part.h"

static int await_any(rni_part *p)
{
    for (size_t i = 0; i < p->n_ins; i++) {
        p->cases[i].op = RN_OP_RECV;
        p->cases[i].ch = p->ins[i];
    }
    int first = rni_part_select(p, p->n_ins);
    (void)first; /* or cancelled: the output is closed */
    return 0;
}

rn_channel *rn_channel_or(rn_group *g, const void *receivers, size_t n, const char *site)
{
    if (n == 0)
        return NULL;
    rni_part_plan plan = {
        .name = "rn_or", .state = sizeof(rni_part), .ins = n, .outs = 1, .cases = n
    };
    rni_part *p = rni_part_new(g, &plan, &(rni_element){ 0, 1, NULL }, site);
    if (!p)
        return &rni_no_channel;
    for (size_t i = 0; i < n; i++)
        rni_part_add(p, rni_handle_at(receivers, i));
    return rni_part_flow(p, g, await_any);
}

rn_channel *rn_channel_or_of(rn_group *g, const char *site, int n, ...)
{
    rn_channel *receivers[RNI_LISTED_MAX];
    va_list list;
    va_start(list, n);
    rni_listed(receivers, n, list);
    va_end(list);
    return rn_channel_or(g, receivers, (size_t)n, site);
}
