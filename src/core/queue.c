/* SPDX-License-Identifier: MIT */
/*
 * Where what is ready goes: into the queue of the caller's worker (runq.h), into a worker's inbox
 * if it is pinned there, or, from threads that are no workers, into the queue for anybody.
 */
#include "core/park.h"
#include "core/queue.h"

RNI_NOINLINE void rni_queue_kick(rni_worker *w, uint32_t level)
{
    if (level == 1 || w->seat.current) /* what the loop readies alone, it runs next */
        rni_wake_one();
}

RNI_NOINLINE void rni_queue_full(rni_worker *w, rni_ring *ring, rni_runnable r)
{
    rni_runq_enter(&w->queue);
    bool room = rni_ring_add(ring, r);
    rni_runq_leave(&w->queue);
    if (room)
        rni_kick(w, 1);
    else if (!rni_is_spawn(r) && rni_as_task(r)->pinned)
        rni_queue_for(w, r);
    else
        rni_queue_anywhere(r);
}

RNI_NOINLINE void rni_queue_next_slowly(rni_worker *w, rni_runnable r)
{
    rni_runq_enter(&w->queue);
    rni_queue_next_inside(w, r);
}

void rni_queue_for(rni_worker *w, rni_runnable r)
{
    rni_lock_take(&w->inbox_lock);
    if (w->inbox_n == w->inbox_cap) {
        size_t cap = w->inbox_cap ? 2 * w->inbox_cap : 64;
        rni_runnable *grown = rni_os_resize(w->inbox, cap * sizeof *grown);
        if (!grown)
            rni_panic(NULL, "out of memory for a run queue");
        w->inbox = grown;
        w->inbox_cap = cap;
    }
    w->inbox[w->inbox_n++] = r;
    atomic_store_explicit(&w->inbox_full, 1, memory_order_relaxed);
    rni_unlock(&w->inbox_lock);
    rni_wake_worker(w);
}

void rni_queue_anywhere(rni_runnable r)
{
    rni_runtime *rt = &rni_rt;
    rni_lock_take(&rt->inject_lock);
    if (rt->inject_tail - rt->inject_head == rt->inject_cap) {
        size_t old = rt->inject_cap, cap = old ? 2 * old : 256;
        rni_runnable *grown = rni_os_alloc(cap * sizeof *grown);
        if (!grown)
            rni_panic(NULL, "out of memory for a run queue");
        for (size_t i = 0; i < old; i++)
            grown[i] = rt->inject[(rt->inject_head + i) & (old - 1)];
        rni_os_free(rt->inject);
        rt->inject = grown;
        rt->inject_head = 0;
        rt->inject_tail = old;
        rt->inject_cap = cap;
    }
    rt->inject[rt->inject_tail++ & (rt->inject_cap - 1)] = r;
    atomic_store_explicit(&rt->inject_full, 1, memory_order_relaxed);
    rni_unlock(&rt->inject_lock);
    rni_wake_one();
}

static bool collect_inbox(rni_worker *w)
{
    if (atomic_load_explicit(&w->inbox_full, memory_order_relaxed) == 0)
        return false;
    rni_lock_take(&w->inbox_lock);
    size_t n = 0;
    rni_runq_enter(&w->queue);
    while (n < w->inbox_n && rni_ring_add(&w->queue.ready, w->inbox[n]))
        n++;
    rni_runq_leave(&w->queue);
    /* The rest has no room now, for want of memory. */
    w->inbox_n -= n;
    for (size_t i = 0; i < w->inbox_n; i++)
        w->inbox[i] = w->inbox[n + i];
    atomic_store_explicit(&w->inbox_full, w->inbox_n > 0, memory_order_relaxed);
    rni_unlock(&w->inbox_lock);
    return n > 0;
}

bool rni_collect(rni_worker *w)
{
    enum { AT_ONCE = 64 }; /* leave some for the other workers */
    rni_runtime *rt = &rni_rt;
    bool any = collect_inbox(w);
    if (atomic_load_explicit(&rt->inject_full, memory_order_relaxed) == 0)
        return any;
    rni_runnable got[AT_ONCE];
    unsigned n = 0;
    rni_lock_take(&rt->inject_lock);
    while (n < AT_ONCE && rt->inject_head != rt->inject_tail)
        got[n++] = rt->inject[rt->inject_head++ & (rt->inject_cap - 1)];
    bool more = rt->inject_head != rt->inject_tail;
    if (!more)
        atomic_store_explicit(&rt->inject_full, 0, memory_order_relaxed);
    rni_unlock(&rt->inject_lock);
    for (unsigned i = 0; i < n; i++)
        rni_queue_last(w, got[i]);
    if (more)
        rni_wake_one();
    return any || n > 0;
}
