/* SPDX-License-Identifier: MIT */
/*
 * A pairing heap of intrusive timers (M. Fredman et al., "The pairing heap", 1986): O(1) insert, no
 * memory of its own, amortised O(log n) removal.
 *
 * Protocol. All links, `when`, `root` and the state changes IDLE -> ARMED -> {IDLE, FIRING} happen
 * under the heap's lock. FIRING -> IDLE is a release store by fn (rni_timer_fired), when it is done
 * with the timer; its partner is the acquire load in rni_timer_stop, whose caller may free the
 * timer once it has seen IDLE. fn runs without the lock, so it may take any other; it may end with
 * freeing its own timer.
 *
 * Ties fire in any order.
 *
 * Rejected for now: a hierarchical wheel. It inserts no faster than this does, and wins only when
 * very many timers expire together; the interface would stay.
 */
#include "base/san.h"
#include "core/park.h"
#include "core/worker.h"

void rni_timers_init(rni_timers *h)
{
    h->root = NULL;
    atomic_store_explicit(&h->lock.held, 0, memory_order_relaxed);
    atomic_store_explicit(&h->next, INT64_MAX, memory_order_relaxed);
    atomic_store_explicit(&h->once, 0, memory_order_relaxed);
}

static void count_once(rni_timers *h, const rni_timer *t, int n)
{
    long once = atomic_load_explicit(&h->once, memory_order_relaxed);
    if (!t->periodic)
        atomic_store_explicit(&h->once, once + n, memory_order_relaxed);
}

/* Which of two timers that are due at one instant fires first. On the real clock that hardly
 * happens, on the virtual one all the time, and a program must not come to rely on either. */
static bool either_first(void)
{
    return rni_clock_is_virtual() && rni_choose(2) == 0;
}

/* Joins two heaps; either may be NULL. Returns the one with the earlier root. */
static rni_timer *meld(rni_timer *a, rni_timer *b)
{
    if (!a)
        return b;
    if (!b)
        return a;
    if (b->when < a->when || (b->when == a->when && either_first())) {
        rni_timer *t = a;
        a = b;
        b = t;
    }
    b->next = a->child;
    if (b->next)
        b->next->back = &b->next;
    b->back = &a->child;
    a->child = b;
    a->next = NULL;
    return a;
}

/* Melds a list of siblings in two passes, without recursion. */
static rni_timer *meld_siblings(rni_timer *first)
{
    rni_timer *pairs = NULL;
    while (first) {
        rni_timer *a = first, *b = a->next;
        first = b ? b->next : NULL;
        a->next = NULL;
        if (b)
            b->next = NULL;
        a = meld(a, b);
        a->next = pairs;
        pairs = a;
    }
    rni_timer *all = NULL;
    while (pairs) {
        rni_timer *rest = pairs->next;
        pairs->next = NULL;
        all = meld(all, pairs);
        pairs = rest;
    }
    return all;
}

static void set_root(rni_timers *h, rni_timer *root)
{
    h->root = root;
    if (root) {
        root->next = NULL;
        root->back = &h->root;
    }
    /* release; partners: the sleepers and watchers that read it without the lock */
    atomic_store_explicit(&h->next, root ? root->when : INT64_MAX, memory_order_release);
}

static void unlink_timer(rni_timers *h, rni_timer *t)
{
    count_once(h, t, -1);
    if (h->root == t) {
        set_root(h, meld_siblings(t->child));
    } else {
        *t->back = t->next;
        if (t->next)
            t->next->back = t->back;
        set_root(h, meld(h->root, meld_siblings(t->child)));
    }
    t->child = t->next = NULL;
    t->back = NULL;
}

void rni_timer_start(rni_timers *h, rni_timer *t, int64_t when)
{
    RNI_ASSERT(atomic_load_explicit(&t->state, memory_order_relaxed) == RNI_TIMER_IDLE);
    t->when = when;
    t->heap = h;
    t->child = t->next = NULL;
    RNI_EDGE_OUT(t);
    rni_lock_take(&h->lock);
    /* release; partner: rni_timer_stop, which then reads t->heap */
    atomic_store_explicit(&t->state, RNI_TIMER_ARMED, memory_order_release);
    count_once(h, t, 1);
    set_root(h, meld(h->root, t));
    rni_unlock(&h->lock);
}

bool rni_timer_stop(rni_timer *t)
{
    if (atomic_load_explicit(&t->state, memory_order_acquire) == RNI_TIMER_IDLE) {
        RNI_EDGE_IN(t);
        return false;
    }
    rni_timers *h = t->heap;
    rni_lock_take(&h->lock);
    bool armed = atomic_load_explicit(&t->state, memory_order_relaxed) == RNI_TIMER_ARMED;
    if (armed) {
        unlink_timer(h, t);
        atomic_store_explicit(&t->state, RNI_TIMER_IDLE, memory_order_relaxed);
    }
    rni_unlock(&h->lock);
    if (armed)
        return true;
    unsigned spins = 0;
    while (atomic_load_explicit(&t->state, memory_order_acquire) != RNI_TIMER_IDLE) {
        if (++spins < 64)
            rni_cpu_relax();
        else
            rni_os_thread_yield();
    }
    RNI_EDGE_IN(t);
    return false;
}

void rni_timer_fired(rni_timer *t)
{
    RNI_EDGE_OUT(t);
    /* release; partner: rni_timer_stop, whose caller may free t */
    atomic_store_explicit(&t->state, RNI_TIMER_IDLE, memory_order_release);
}

unsigned rni_timers_run(rni_timers *h, int64_t now)
{
    unsigned fired = 0;
    /* acquire; partner: set_root. A stale value only delays the firing to the next call. */
    while (atomic_load_explicit(&h->next, memory_order_acquire) <= now) {
        rni_lock_take(&h->lock);
        rni_timer *t = h->root;
        if (!t || t->when > now) {
            rni_unlock(&h->lock);
            break;
        }
        unlink_timer(h, t);
        atomic_store_explicit(&t->state, RNI_TIMER_FIRING, memory_order_relaxed);
        rni_worker *w = rni_worker_self();
        rni_callback_enter(w);
        rni_unlock(&h->lock);
        RNI_EDGE_IN(t);
        t->fn(t); /* t may be gone after this */
        rni_callback_leave(w);
        fired++;
    }
    return fired;
}
