/* SPDX-License-Identifier: MIT */
/*
 * The channel object, for the files of sync and for reports.
 *
 * Invariants, under the lock:
 *   - count > 0 or the channel is closed  =>  no receiver waits;
 *   - count < cap or the channel is closed  =>  no sender waits;
 *   - so senders and receivers never wait at the same time (but for a select that waits in both
 *     queues of one channel, which never pairs with itself);
 *   - `closed` never goes back.
 * Waiters are served first come, first served.
 *
 * Lock: `lock` protects everything but `refs`, `live`, the fields that are fixed when the channel
 * is made, and those that say what else protects them. Nothing may park, allocate or call user
 * code under it. A select takes the locks of its channels in ascending order of address.
 *
 * Headers are type-stable: a freed header is only ever reused for another channel, and its lock
 * stays a lock. Park's abort protocol needs that (core/park.h).
 */
#ifndef RNI_SYNC_CHAN_H
#define RNI_SYNC_CHAN_H

#include <runnel/chan.h>

#include "base/list.h"
#include "core/park.h"

enum { RNI_CHAN_FEW_BYTES = 16 };

struct rn_channel {
    rni_lock lock;
    _Atomic(bool) live; /* this header is in use; for reports */
    bool closed;
    bool freeing;  /* rni_channel_destroy has begun */
    bool measured; /* measure is set: told here, in the line that every operation has */
    size_t size;   /* of an element; fixed */
    size_t cap;    /* fixed */
    size_t count;  /* buffered elements; set with rni_chan_set_count */
    size_t head;   /* index of the oldest */
    char *ring;    /* cap elements, perhaps in `few`; fixed */
    rni_queue receivers, senders;
    void (*drop)(void *element); /* fixed */
    size_t align;                /* of an element; fixed */
    struct rni_measure *measure; /* measure.h; NULL: not measured */
    const char *site;            /* made at; fixed */
    rni_link owned;              /* on its group's list; the group's lock */
    void *group;                 /* that group, or NULL; the group's lock */
    _Atomic(int64_t) refs;       /* see rni_channel_keep */
    rn_channel *next_free;
    _Alignas(RNI_CHAN_FEW_BYTES) char few[RNI_CHAN_FEW_BYTES]; /* the ring of a word or two */

    void (*timer_freed)(void *timer); /* not NULL: a timer's, which looks unbuffered; fixed */
    void *timer;    /* freed with it, until untime; only for who ends or frees the channel */
    int64_t due;    /* when that timer has a value that is not received yet; INT64_MAX: never */
    int64_t period; /* from one such instant to the next; 0: there is one */
};

static inline bool rni_chan_has_own_ring(const rn_channel *c)
{
    return c->ring == c->few;
}

/* Under the lock. An atomic store, because rn_len and a select that peeks (select_quick.c) read it
 * without the lock. */
static inline void rni_chan_set_count(rn_channel *c, size_t n)
{
    __atomic_store_n(&c->count, n, __ATOMIC_RELAXED);
}

static inline void *rni_chan_slot(const rn_channel *c, size_t i)
{
    size_t at = c->head + i;
    if (at >= c->cap)
        at -= c->cap;
    return c->ring + at * c->size;
}

/* The first waiter of q whose wait this call ends, or NULL. */
static inline rni_waiter *rni_chan_next_waiter(rni_queue *q)
{
    rni_waiter *w;
    while ((w = q->head) != NULL)
        if (rni_waiter_won(w))
            return w;
    return NULL;
}

/* What is returned in place of a channel that could not be made, where its reader should find an
 * end: closed for good and in no group. Nothing is ever in it, so it suits every element type, and
 * all share it. Nobody frees it, and it has no drop function. */
extern rn_channel rni_no_channel;
/* Whether the elements of c may be taken to have that size: the nil channel's may. */
static inline bool rni_channel_carries(const rn_channel *c, size_t size)
{
    return !c || c == &rni_no_channel || c->size == size;
}
/* Makes a channel that no group owns yet, with one reference. NULL when there is no memory or the
 * capacity is impossible. */
rn_channel *rni_channel_make(size_t size, size_t align, size_t cap, void (*drop)(void *),
                             const char *site);
/* Ends every wait on c with rc; closes it. */
void rni_channel_shut(rn_channel *c, int rc);
/*
 * The low half of `refs` counts every reference: rn_ref's, the group's and those of calls that keep
 * the channel until they are done with it; the high half counts the latter alone. So a channel that
 * its owner frees while such a call is about to return is freed by the call.
 */
enum { RNI_CHANNEL_REF = 1 };
#define RNI_CHANNEL_KEEP (INT64_C(1) << 32 | RNI_CHANNEL_REF)
void rni_channel_keep(rn_channel *c);
void rni_channel_unkeep(rn_channel *c);
/* The references of the program and the group. */
static inline int64_t rni_channel_refs(const rn_channel *c)
{
    int64_t refs = atomic_load_explicit(&c->refs, memory_order_acquire);
    RNI_EDGE_IN(&c->refs);
    return (refs & UINT32_MAX) - (refs >> 32);
}
/* c's lock is held, and the program's memory at dst has been written to, by whichever side; dst may
 * be NULL. To TSan that comes before what follows the lock: it has been announced as let go
 * (core/lock.h). */
static inline void rni_chan_received(rn_channel *c, void *dst, size_t bytes)
{
    RNI_WROTE(dst, bytes);
    RNI_EDGE_OUT(&c->lock);
}
#define RNI_RECEIVED(c, dst, bytes)                                                                \
    (rni_san_is(RNI_SEES_WRITES) ? rni_chan_received((c), (dst), (bytes)) : (void)0)

/* Gives a reference back; the last one drops what is buffered and frees the channel. */
void rni_channel_release(rn_channel *c);
/* Closes c if it is open; unlike rn_channel_close a second time is fine. */
void rni_channel_close_once(rn_channel *c);
/* Called by rn_channel_new and rn_channel_free; in scope/owned.c. */
bool rni_group_adopt(rn_group *g, rn_channel *c);
/* For what could not be made in g: fails g with -ENOMEM, unless it could not because g is being
 * closed. Else who waits on the nil channel in its place would wait for ever. */
void rni_group_lacks_memory(rn_group *g);
void rni_group_forget(rn_channel *c);

/* ---- chan_timer.c: for timers (scope/timers.c) ---- */

/* Between the two c belongs to `timer`, which `freed` frees together with c. */
void rni_channel_time(rn_channel *c, void (*freed)(void *timer), void *timer);
void rni_channel_untime(rn_channel *c);
/* The timer is set to `when`, and to each period later if that is not 0; INT64_MAX: it will never
 * fire. */
void rni_channel_set_due(rn_channel *c, int64_t when, int64_t period);
/* The timer fires: sends what is due, if nobody has received it yet. Returns when it is to fire
 * next, or INT64_MAX. */
int64_t rni_channel_fire(rn_channel *c);
/* The timer is stopped: nothing of it comes any more. True if there was something to come. */
bool rni_channel_disarm(rn_channel *c);
/* c's lock is held: whether c's timer is due without having fired yet, and who receives now is the
 * first. If so, rni_chan_fire_early puts its value into the buffer. */
bool rni_chan_is_due(const rn_channel *c);
void rni_chan_fire_early(rn_channel *c);

/* Calls fn for every channel in use. */
void rni_channel_each(void (*fn)(rn_channel *c, void *arg), void *arg);
/* Calls fn for every array of headers, in use or not. */
void rni_channel_slabs_each(void (*fn)(rn_channel *first, size_t n, void *arg), void *arg);

/*
 * The steps of an operation with c's lock held; each returns true if it took place. On success the
 * lock has been released, and the peer, if any, made ready.
 */
bool rni_chan_send_locked(rn_channel *c, const void *elem);
bool rni_chan_recv_locked(rn_channel *c, void *dst);

#endif
