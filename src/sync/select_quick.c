/* SPDX-License-Identifier: MIT */
/*
 * rn_select_at as far as nothing is unusual: a few cases, each with a channel that is open and no
 * timer's. What is unusual leaves for select.c with a call that is the last thing done, having done
 * nothing yet.
 *
 * The channels are peeked at without their locks. What is seen then may be wrong a moment later, so
 * it decides only which of three ways is tried:
 *   - some case looks ready: one of those is done under the lock of its own channel, if it is ready
 *     still. That the others have changed meanwhile only makes the choice as if the select had come
 *     earlier; a select in order, where it would be seen, is not done here.
 *   - none does and there is RN_DEFAULT: see none_at_once.
 *   - else the task waits, as select.c has it, but in one function: each return into a frame from
 *     before a switch is mispredicted.
 *
 * A peek reads a channel's `closed`, the buffer's count and the heads of the queues, which are
 * therefore stored atomically (under the lock). Relaxed is enough where what is believed of it is
 * confirmed under a lock; see is_not_ready for the rest.
 */
#include <string.h>

#include "sync/chan_quick.h"
#include "sync/measure.h"
#include "sync/select.h"

enum { FEW = 4 };

/* ---- peeking ---- */

static inline bool has_waiter(const rni_queue *q)
{
    return __atomic_load_n(&q->head, __ATOMIC_ACQUIRE) != NULL;
}

static inline size_t buffered(const rn_channel *c)
{
    return __atomic_load_n(&c->count, __ATOMIC_RELAXED);
}

/* Whether k's operation could be done, but for a close. Who waits for a buffer does so because it
 * is empty or full, so the count tells; without a buffer the queue does. */
static inline bool peek(const rn_case *k)
{
    const rn_channel *c = k->ch;
    if (k->op == RN_OP_SEND)
        return c->cap ? buffered(c) < c->cap : has_waiter(&c->receivers);
    return c->cap ? buffered(c) > 0 : has_waiter(&c->senders);
}

static inline bool is_closed(const rn_channel *c)
{
    return __atomic_load_n(&c->closed, __ATOMIC_RELAXED);
}

/* ---- a case that is ready ---- */

static RNI_NOINLINE int give_up(rn_channel *c, rn_case *cases, size_t n, const char *site)
{
    rni_unlock(&c->lock);
    return rni_select_slowly(cases, n, site);
}

/* Does k's operation, with its channel's lock held. */
static inline bool perform(rn_channel *c, rn_case *k)
{
    if (rni_unlikely(c->closed))
        return false;
    if (k->op == RN_OP_SEND)
        return rni_chan_send_locked(c, k->elem);
    if (!rni_chan_recv_locked(c, k->elem))
        return false;
    if (k->ok)
        *k->ok = true;
    return true;
}

static inline int take(rni_task *t, rn_case *cases, size_t n, const char *site, rn_case *k)
{
    rn_channel *c = k->ch;
    rni_lock_take(&c->lock);
    if (rni_unlikely(!perform(c, k)))
        return give_up(c, cases, n, site);
    k->status = 0;
    return rni_spend(t, (int)(k - cases));
}

/* One of the bits of `ready`, each with the same probability. */
static RNI_NOINLINE unsigned one_of(unsigned ready)
{
    uint32_t nth = rni_choose((uint32_t)__builtin_popcount(ready));
    while (nth-- > 0)
        ready &= ready - 1;
    return ready;
}

/* ---- none is ready, and there is RN_DEFAULT ---- */

static RNI_NOINLINE int spent(rni_task *t, int otherwise)
{
    (void)rni_budget_spent(t, -EAGAIN);
    return otherwise;
}

static inline int take_default(rni_task *t, int otherwise)
{
    if (rni_unlikely(--t->budget < 0))
        return spent(t, otherwise);
    return otherwise;
}

/*
 * Whether k's operation cannot be done at the instant at which the head of a queue is loaded:
 * `closed` never goes back, so it was not set then if it is not set later. Not told for a buffer,
 * which may be empty for a moment while a waiting sender's element is moved into it.
 */
static inline bool is_not_ready(const rn_case *k)
{
    return k->ch->cap == 0 && !peek(k) && !is_closed(k->ch);
}

/* The same for two at one instant: a's channel is locked, so that it stays as it is, while b's is
 * looked at. */
static inline bool none_at_once(const rn_case *a, const rn_case *b)
{
    rn_channel *c = a->ch;
    uint32_t held;
    if (!rni_lock_quick(&c->lock, &held))
        (void)rni_lock_go_on(&c->lock, held);
    bool none = !peek(a) && !c->closed && is_not_ready(b);
    rni_unlock(&c->lock);
    return none;
}

/* ---- waiting ---- */

typedef struct few {
    rn_case *in_order[FEW]; /* of the addresses of their channels */
    unsigned n;
} few;

static inline void put_in_order(few *f, rn_case *cases, size_t n)
{
    f->n = 0;
    for (size_t i = 0; i < n; i++) {
        unsigned at = f->n++;
        for (; at > 0 && (uintptr_t)f->in_order[at - 1]->ch > (uintptr_t)cases[i].ch; at--)
            f->in_order[at] = f->in_order[at - 1];
        f->in_order[at] = &cases[i];
    }
}

static inline bool starts_channel(const few *f, unsigned i)
{
    return i == 0 || f->in_order[i]->ch != f->in_order[i - 1]->ch;
}

static inline void unlock_all(const few *f)
{
    for (unsigned i = 0; i < f->n; i++)
        if (starts_channel(f, i))
            rni_unlock(&f->in_order[i]->ch->lock);
}

static inline void enqueue(rni_task *t, rni_place *p, rn_case *k, unsigned index)
{
    bool sends = k->op == RN_OP_SEND;
    rni_waiter *w = &p->waiter;
    p->of = k;
    k->status = 0;
    w->task = t;
    w->elem = k->elem;
    w->ok = sends ? NULL : k->ok;
    w->index = index;
    w->flags = RNI_WAITER_CLAIM;
    RNI_MEASURE(k->ch, rni_measure_waits(t));
    rni_enqueue(sends ? &k->ch->senders : &k->ch->receivers, &k->ch->lock, w);
}

/* Takes w out if it is in its queue still. Who has taken it out does not look at it any more. */
static inline void dequeue(rni_waiter *w, rni_lock *lock)
{
    /* acquire: what was done with the record comes before its end; partner: rni_dequeue */
    if (!__atomic_load_n(&w->lock, __ATOMIC_ACQUIRE))
        return;
    rni_lock_take(lock);
    if (w->lock)
        rni_dequeue(w);
    rni_unlock(lock);
}

static RNI_NOINLINE int wait_for_any(rni_task *t, rn_case *cases, size_t n, const char *site)
{
    few f;
    rni_place places[FEW];
    int rc;
    rni_wait_prepare(t);
    put_in_order(&f, cases, n);
    bool ready = false;
    for (unsigned i = 0; i < f.n; i++) {
        rn_case *k = f.in_order[i];
        if (starts_channel(&f, i))
            rni_lock_take(&k->ch->lock);
        ready |= peek(k) || k->ch->closed;
    }
    if (rni_unlikely(ready)) {
        unlock_all(&f);
        return rni_select_slowly(cases, n, site);
    }
    rni_claim_open(t);
    for (size_t i = 0; i < n; i++)
        enqueue(t, &places[i], &cases[i], (unsigned)i);
    bool park = !(rni_wait_refused(t, &rc) && rni_claim(t));
    unlock_all(&f);
    if (rni_likely(park))
        rc = rni_park(t, RNI_WHY_SELECT, f.in_order[0]->ch, site);
    for (size_t i = 0; i < n; i++)
        dequeue(&places[i].waiter, &cases[i].ch->lock);
    return rc;
}

/* ---- the call ---- */

static RNI_NOINLINE int take_ready(rni_task *t, rn_case *cases, size_t n, const char *site,
                                   unsigned ready)
{
    if (rni_unlikely(ready & (ready - 1)))
        ready = one_of(ready);
    return take(t, cases, n, site, &cases[__builtin_ctz(ready)]);
}

/* Whether k is a case that this file knows what to do with. */
static inline bool is_usual(const rn_case *k)
{
    const rn_channel *c = k->ch;
    return rni_likely((unsigned)k->op - RN_OP_RECV <= RN_OP_SEND - RN_OP_RECV && c) &&
           rni_likely(!is_closed(c)) && rni_likely(!c->cap || !c->timer_freed) &&
           (k->elem || rni_likely(!c->drop));
}

int rn_select_at(rn_case *cases, size_t n, const char *site)
{
    rni_task *t = rni_current_here();
    if (rni_unlikely(!t || n - 1 >= FEW || rni_san_is(RNI_SEES_WRITES)) || rni_cancelled(t))
        return rni_select_slowly(cases, n, site);
    unsigned ready = 0;
    int otherwise = -1;
    rn_case *k = cases;
    for (unsigned i = 0; i < (unsigned)n; i++, k++) {
        if (rni_likely(is_usual(k))) {
            if (peek(k))
                ready |= 1U << i;
        } else if (k->op == RN_OP_DEFAULT && otherwise < 0) {
            otherwise = (int)i;
        } else {
            return rni_select_slowly(cases, n, site);
        }
    }
    if (ready)
        return take_ready(t, cases, n, site, ready);
    if (otherwise < 0)
        return wait_for_any(t, cases, n, site);
    rn_case *first = &cases[otherwise == 0], *last = k - 1 - (otherwise + 1 == (int)n);
    if ((n == 2 && is_not_ready(first)) || (n == 3 && none_at_once(first, last)))
        return take_default(t, otherwise);
    return rni_select_slowly(cases, n, site);
}
