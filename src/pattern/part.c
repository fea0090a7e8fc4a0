/* SPDX-License-Identifier: MIT */
/* Parts. part.h has the invariants. */
#include <string.h>

#include "pattern/part.h"
#include "scope/group.h"

rni_element rni_element_of(const rn_channel *c, size_t size, size_t align, const char *site)
{
    if (!rni_channel_carries(c, size))
        rni_panic(site, "elements of %zu bytes from a channel of %zu bytes each (made at %s)", size,
                  c->size, c->site);
    return (rni_element){ size, align, c ? c->drop : NULL };
}

void rni_listed(rn_channel **to, int n, va_list list)
{
    RNI_ASSERT(n >= 0 && n <= RNI_LISTED_MAX);
    for (int i = 0; i < n; i++)
        to[i] = va_arg(list, rn_channel *);
}

void rni_handles_write(void *to, rn_channel *const *from, size_t n)
{
    rn_channel *none = &rni_no_channel;
    for (size_t i = 0; i < n; i++)
        memcpy((char *)to + i * sizeof none, from ? &from[i] : &none, sizeof none);
    RNI_WROTE(to, n * sizeof none);
}

/* ---- memory ---- */

/* Where the pieces of a part lie in its block. */
typedef struct layout {
    size_t channels, cases, places, held, bytes;
} layout;

/* Puts n things of size bytes at the next multiple of align; false if that is too much. */
static bool place(layout *l, size_t *at, size_t align, size_t size, size_t n)
{
    size_t bytes;
    *at = (l->bytes + align - 1) & ~(align - 1);
    return !__builtin_mul_overflow(size, n, &bytes) &&
           !__builtin_add_overflow(*at, bytes, &l->bytes) && l->bytes <= PTRDIFF_MAX;
}

static rni_part *make_block(const rni_part_plan *plan, const rni_element *e)
{
    layout l = { .bytes = plan->state };
    if (!place(&l, &l.channels, _Alignof(rn_channel *), sizeof(rn_channel *),
               plan->ins + plan->outs) ||
        !place(&l, &l.cases, _Alignof(rn_case), sizeof(rn_case), plan->cases) ||
        !place(&l, &l.places, _Alignof(rni_place), sizeof(rni_place),
               plan->cases > RNI_SELECT_FEW ? plan->cases : 0) ||
        !place(&l, &l.held, e->align, e->size, plan->rooms))
        return NULL;
    size_t align = e->align > _Alignof(max_align_t) ? e->align : _Alignof(max_align_t);
    char *block = rni_os_alloc_aligned(align, l.bytes);
    if (!block)
        return NULL;
    rni_part *p = (rni_part *)(void *)block;
    p->element = *e;
    p->ins = (rn_channel **)(void *)(block + l.channels);
    p->outs = p->ins + plan->ins;
    p->cases = (rn_case *)(void *)(block + l.cases);
    p->places = (rni_place *)(void *)(block + l.places);
    p->held = block + l.held;
    return p;
}

/* ---- life ---- */

/* The inputs go first, the outputs are closed then, and whoever waits for that may go on. */
static void part_end(rni_part *p)
{
    for (size_t i = 0; i < p->n_ins; i++)
        rn_channel_unref(p->ins[i]);
    for (size_t i = 0; i < p->n_outs; i++)
        rni_channel_close_once(p->outs[i]);
    if (p->end)
        p->end(p);
    rni_os_free(p);
}

rni_part *rni_part_new(rn_group *g, const rni_part_plan *plan, const rni_element *element,
                       const char *site)
{
    if (!g)
        rni_panic(site, "%s" RNI_NEEDS_A_GROUP, plan->name);
    rni_part *p = make_block(plan, element);
    if (p) {
        p->name = plan->name;
        p->site = site;
    }
    while (p && p->n_outs < plan->outs) {
        rn_channel *c = rn_channel_new(g, element->size, element->align, plan->cap, element->drop,
                                       site);
        if (c) {
            p->outs[p->n_outs++] = c;
            continue;
        }
        while (p->n_outs)
            rn_channel_free(p->outs[--p->n_outs], site);
        rni_os_free(p);
        p = NULL;
    }
    if (!p)
        rni_group_lacks_memory(g);
    return p;
}

int rni_part_select(rni_part *p, size_t n)
{
    return n > RNI_SELECT_FEW ? rni_select_among(p->places, p->cases, n, p->site)
                              : rn_select_at(p->cases, n, p->site);
}

void rni_part_add(rni_part *p, rn_channel *c)
{
    rn_channel_ref(c);
    p->ins[p->n_ins++] = c;
}

static int part_task(void *args)
{
    rni_part *p = *(rni_part **)args;
    int rc = p->run(p);
    part_end(p);
    return rc;
}

int rni_part_start(rni_part *p, rn_group *g, int (*run)(rni_part *p))
{
    p->run = run;
    int rc = rn_group_go(g, part_task, &p, sizeof p, &rni_in_background, p->name, p->site);
    if (rc)
        part_end(p);
    return rc;
}

rn_channel *rni_part_flow(rni_part *p, rn_group *g, int (*run)(rni_part *p))
{
    rn_channel *out = p->outs[0];
    (void)rni_part_start(p, g, run); /* a group that is cancelled gets a closed channel */
    return out;
}
