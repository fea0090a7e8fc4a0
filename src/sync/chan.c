/* SPDX-License-Identifier: MIT */
/*
 * Channel operations. chan.h has the invariants; core/park.h the protocol of waiting.
 *
 * An element goes straight from the sender's memory to the receiver's when one of them waits. When
 * a sender waits for a full buffer, a receive takes the oldest element and moves the sender's to
 * the end, so order is kept.
 *
 * A waiting receiver is completed by its peer: element copied, *ok set, result passed to rni_ready.
 * For a plain operation the result is 0 or -EPIPE; for a select it is the index of the case, or
 * -EPIPE for a send on a closed channel. When the channel's group ends it is -ECANCELED for both.
 */
#include <string.h>

#include "base/copy.h"
#include "sync/chan_quick.h"
#include "sync/measure.h"

/*
 * The steps below exist twice: in a plain process nothing is added to them, and where a sanitizer's
 * runtime is (`seen`), what has been received is told. TSan does not see the copying itself: it
 * would take the buffer for the program's.
 */
#define RNI_TWICE __attribute__((always_inline)) static inline

/* Copies small elements without a call. */
RNI_TWICE void copy(void *dst, const void *src, size_t size, bool seen)
{
    if (size == 8)
        memcpy(dst, src, 8);
    else if (size == 4)
        memcpy(dst, src, 4);
    else if (seen)
        rni_copy(dst, src, size);
    else if (size != 0)
        memcpy(dst, src, size);
}

/* Into memory of the program's, which may be NULL. */
RNI_TWICE void store(rn_channel *c, void *dst, const void *src, bool seen)
{
    if (dst)
        copy(dst, src, c->size, seen);
    if (seen)
        rni_chan_received(c, dst, c->size);
}

/* What the wait of a completed waiter returns. */
static inline int result_of(const rni_waiter *w)
{
    return w->flags & RNI_WAITER_CLAIM ? (int)w->index : 0;
}

RNI_TWICE bool send_step(rn_channel *c, const void *elem, bool seen)
{
    rni_waiter *w = rni_chan_next_waiter(&c->receivers);
    if (w) {
        store(c, w->elem, elem, seen);
        if (w->ok)
            *w->ok = true;
        rni_task *t = w->task;
        int rc = result_of(w);
        RNI_MEASURE(c, (rni_measure_passed(c), rni_measure_served(c, t, false)));
        rni_unlock(&c->lock);
        rni_ready(t, rc);
        return true;
    }
    if (c->count == c->cap)
        return false;
    RNI_MEASURE(c, rni_measure_pushed(c, 1));
    copy(rni_chan_slot(c, c->count), elem, c->size, seen);
    rni_chan_set_count(c, c->count + 1);
    rni_unlock(&c->lock);
    return true;
}

RNI_TWICE bool recv_step(rn_channel *c, void *dst, bool seen)
{
    bool buffered = c->count > 0;
    if (buffered) {
        RNI_MEASURE(c, rni_measure_popped(c, 1));
        store(c, dst, rni_chan_slot(c, 0), seen);
        c->head = c->head + 1 == c->cap ? 0 : c->head + 1;
        rni_chan_set_count(c, c->count - 1);
    }
    rni_waiter *w = rni_chan_next_waiter(&c->senders);
    if (!w) {
        if (buffered) {
            rni_unlock(&c->lock);
            return true;
        }
        if (rni_likely(!c->timer_freed) || !rni_chan_is_due(c))
            return false;
        rni_chan_fire_early(c);
        return rni_chan_recv_locked(c, dst);
    }
    rni_task *t = w->task;
    if (buffered) {
        RNI_MEASURE(c, rni_measure_pushed(c, 1));
        copy(rni_chan_slot(c, c->count), w->elem, c->size, seen);
        rni_chan_set_count(c, c->count + 1);
    } else {
        RNI_MEASURE(c, rni_measure_passed(c));
        store(c, dst, w->elem, seen);
    }
    RNI_MEASURE(c, rni_measure_served(c, t, true));
    int rc = result_of(w);
    rni_unlock(&c->lock);
    rni_ready(t, rc);
    return true;
}

static RNI_NOINLINE bool send_seen(rn_channel *c, const void *elem)
{
    return send_step(c, elem, true);
}

static RNI_NOINLINE bool recv_seen(rn_channel *c, void *dst)
{
    return recv_step(c, dst, true);
}

static bool send_unseen(rn_channel *c, const void *elem)
{
    return send_step(c, elem, false);
}

static bool recv_unseen(rn_channel *c, void *dst)
{
    return recv_step(c, dst, false);
}

bool rni_chan_send_locked(rn_channel *c, const void *elem)
{
    return rni_san_is(RNI_SEES_WRITES) ? send_seen(c, elem) : send_unseen(c, elem);
}

bool rni_chan_recv_locked(rn_channel *c, void *dst)
{
    return rni_san_is(RNI_SEES_WRITES) ? recv_seen(c, dst) : recv_unseen(c, dst);
}

/* ---- waiting ---- */

/* The calling task's own waiter, for a wait on one channel. */
static rni_waiter *own_waiter(rni_task *t, void *elem)
{
    rni_waiter *w = &t->waiter;
    w->task = t;
    w->elem = elem;
    w->ok = NULL;
    w->flags = 0;
    return w;
}

/* Waits for ever, or until an abort, in no queue. */
static int wait_nil(rni_task *t, rni_why why, const char *site)
{
    rni_wait_prepare(t);
    rni_claim_open(t);
    int rc;
    if (rni_wait_refused(t, &rc) && rni_claim(t))
        return rc;
    return rni_park(t, why, NULL, site);
}

/* One turn of a sending operation, whose wait has been announced and whose lock is held: 0 or
 * -EPIPE when it is over, -EAGAIN when it would have to wait; then the lock is held still. */
static inline int send_turn(rn_channel *c, const void *elem, bool seen)
{
    if (rni_unlikely(c->closed)) {
        rni_unlock(&c->lock);
        return -EPIPE;
    }
    return (seen ? send_seen(c, elem) : send_unseen(c, elem)) ? 0 : -EAGAIN;
}

static inline int recv_turn(rn_channel *c, void *dst, bool seen)
{
    if (seen ? recv_seen(c, dst) : recv_unseen(c, dst))
        return 0;
    if (rni_unlikely(c->closed)) {
        size_t size = c->size; /* another who sees the end may free c */
        rni_unlock(&c->lock);
        if (dst)
            memset(dst, 0, size);
        return -EPIPE;
    }
    return -EAGAIN;
}

/* Announces a wait for c and takes its lock; returns what send_turn and recv_turn want to know. */
static inline bool take(rni_task *t, rn_channel *c)
{
    rni_wait_announce(t, &c->lock);
    return rni_lock_take_and_ask(&c->lock);
}

static RNI_NOINLINE int wait_refused(rni_task *t, rn_channel *c)
{
    int rc = 0;
    (void)rni_wait_refused(t, &rc);
    rni_dequeue(&t->waiter);
    rni_unlock(&c->lock);
    return rc;
}

int rni_chan_wait(rni_task *t, rn_channel *c, rni_queue *q, void *elem, rni_why why,
                  const char *site)
{
    rni_enqueue(q, &c->lock, own_waiter(t, elem));
    if (rni_unlikely(rni_wait_may_be_refused(t)))
        return wait_refused(t, c);
    rni_unlock(&c->lock);
    return rni_park(t, why, c, site);
}

int rni_chan_send_held(rni_task *t, rn_channel *c, const void *elem, const char *site, bool seen)
{
    int rc = send_turn(c, elem, seen);
    if (rc == -EAGAIN && rni_must_list(t)) {
        rni_unlock(&c->lock);
        rni_list_task(t);
        rc = send_turn(c, elem, take(t, c));
    }
    if (rc != -EAGAIN)
        return rni_spend(t, rc);
    RNI_MEASURE(c, rni_measure_waits(t));
    return rni_chan_wait(t, c, &c->senders, (void *)(uintptr_t)elem, RNI_WHY_SEND, site);
}

int rni_chan_recv_held(rni_task *t, rn_channel *c, void *dst, const char *site, bool seen)
{
    int rc = recv_turn(c, dst, seen);
    if (rc == -EAGAIN && rni_must_list(t)) {
        rni_unlock(&c->lock);
        rni_list_task(t);
        rc = recv_turn(c, dst, take(t, c));
    }
    if (rc != -EAGAIN)
        return rni_spend(t, rc);
    RNI_MEASURE(c, rni_measure_waits(t));
    return rni_chan_wait(t, c, &c->receivers, dst, RNI_WHY_RECV, site);
}

static int send_or_wait(rni_task *t, rn_channel *c, const void *elem, const char *site)
{
    bool seen = take(t, c);
    return rni_chan_send_held(t, c, elem, site, seen);
}

static int recv_or_wait(rni_task *t, rn_channel *c, void *dst, const char *site)
{
    bool seen = take(t, c);
    return rni_chan_recv_held(t, c, dst, site, seen);
}

/* ---- the operations ---- */

int rni_chan_send_slowly(rn_channel *c, const void *elem, const char *site)
{
    rni_task *t = rni_current();
    int rc = rni_refused_at_entry(t);
    if (rni_unlikely(rc))
        return rc;
    if (rni_unlikely(!c))
        return wait_nil(t, RNI_WHY_SEND_NIL, site);
    return send_or_wait(t, c, elem, site);
}

static int send_now(rni_task *t, rn_channel *c, const void *elem)
{
    int rc = send_turn(c, elem, take(t, c));
    if (rc == -EAGAIN)
        rni_unlock(&c->lock);
    return rc;
}

static int recv_now(rni_task *t, rn_channel *c, void *dst)
{
    int rc = recv_turn(c, dst, take(t, c));
    if (rc == -EAGAIN)
        rni_unlock(&c->lock);
    return rc;
}

/* A receive without destination from a channel with a drop function. */
static inline bool must_drop(const rn_channel *c, const void *dst)
{
    return rni_unlikely(!dst && c->drop);
}

/* Receives into dst, which nobody wants, and gives it to the channel's drop function. The channel
 * itself may be gone once the value is there. */
static inline int recv_into(rni_task *t, rn_channel *c, void *dst, bool wait, const char *site)
{
    void (*drop)(void *) = c->drop;
    int rc = wait ? recv_or_wait(t, c, dst, site) : recv_now(t, c, dst);
    if (rc == 0)
        drop(dst);
    return rc;
}

enum { SCRATCH = 64, LARGE_SCRATCH = 1024, SCRATCH_ALIGN = 64 };

static RNI_NOINLINE int recv_large_and_drop(rni_task *t, rn_channel *c, bool wait, const char *site)
{
    _Alignas(SCRATCH_ALIGN) char scratch[LARGE_SCRATCH];
    return recv_into(t, c, scratch, wait, site);
}

static int recv_and_drop(rni_task *t, rn_channel *c, bool wait, const char *site)
{
    _Alignas(SCRATCH_ALIGN) char scratch[SCRATCH];
    if (c->size <= SCRATCH && c->align <= SCRATCH_ALIGN)
        return recv_into(t, c, scratch, wait, site);
    if (c->size <= LARGE_SCRATCH && c->align <= SCRATCH_ALIGN && !rni_stack_is_tiny(t))
        return recv_large_and_drop(t, c, wait, site);
    void *dst = rni_os_alloc_aligned(c->align, c->size);
    if (!dst)
        rni_panic(site, "out of memory for a discarded element");
    int rc = recv_into(t, c, dst, wait, site);
    rni_os_free(dst);
    return rc;
}

int rni_chan_recv_slowly(rn_channel *c, void *dst, const char *site)
{
    rni_task *t = rni_current();
    int rc = rni_refused_at_entry(t);
    if (rni_unlikely(rc))
        return rc;
    if (rni_unlikely(!c))
        return wait_nil(t, RNI_WHY_RECV_NIL, site);
    if (must_drop(c, dst))
        return recv_and_drop(t, c, true, site);
    return recv_or_wait(t, c, dst, site);
}

int rn_channel_wait(rn_channel *c, const char *site)
{
    return rn_channel_recv(c, NULL, site);
}

int rn_channel_try_send(rn_channel *c, const void *elem)
{
    rni_task *t = rni_current();
    return rni_spend(t, c ? send_now(t, c, elem) : -EAGAIN);
}

static int recv_at_once(rni_task *t, rn_channel *c, void *dst)
{
    if (!c)
        return -EAGAIN;
    return must_drop(c, dst) ? recv_and_drop(t, c, false, NULL) : recv_now(t, c, dst);
}

int rn_channel_try_recv(rn_channel *c, void *dst)
{
    rni_task *t = rni_current();
    return rni_spend(t, recv_at_once(t, c, dst));
}

int rn_channel_send_until(rn_channel *c, int64_t deadline_ns, const void *elem, const char *site)
{
    rni_task *t = rni_current();
    int rc = rni_refused_at_entry(t);
    if (rc)
        return rc;
    rc = c ? send_now(t, c, elem) : -EAGAIN;
    if (rc == -EAGAIN && rni_now() >= deadline_ns)
        rc = -ETIMEDOUT;
    if (rc != -EAGAIN)
        return rni_spend(t, rc);
    rni_deadline_start(t, deadline_ns, -ETIMEDOUT);
    rc = c ? send_or_wait(t, c, elem, site) : wait_nil(t, RNI_WHY_SEND_NIL, site);
    rni_deadline_stop(t);
    return rc;
}

int rn_channel_recv_until(rn_channel *c, void *dst, int64_t deadline_ns, const char *site)
{
    rni_task *t = rni_current();
    int rc = rni_refused_at_entry(t);
    if (rc)
        return rc;
    rc = recv_at_once(t, c, dst);
    if (rc == -EAGAIN && rni_now() >= deadline_ns)
        rc = -ETIMEDOUT;
    if (rc != -EAGAIN)
        return rni_spend(t, rc);
    rni_deadline_start(t, deadline_ns, -ETIMEDOUT);
    if (!c)
        rc = wait_nil(t, RNI_WHY_RECV_NIL, site);
    else if (must_drop(c, dst))
        rc = recv_and_drop(t, c, true, site);
    else
        rc = recv_or_wait(t, c, dst, site);
    rni_deadline_stop(t);
    return rc;
}

size_t rn_channel_len(const rn_channel *c)
{
    size_t n = c && !c->timer_freed ? __atomic_load_n(&c->count, __ATOMIC_RELAXED) : 0;
    rni_spend_here(0);
    return n;
}

size_t rn_channel_cap(const rn_channel *c)
{
    return c && !c->timer_freed ? c->cap : 0;
}
