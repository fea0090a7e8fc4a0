/* SPDX-License-Identifier: MIT */
/* Closing channels, and what timers do to theirs. */
#include <string.h>

#include "core/sim.h"
#include "sync/measure.h"
#include "sync/select.h"

/*
 * Takes every waiter out of q whose wait this call ends, and puts it at the end of a list; returns
 * the new end. Each will return rc if that is not 0, else as after a close; index holds the result.
 * The lock is held. The records stay valid until their tasks are made ready.
 */
static rni_waiter **take_waiters(rn_channel *c, rni_queue *q, rni_waiter **end, int rc)
{
    bool receivers = q == &c->receivers;
    rni_waiter *w;
    while ((w = rni_chan_next_waiter(q)) != NULL) {
        bool select = w->flags & RNI_WAITER_CLAIM;
        if (receivers && w->elem && rc == 0)
            memset(w->elem, 0, c->size);
        if (receivers && w->ok)
            *w->ok = false;
        if (select)
            RNI_CONTAINER(w, rni_place, waiter)->of->status = rc ? rc : -EPIPE;
        if (rc || !receivers || !select)
            w->index = (unsigned)(rc ? rc : -EPIPE);
        *end = w;
        end = &w->next;
    }
    return end;
}

/* Closes c, whose lock is held and let go. c is not touched after that: whoever sees the end of a
 * channel may free it, and its header may be another channel's at once. */
static void shut_locked(rn_channel *c, int rc)
{
    rni_waiter *woken = NULL, **end = &woken;
    /* Atomic, because a select peeks at it without the lock. */
    __atomic_store_n(&c->closed, true, __ATOMIC_RELAXED);
    end = take_waiters(c, &c->receivers, end, rc);
    end = take_waiters(c, &c->senders, end, rc);
    *end = NULL;
    rni_unlock(&c->lock);
    while (woken) {
        rni_waiter *w = woken;
        woken = w->next;
        rni_ready(w->task, (int)w->index);
    }
}

void rni_channel_shut(rn_channel *c, int rc)
{
    rni_lock_take(&c->lock);
    shut_locked(c, rc);
}

void rni_channel_close_once(rn_channel *c)
{
    rni_lock_take(&c->lock);
    if (c->closed)
        rni_unlock(&c->lock);
    else
        shut_locked(c, 0);
}

void rn_channel_close(rn_channel *c, const char *site)
{
    if (!c)
        rni_panic(site, "close of nil channel; rn_make returns nil when memory is short");
    rni_lock_take(&c->lock);
    if (rni_unlikely(c->closed)) {
        rni_unlock(&c->lock);
        rni_panic(site, "close of closed channel (made at %s)", c->site);
    }
    shut_locked(c, 0);
    rni_sim_step_here();
}
