/* SPDX-License-Identifier: MIT */
/*
 * How a worker sleeps and is woken: work that comes while it falls asleep is not left behind, nor
 * is the end of the last thing outside that could have brought some, after which it must report the
 * deadlock; and it reports none while there is something to do.
 *
 * One worker, alone or beside others. Its sleep has no end but a wake; or has one, once.
 */
#include "records.h"
#include "worker.h"

enum { ITEM = 1 << 4 | 1 }; /* a spawn record that nobody looks into */

typedef struct state {
    _Atomic(uint32_t) done;
    int told; /* plain: by who sets done or queues */
    rni_runnable got;
    bool reported;
    record thread; /* of the thread that ends */
} state;

static _Atomic(unsigned) threads; /* of the process */
static state *running;

static void begin(void *p)
{
    running = p;
    model_begin();
    begin_worker();
    begin_records();
    atomic_store_explicit(&threads, 1, memory_order_relaxed);
}

/* Another worker computes, and there is one that watches. */
static void begin_beside(void *p)
{
    begin(p);
    rni_rt.active = 2;
    rni_rt.watcher = 9;
}

/* One foreign thread is left, and one task, which waits. */
static void begin_last(void *p)
{
    begin(p);
    rni_rt.owns_process = true;
    rni_rt.foreign_threads = 1;
    worker.started = 1;
}

/* There is a thread that has never called, and the one task waits. */
static void begin_stranger(void *p)
{
    begin_last(p);
    rni_rt.foreign_threads = 0;
    threads = 2;
}

/* ---- the rest of the scheduler, and the system ---- */

unsigned rni_os_thread_count(void)
{
    return atomic_load_explicit(&threads, memory_order_acquire);
}

/* It does not return. */
void rni_report_deadlock(void)
{
    running->reported = true;
    __builtin_longjmp(report_frame, 1);
}

/* ---- threads ---- */

static void idles(void *p)
{
    state *s = p;
    if (__builtin_setjmp(report_frame) != 0)
        return;
    s->got = rni_idle(&worker, &s->done);
    if (s->got || !atomic_load_explicit(&rni_rt.stopping, memory_order_relaxed))
        RN_CHECK_ASSERT(s->told == 1);
}

static void queues(void *p)
{
    ((state *)p)->told = 1;
    rni_queue_anywhere(ITEM);
}

static void queues_pinned(void *p)
{
    ((state *)p)->told = 1;
    rni_queue_for(&worker, ITEM);
}

/* What the end of an rn_run and rni_runtime_done do (core/worker.c). */
static void finishes(void *p)
{
    state *s = p;
    s->told = 1;
    atomic_store_explicit(&s->done, 1, memory_order_release);
    rni_wake_worker(&worker);
}

/* What stop_threads does there. */
static void stops(void *p)
{
    (void)p;
    atomic_store_explicit(&rni_rt.stopping, 1, memory_order_seq_cst);
    rni_wake_all();
}

static void ends(void *p)
{
    thread_ended(&((state *)p)->thread.task);
}

static void queues_and_ends(void *p)
{
    queues(p);
    ends(p);
}

/* Calls for the first time, and is gone. */
static void comes_and_goes(void *p)
{
    rni_task *t = rni_foreign_self();
    queues(p);
    thread_ended(t);
    atomic_fetch_sub_explicit(&threads, 1, memory_order_release);
}

/* ---- what must be so then ---- */

static void leave(state *s)
{
    RN_CHECK_ASSERT(s->reported || (rni_rt.idle_count == 0 && !worker.idle));
    RN_CHECK_ASSERT(rni_rt.idle_lock.held == 0 && rni_rt.poller_users == 0);
    rni_os_free(made);
    end_worker();
}

static void has_work(void *p)
{
    state *s = p;
    RN_CHECK_ASSERT(s->got == ITEM && !s->reported);
    leave(s);
}

static void has_stopped(void *p)
{
    state *s = p;
    RN_CHECK_ASSERT(s->got == 0 && !s->reported);
    leave(s);
}

static void has_reported(void *p)
{
    state *s = p;
    RN_CHECK_ASSERT(s->got == 0 && s->reported);
    leave(s);
}

static const model_run runs[] = {
    { MODEL("idle-queue", begin, has_work, idles, queues) },
    { MODEL("idle-beside", begin_beside, has_work, idles, queues),
      .options = { .preemptions = 2 } },
    { MODEL("idle-inbox", begin, has_work, idles, queues_pinned) },
    { MODEL("idle-done", begin, has_stopped, idles, finishes) },
    { MODEL("idle-stop", begin, has_stopped, idles, stops) },
    { MODEL("idle-last", begin_last, has_reported, idles, ends) },
    { MODEL("idle-last-queues", begin_last, has_work, idles, queues_and_ends) },
    { MODEL("idle-stranger", begin_stranger, has_work, idles, comes_and_goes),
      .options = { .preemptions = 1 } },
};

int main(int argc, char **argv)
{
    return model_main(runs, sizeof runs / sizeof runs[0], argc, argv);
}
