/* SPDX-License-Identifier: MIT */
/*
 * The run queue: its owner, who uses no atomic read-modify-write, and thieves. Every task that was
 * put in comes out once, whoever takes it; pinned tasks are not stolen; while the ring grows, too.
 * The ring has two places and a thief two looks of patience here (core/runq.c). The heavy fence is
 * rn_check_heavy_fence.
 */
#include "seam.h"

enum { MAX = 8 };

typedef struct state {
    rni_runq queue;
    rni_task pinned;
    int taken[RN_CHECK_THREADS][MAX];
    unsigned put;
} state;

/* A spawn record that nobody looks into: number n. */
static rni_runnable item(unsigned n)
{
    return (uintptr_t)(n << 4 | 1);
}

static void note(state *s, rni_runnable r)
{
    if (r == 0)
        return;
    int me = rn_check_self() - 1;
    unsigned n = rni_is_spawn(r) ? (unsigned)(r >> 4) : 0;
    RN_CHECK_ASSERT(n < MAX && (n > 0 || rni_as_task(r) == &s->pinned));
    s->taken[me < 0 ? 0 : me][n]++;
}

static void begin_with(void *p, bool asymmetric)
{
    state *s = p;
    model_begin();
    RN_CHECK_ASSERT(rni_runq_init(&s->queue, asymmetric) == 0);
    s->pinned.pinned = (rni_worker *)s; /* any */
}

static void begin(void *p)
{
    begin_with(p, true);
}

static void begin_symmetric(void *p)
{
    begin_with(p, false);
}

static void put(state *s, rni_runnable r)
{
    rni_runq_enter(&s->queue);
    RN_CHECK_ASSERT(rni_ring_add(&s->queue.ready, r));
    rni_runq_leave(&s->queue);
}

/* As who must not wait in line does. */
static void take(state *s)
{
    if (!rni_runq_enter_quickly(&s->queue))
        rni_runq_enter(&s->queue);
    rni_runnable r = rni_runq_next(&s->queue);
    rni_runq_leave(&s->queue);
    note(s, r);
}

static void owner(void *p)
{
    state *s = p;
    put(s, item(1));
    put(s, item(2));
    take(s);
    s->put = 2;
}

/* What is put last runs first. */
static void owner_lifo(void *p)
{
    state *s = p;
    put(s, item(1));
    rni_runq_enter(&s->queue);
    atomic_store_explicit(&s->queue.lifo, item(2), memory_order_relaxed);
    rni_runq_leave(&s->queue);
    take(s);
    s->put = 2;
}

static void owner_grows(void *p)
{
    state *s = p;
    rni_runq_enter(&s->queue);
    for (unsigned i = 1; i <= 3; i++)
        RN_CHECK_ASSERT(rni_ring_add(&s->queue.ready, item(i)));
    rni_runq_leave(&s->queue);
    take(s);
    s->put = 3;
}

/* Fresh tasks, of which the owner takes the newest, and one that lets others go first. */
static void owner_fresh(void *p)
{
    state *s = p;
    rni_runq_enter(&s->queue);
    RN_CHECK_ASSERT(rni_ring_add(&s->queue.yielded, item(3)));
    for (unsigned i = 1; i <= 2; i++)
        RN_CHECK_ASSERT(rni_ring_add(&s->queue.fresh, item(i)));
    rni_runq_leave(&s->queue);
    take(s);
    take(s);
    s->put = 3;
}

/* The oldest of them becomes ready. */
static void owner_ages(void *p)
{
    state *s = p;
    rni_runq_enter(&s->queue);
    for (unsigned i = 1; i <= 2; i++)
        RN_CHECK_ASSERT(rni_ring_add(&s->queue.fresh, item(i)));
    rni_runq_leave(&s->queue);
    rni_runq_enter(&s->queue);
    rni_runq_age(&s->queue);
    rni_runq_leave(&s->queue);
    take(s);
    s->put = 2;
}

static void owner_pins(void *p)
{
    state *s = p;
    put(s, rni_run_task(&s->pinned));
    put(s, item(1));
    take(s);
    s->put = 1;
}

static void thief(void *p)
{
    state *s = p;
    rni_runnable out[RNI_STEAL_MAX];
    unsigned n = rni_runq_steal(&s->queue, out, true);
    for (unsigned i = 0; i < n; i++) {
        RN_CHECK_ASSERT(rni_is_spawn(out[i]));
        note(s, out[i]);
    }
}

/* A watcher only estimates. */
static void watcher(void *p)
{
    state *s = p;
    uint32_t length = rni_runq_length(&s->queue);
    RN_CHECK_ASSERT(length <= 2 || length > UINT32_MAX - 2);
    rni_runnable lifo = atomic_load_explicit(&s->queue.lifo, memory_order_relaxed);
    RN_CHECK_ASSERT(lifo == 0 || lifo == item(2));
}

static void once_each(void *p)
{
    state *s = p;
    RN_CHECK_ASSERT(s->queue.busy == 0 && !(s->queue.thief & RNI_RUNQ_THIEF));
    for (rni_runnable r; (r = rni_runq_next(&s->queue)) != 0;)
        note(s, r);
    for (unsigned n = 1; n <= s->put; n++) {
        int times = 0;
        for (int t = 0; t < RN_CHECK_THREADS; t++)
            times += s->taken[t][n];
        RN_CHECK_ASSERT(times == 1);
    }
    rni_runq_fini(&s->queue);
}

static const model_run runs[] = {
    { MODEL("runq-thief", begin, once_each, owner, thief) },
    { MODEL("runq-thieves", begin, once_each, owner, thief, thief),
      .options = { .preemptions = 2 } },
    { MODEL("runq-lifo", begin, once_each, owner_lifo, thief) },
    { MODEL("runq-grows", begin, once_each, owner_grows, thief) },
    { MODEL("runq-fresh", begin, once_each, owner_fresh, thief) },
    { MODEL("runq-ages", begin, once_each, owner_ages, thief) },
    { MODEL("runq-pinned", begin, once_each, owner_pins, thief) },
    { MODEL("runq-watched", begin, once_each, owner_lifo, watcher) },
    { MODEL("runq-symmetric", begin_symmetric, once_each, owner, thief) },
};

int main(int argc, char **argv)
{
    return model_main(runs, sizeof runs / sizeof runs[0], argc, argv);
}
