/* SPDX-License-Identifier: MIT */
/*
 * Suspects. The world has been stopped between any two instructions; a task is a suspect only if
 * its record says that its wait has begun and that nobody has begun to end it:
 *
 *   - its context is saved, so it has left its stack, and `why` is that of the present wait;
 *   - it stands in a queue (waiter.lock), or its claim is open: whoever ends a wait does the
 *     opposite first, under the object's lock, and makes it ready after;
 *   - no deadline is armed for it, or has passed;
 *   - its group is not cancelled, nor a context above it, nor is it being closed: who cancels sets
 *     the cause first and ends the waits after; no context's deadline is set.
 *
 * So a peer that has taken a task out and not readied it yet needs no pointer that a scan would
 * have to find. Model: tests/models/leaks.pml.
 */
#include "obs/suspect.h"

#include "core/park.h"
#include "scope/group.h"

static bool waits_in_queue(const rni_task *t)
{
    return __atomic_load_n(&t->waiter.lock, __ATOMIC_RELAXED) != NULL;
}

static bool waits_for_claim(const rni_task *t)
{
    return atomic_load_explicit(&t->claim, memory_order_relaxed) & RNI_CLAIM_WAITING;
}

/* Whether t waits and nobody has begun to end that. */
static bool waits(const rni_task *t)
{
    rni_why why = rni_why_of(t);
    switch (why) {
    case RNI_WHY_SEND_NIL:
    case RNI_WHY_RECV_NIL:
    case RNI_WHY_SELECT:
    case RNI_WHY_SELECT_NONE: return waits_for_claim(t);
    case RNI_WHY_SEND:
    case RNI_WHY_RECV:
    case RNI_WHY_GROUP: return waits_in_queue(t);
    default: return rni_waits_for_lock(why) && waits_in_queue(t);
    }
}

/* Whether the contexts that could end t's wait are not about to, and will not do so by
 * themselves. */
static bool contexts_stay(const rni_task *t)
{
    const rn_group *g = rni_group_of(t);
    if (!g || rni_shielded(t))
        return true;
    if (atomic_load_explicit(&g->closing, memory_order_relaxed) || g->ctx.deadline != INT64_MAX)
        return false;
    for (const rn_ctx *c = &g->ctx; c; c = c->parent)
        if (c->ops || atomic_load_explicit(&c->cause, memory_order_relaxed) != 0)
            return false;
    return true;
}

static bool saved(const rni_task *t)
{
    return __atomic_load_n(&t->context.sp, __ATOMIC_RELAXED) != NULL;
}

bool rni_leaving(const rni_task *t)
{
    return !saved(t) && waits(t);
}

bool rni_suspect(const rni_task *t)
{
    return !t->internal && !t->foreign && t->owner && saved(t) && waits(t) &&
           atomic_load_explicit(&t->timer.state, memory_order_relaxed) == RNI_TIMER_IDLE &&
           atomic_load_explicit(&t->timed_out, memory_order_relaxed) == 0 &&
           atomic_load_explicit(t->cancelled, memory_order_relaxed) == 0 && contexts_stay(t);
}

bool rni_alive(const rni_task *t)
{
    return atomic_load_explicit(&t->state, memory_order_relaxed) == RNI_TASK_LIVE;
}
