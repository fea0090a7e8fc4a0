/* SPDX-License-Identifier: MIT */
/*
 * The watcher: an idle worker decides from plain loads whether a busy one needs help.
 *
 * Two looks at a ring tell how fast it drains. If its head has not moved, the oldest entry has
 * waited for as long as the looks are apart; if it has, length / speed is how long the last entry
 * will wait. (Of tasks that have not begun the newest are taken first, and the head moves only with
 * the last: their speed is that of all that the worker runs.) Above PATIENCE_NS a steal is worth
 * what it costs both sides. Tasks that hand work to each other at full speed keep a short, fast
 * queue and are left together on their worker.
 *
 * A busy worker looks, too, every few milliseconds: if none is idle, one that is stuck in a long
 * computation must not keep its queue and its timers for ever. It is slower to help.
 */
#include "core/fork.h"
#include "core/park.h"
#include "core/queue.h"
#include "core/worker.h"

enum { LOOKS_APART_NS = 5 * 1000, PATIENCE_NS = 20 * 1000, LIFO_GRACE_NS = 30 * 1000 };
enum { BUSY_PATIENCE_NS = 4 * 1000 * 1000, TIMER_GRACE_NS = 100 * 1000 };

static uint64_t dispatches(const rni_worker *v)
{
    return atomic_load_explicit(&v->dispatches, memory_order_relaxed);
}

/* Whether what is in one of v's rings has waited too long, or is going to. newest: the newest are
 * taken first. */
static bool ring_waits(rni_ring_sighting *s, const rni_worker *v, const rni_ring *ring, bool newest,
                       int64_t now, int64_t patience)
{
    uint32_t head = atomic_load_explicit(&ring->head, memory_order_relaxed);
    int32_t length = (int32_t)(atomic_load_explicit(&ring->tail, memory_order_relaxed) - head);
    rni_ring_sighting last = *s;
    int64_t apart = now - last.at;
    if (length <= 0) {
        s->at = 0;
        return false;
    }
    if (last.at != 0 && last.head == head)
        return apart > patience;
    if (last.at != 0 && apart < LOOKS_APART_NS)
        return false;
    *s = (rni_ring_sighting){ now, dispatches(v), head };
    uint64_t moved = newest ? s->dispatches - last.dispatches + 1 : head - last.head;
    return last.at != 0 && apart / (int64_t)moved * length > patience;
}

/* Whether the task that v has to run next, all it has, has waited too long. */
static bool lifo_waits(rni_sighting *s, const rni_worker *v, int64_t now, int64_t patience)
{
    rni_runnable next = atomic_load_explicit(&v->queue.lifo, memory_order_relaxed);
    if (!next) {
        s->at = 0;
        return false;
    }
    if (s->at != 0 && s->lifo == next && s->dispatches == dispatches(v))
        return now - s->at > patience + LIFO_GRACE_NS;
    s->at = now;
    s->lifo = next;
    s->dispatches = dispatches(v);
    return false;
}

/* Whether v's queue has waited too long; *lifo: its lifo task has. */
static bool needs_help(rni_sighting *s, const rni_worker *v, int64_t now, int64_t patience,
                       bool *lifo)
{
    const rni_runq *q = &v->queue;
    *lifo = false;
    if (ring_waits(&s->ready, v, &q->ready, false, now, patience) ||
        ring_waits(&s->fresh, v, &q->fresh, true, now, patience) ||
        ring_waits(&s->yielded, v, &q->yielded, false, now, patience))
        return true;
    if (rni_runq_length(q) > 0)
        s->at = 0;
    else
        *lifo = lifo_waits(s, v, now, patience);
    return *lifo;
}

rni_runnable rni_watch(rni_worker *w, int64_t now)
{
    int64_t patience = w->seat.current ? BUSY_PATIENCE_NS : PATIENCE_NS;
    rni_runnable got[RNI_STEAL_MAX];
    rni_runtime *rt = &rni_rt;
    uint32_t first = rni_choose(rt->count);
    for (unsigned k = 0; k < rt->count; k++) {
        rni_worker *v = &rt->workers[(first + k) % rt->count];
        rni_sighting *s = &w->sightings[v->id];
        bool lifo;
        if (v == w)
            continue;
        if (!needs_help(s, v, now, patience, &lifo)) {
            rni_runnable r = rni_fork_ripe(w, s, v, now) ? rni_fork_take(w, v) : 0;
            if (r)
                return r;
            continue;
        }
        *s = (rni_sighting){ .forker = s->forker, .forks_at = s->forks_at };
        unsigned n = rni_runq_steal(&v->queue, got, lifo);
        if (n == 0)
            continue;
        rni_count(&w->steals, n);
        for (unsigned i = 1; i < n; i++)
            rni_queue_again(w, got[i]);
        return got[0];
    }
    return 0;
}

bool rni_watch_timers(rni_worker *w, int64_t now)
{
    bool any = false;
    for (unsigned i = 0; i < rni_rt.count; i++) {
        rni_worker *v = &rni_rt.workers[i];
        int64_t next = atomic_load_explicit(&v->timers.next, memory_order_acquire);
        if (v != w && next <= now - TIMER_GRACE_NS)
            any |= rni_timers_run(&v->timers, now) > 0;
    }
    return any;
}
