/* SPDX-License-Identifier: MIT */
/* Making chains, and what the stages share. stage.h has the invariants. */
#include <string.h>

#include "pattern/stage.h"

/* ---- steps ---- */

bool rni_step_copy(rn_step *to, const rn_step *from)
{
    *to = *from;
    if (to->n < 0)
        to->n = 0;
    to->captured = NULL;
    if (from->fn && from->captured) {
        void *copy = rni_os_alloc_aligned(from->fn->captured_align, from->fn->captured_size);
        if (!copy)
            return false;
        memcpy(copy, from->captured, from->fn->captured_size);
        to->captured = copy;
    }
    rn_channel_ref(to->other);
    return true;
}

void rni_step_let_go(rn_step *step)
{
    rn_channel_unref(step->other);
    step->other = NULL;
}

void rni_step_free(rn_step *step)
{
    rni_step_let_go(step);
    rni_os_free((void *)(uintptr_t)step->captured);
}

size_t rni_step_in(const rn_step *step, size_t in_size)
{
    if (step->fn)
        return step->fn->a_size;
    return step->size ? step->size : in_size;
}

size_t rni_step_out(const rn_step *step, size_t in_size)
{
    if (step->kind == RN_STEP_BATCH)
        return sizeof(rn_batch);
    return rni_step_makes(step) ? step->fn->result_size : rni_step_in(step, in_size);
}

/* ---- elements ---- */

void *rni_items_new(size_t size, size_t n)
{
    size_t bytes;
    if (__builtin_mul_overflow(size, n, &bytes) || bytes > PTRDIFF_MAX)
        return NULL;
    return rni_os_alloc_aligned(rni_align_of(size), bytes);
}

void rni_items_drop(void (*drop)(void *), void *items, size_t size, size_t n)
{
    for (size_t i = 0; drop && i < n; i++)
        drop(rni_item(items, size, i));
}

/* ---- chains ---- */

static void chain_free(rn_chain *chain)
{
    for (size_t i = 0; i < chain->n; i++)
        rni_step_free(&chain->steps[i]);
    rni_os_free(chain);
}

static void chain_end(rni_owned *o)
{
    chain_free(RNI_CONTAINER(o, rn_chain, owned));
}

/* Gives a chain that has been filled to g. */
static rn_chain *own(rn_group *g, rn_chain *chain)
{
    if (rni_group_own(g, &chain->owned, chain_end))
        return chain;
    chain_free(chain);
    return NULL;
}

static rn_chain *chain_alloc(size_t steps)
{
    return rni_os_alloc(sizeof(rn_chain) + steps * sizeof(rn_step));
}

rn_chain *rn_chain_new(rn_group *g, const rn_step *step)
{
    if (!g)
        rni_panic(NULL, "a stage" RNI_NEEDS_A_GROUP);
    rn_chain *chain = chain_alloc(1);
    if (!chain)
        return NULL;
    if (!rni_step_copy(&chain->steps[0], step)) {
        chain_free(chain);
        return NULL;
    }
    chain->n = 1;
    return own(g, chain);
}

rn_chain *rn_chain_join(rn_chain *const *parts, size_t n)
{
    size_t steps = 0;
    for (size_t i = 0; i < n; i++) {
        if (!parts[i])
            return NULL;
        steps += parts[i]->n;
    }
    rn_chain *chain = n ? chain_alloc(steps) : NULL;
    if (!chain)
        return NULL;
    size_t size = rni_step_in(&parts[0]->steps[0], 0);
    for (size_t i = 0; i < n; i++) {
        for (size_t k = 0; k < parts[i]->n; k++) {
            const rn_step *step = &parts[i]->steps[k];
            if (size && rni_step_in(step, size) != size)
                rni_panic(NULL, "a stage for elements of %zu bytes joined to one of %zu",
                          rni_step_in(step, size), size);
            size = rni_step_out(step, size);
            if (!rni_step_copy(&chain->steps[chain->n], step)) {
                chain_free(chain);
                return NULL;
            }
            chain->n++;
        }
    }
    return own(parts[0]->owned.group, chain);
}

/* ---- failing ---- */

rn_channel *rni_stage_failed(rn_group *g)
{
    rn_group_cancel(g, -ENOMEM);
    return &rni_no_channel;
}

void rni_stage_check(const rn_channel *in, size_t size, const char *site)
{
    if (!rni_channel_carries(in, size))
        rni_panic(site, "a stage for elements of %zu bytes on a channel of %zu", size, in->size);
}
