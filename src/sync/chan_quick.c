/* SPDX-License-Identifier: MIT */
/*
 * rn_channel_send and rn_channel_recv as far as nothing is unusual: a task of a worker, a lock that
 * is free, an element of eight bytes, and room or an element in the buffer, or a peer that waits
 * for nothing else. Whatever else is found goes on in chan.c, with a call that is the last thing
 * done here: so these functions save no register and have no frame, and an operation on a buffer
 * takes some fifty instructions instead of twice as many.
 *
 * What is done under the lock is what send_step and recv_step do in the same case. A channel that
 * drops its elements is as good as any, unless the element is not wanted.
 */
#include <string.h>

#include "sync/chan_quick.h"

enum { ELEMENT = 8 };

static inline bool usual(const rn_channel *c)
{
    return rni_likely(!(c->closed | c->measured)) && rni_likely(c->size == ELEMENT);
}

static inline char *slot(const rn_channel *c, size_t at)
{
    return c->ring + at * ELEMENT;
}

/* Lets the task of w, a plain waiter that this call takes out of its queue, go on. */
static inline int serve(rni_task *t, rn_channel *c, rni_waiter *w)
{
    rni_task *peer = w->task;
    rni_dequeue(w);
    rni_unlock(&c->lock);
    return rni_ready_and_spend(t, peer);
}

static RNI_NOINLINE int send_to(rni_task *t, rn_channel *c, const void *elem, rni_waiter *w)
{
    if (w->elem)
        memcpy(w->elem, elem, ELEMENT); /* w->ok is for selects */
    return serve(t, c, w);
}

static RNI_NOINLINE int recv_from(rni_task *t, rn_channel *c, void *dst, rni_waiter *w)
{
    if (dst)
        memcpy(dst, w->elem, ELEMENT);
    return serve(t, c, w);
}

static RNI_NOINLINE int send_went_on(rni_task *t, rn_channel *c, const void *elem, const char *site,
                                     uint32_t held)
{
    bool seen = rni_lock_go_on(&c->lock, held);
    return rni_chan_send_held(t, c, elem, site, seen);
}

static RNI_NOINLINE int recv_went_on(rni_task *t, rn_channel *c, void *dst, const char *site,
                                     uint32_t held)
{
    bool seen = rni_lock_go_on(&c->lock, held);
    return rni_chan_recv_held(t, c, dst, site, seen);
}

int rn_channel_send(rn_channel *c, const void *elem, const char *site)
{
    rni_task *t = rni_current_here();
    uint32_t held;
    if (rni_unlikely(!t || !c) || rni_cancelled(t))
        return rni_chan_send_slowly(c, elem, site);
    rni_wait_announce(t, &c->lock);
    if (!rni_lock_quick(&c->lock, &held))
        return send_went_on(t, c, elem, site, held);
    rni_waiter *w = c->receivers.head;
    if (usual(c) && w && !(w->flags & RNI_WAITER_CLAIM))
        return send_to(t, c, elem, w);
    bool full = c->count == c->cap;
    if (!usual(c) || w || (full && rni_must_list(t)))
        return rni_chan_send_held(t, c, elem, site, false);
    if (full)
        return rni_chan_wait(t, c, &c->senders, (void *)(uintptr_t)elem, RNI_WHY_SEND, site);
    size_t at = c->head + c->count;
    memcpy(slot(c, at >= c->cap ? at - c->cap : at), elem, ELEMENT);
    rni_chan_set_count(c, c->count + 1);
    rni_unlock(&c->lock);
    return rni_spend(t, 0);
}

int rn_channel_recv(rn_channel *c, void *dst, const char *site)
{
    rni_task *t = rni_current_here();
    uint32_t held;
    if (rni_unlikely(!t || !c) || rni_cancelled(t) || rni_unlikely(!dst))
        return rni_chan_recv_slowly(c, dst, site);
    rni_wait_announce(t, &c->lock);
    if (!rni_lock_quick(&c->lock, &held))
        return recv_went_on(t, c, dst, site, held);
    rni_waiter *w = c->senders.head;
    if (usual(c) && w && c->count == 0 && !(w->flags & RNI_WAITER_CLAIM))
        return recv_from(t, c, dst, w);
    bool empty = c->count == 0;
    if (!usual(c) || w || (empty && (c->timer_freed || rni_must_list(t))))
        return rni_chan_recv_held(t, c, dst, site, false);
    if (empty)
        return rni_chan_wait(t, c, &c->receivers, dst, RNI_WHY_RECV, site);
    memcpy(dst, slot(c, c->head), ELEMENT);
    c->head = c->head + 1 == c->cap ? 0 : c->head + 1;
    rni_chan_set_count(c, c->count - 1);
    rni_unlock(&c->lock);
    return rni_spend(t, 0);
}
