/* SPDX-License-Identifier: MIT */
/*
 * The watcher: an idle worker decides from plain loads whether a busy one needs help.
 *
 * Two looks at a queue tell how fast it drains. If its head has not moved, the oldest entry has
 * waited for as long as the looks are apart; if it has, length / speed is how long the last entry
 * will wait. Above PATIENCE_NS a steal is worth what it costs both sides. Tasks that hand work to
 * each other at full speed keep a short, fast queue and are left together on their worker.
 *
 * A busy worker looks, too, every few milliseconds: if none is idle, one that is stuck in a long
 * computation must not keep its queue and its timers for ever. It is slower to help.
 */
#include "core/park.h"
#include "core/queue.h"
#include "core/worker.h"

enum { LOOKS_APART_NS = 5 * 1000, PATIENCE_NS = 20 * 1000, LIFO_GRACE_NS = 30 * 1000 };
enum { BUSY_PATIENCE_NS = 4 * 1000 * 1000, TIMER_GRACE_NS = 100 * 1000 };

static uint32_t backlog(const rni_runq *q, uint32_t head)
{
    int32_t n = (int32_t)(atomic_load_explicit(&q->tail, memory_order_relaxed) - head);
    return n > 0 ? (uint32_t)n : 0;
}

static void remember(rni_sighting *s, const rni_worker *v, uint32_t head, int64_t now)
{
    s->head = head;
    s->lifo = atomic_load_explicit(&v->queue.lifo, memory_order_relaxed);
    s->dispatches = atomic_load_explicit(&v->dispatches, memory_order_relaxed);
    s->at = now;
}

/* Whether v's queue has waited too long; *lifo: its lifo task has. */
static bool needs_help(rni_sighting *s, const rni_worker *v, int64_t now, int64_t patience,
                       bool *lifo)
{
    uint32_t head = atomic_load_explicit(&v->queue.head, memory_order_relaxed);
    uint32_t length = backlog(&v->queue, head);
    rni_runnable next = atomic_load_explicit(&v->queue.lifo, memory_order_relaxed);
    *lifo = false;
    if (length == 0 && !next) {
        s->at = 0;
        return false;
    }
    if (s->at == 0) {
        remember(s, v, head, now);
        return false;
    }
    int64_t apart = now - s->at;
    if (apart < LOOKS_APART_NS)
        return false;
    uint32_t moved = head - s->head;
    bool still = s->dispatches == atomic_load_explicit(&v->dispatches, memory_order_relaxed);
    if (length > 0) {
        int64_t wait = moved == 0 ? apart : apart / moved * length;
        if (wait > patience)
            return true;
        if (moved != 0)
            remember(s, v, head, now);
        return false;
    }
    if (still && s->lifo == next) {
        *lifo = apart > patience + LIFO_GRACE_NS;
        return *lifo;
    }
    remember(s, v, head, now);
    return false;
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
        if (v == w || !needs_help(s, v, now, patience, &lifo))
            continue;
        s->at = 0;
        unsigned n = rni_runq_steal(&v->queue, got, lifo);
        if (n == 0)
            continue;
        rni_count(&w->steals, n);
        for (unsigned i = 1; i < n; i++)
            rni_queue_last(w, got[i]);
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
