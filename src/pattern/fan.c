/* SPDX-License-Identifier: MIT */
/*
 * Fan-out and fan-in.
 *
 * Fan-out is one task that offers each value to all outputs in one select; whoever is ready gets
 * it.
 *
 * Fan-in is a task for each input; the last of them to end closes the output, as the book's wait
 * group does. One task with a select over all inputs needs fewer stacks and holds one value at
 * most, but each of its receives locks every channel: 105, 426 and 3,169 ns a value from 2, 16 and
 * 128 unbuffered inputs, against 59, 77 and 73 ns with tasks (one worker of a 2.x GHz server; two
 * workers are alike).
 */
#include "base/refs.h"
#include "pattern/part.h"

/* ---- fan-out ---- */

static int give_to_any(rni_part *p)
{
    for (size_t i = 0; i < p->n_outs; i++)
        p->cases[i] = (rn_case){ .op = RN_OP_SEND, .ch = p->outs[i], .elem = p->held };
    while (rni_part_recv(p) == 0) {
        if (rni_part_select(p, p->n_outs) >= 0)
            continue;
        rni_part_drop(p, 0);
        break;
    }
    return 0;
}

int rn_channel_fan_out(rn_group *g, rn_channel *in, void *outs, size_t n, size_t size, size_t align,
                       const char *site)
{
    if (n == 0)
        return 0;
    rni_element e = rni_element_of(in, size, align, site);
    rni_part_plan plan = {
        .name = "rn_fan_out", .state = sizeof(rni_part), .ins = 1, .outs = n, .cases = n, .rooms = 1
    };
    rni_part *p = rni_part_new(g, &plan, &e, site);
    rni_handles_write(outs, p ? p->outs : NULL, n);
    if (!p)
        return -ENOMEM;
    rni_part_add(p, in);
    return rni_part_start(p, g, give_to_any);
}

/* ---- fan-in ---- */

/* What the tasks of one fan-in share. */
typedef struct junction {
    rn_channel *out;
    _Atomic(size_t) left; /* tasks, and the maker while it starts them */
} junction;

typedef struct branch {
    rni_part part;
    junction *junction;
} branch;

static void leave(junction *j)
{
    if (!RNI_LEAVES_NONE(&j->left))
        return;
    rni_channel_close_once(j->out);
    rni_os_free(j);
}

static void branch_end(rni_part *p)
{
    leave(RNI_CONTAINER(p, branch, part)->junction);
}

static int pass_to_junction(rni_part *p)
{
    rni_part_relay(p, RNI_CONTAINER(p, branch, part)->junction->out);
    return 0;
}

/* The elements of n inputs, whose drop functions must be the same. */
static rni_element common_element(const void *receivers, size_t n, size_t size, size_t align,
                                  const char *site)
{
    rni_element e = { size, align, NULL };
    rn_channel *first = NULL;
    for (size_t i = 0; i < n; i++) {
        rn_channel *c = rni_handle_at(receivers, i);
        if (!c || c == &rni_no_channel)
            continue;
        e = rni_element_of(c, size, align, site);
        if (first && first->drop != c->drop)
            rni_panic(site, "rn_fan_in of channels with different drop functions (made at %s, %s)",
                      first->site, c->site);
        first = c;
    }
    return e;
}

static junction *make_junction(rn_group *g, const rni_element *e, const char *site)
{
    if (!g)
        rni_panic(site, "rn_fan_in" RNI_NEEDS_A_GROUP);
    junction *j = rni_os_alloc(sizeof *j);
    if (j && (j->out = rn_channel_new(g, e->size, e->align, 0, e->drop, site)) != NULL) {
        atomic_store_explicit(&j->left, 1, memory_order_relaxed);
        return j;
    }
    rni_os_free(j);
    rni_group_lacks_memory(g);
    return NULL;
}

rn_channel *rn_channel_fan_in(rn_group *g, const void *receivers, size_t n, size_t size,
                              size_t align, const char *site)
{
    rni_element e = common_element(receivers, n, size, align, site);
    rni_part_plan plan = { .name = "rn_fan_in", .state = sizeof(branch), .ins = 1, .rooms = 1 };
    junction *j = make_junction(g, &e, site);
    if (!j)
        return &rni_no_channel;
    rn_channel *out = j->out;
    for (size_t i = 0; i < n; i++) {
        rni_part *p = rni_part_new(g, &plan, &e, site);
        if (!p)
            break;
        p->end = branch_end;
        RNI_CONTAINER(p, branch, part)->junction = j;
        atomic_fetch_add_explicit(&j->left, 1, memory_order_relaxed);
        rni_part_add(p, rni_handle_at(receivers, i));
        (void)rni_part_start(p, g, pass_to_junction);
    }
    leave(j);
    return out;
}

rn_channel *rn_channel_fan_in_of(rn_group *g, size_t size, size_t align, const char *site, int n,
                                 ...)
{
    rn_channel *receivers[RNI_LISTED_MAX];
    va_list list;
    va_start(list, n);
    rni_listed(receivers, n, list);
    va_end(list);
    return rn_channel_fan_in(g, receivers, (size_t)n, size, align, site);
}
