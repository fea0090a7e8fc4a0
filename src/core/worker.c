/* SPDX-License-Identifier: MIT */
/*
 * Starting and stopping the workers. Starts and stops exclude each other by start_lock, a futex-free
 * mutex of the system, because they join threads.
 *
 * A runtime that main started stops when main's rn_run returns and no task is left; if tasks of
 * groups that foreign threads opened are still alive, it goes on in the background instead, and
 * worker 0 moves to a thread of its own.
 */
#include <errno.h>
#include <pthread.h>
#include <stdlib.h>

#include "core/blocking.h"
#include "core/foreign.h"
#include "core/park.h"
#include "core/poll.h"
#include "core/switch.h"
#include "core/worker.h"

rni_runtime rni_rt;

static pthread_mutex_t start_lock = PTHREAD_MUTEX_INITIALIZER;

unsigned rn_worker_count(void)
{
    if (rni_rt.count)
        return rni_rt.count;
    const char *s = getenv("RUNNEL_WORKERS");
    if (s && *s) {
        char *end;
        unsigned long n = strtoul(s, &end, 10);
        if (*end == '\0' && n >= 1 && n <= RNI_MAX_WORKERS)
            return (unsigned)n;
    }
    unsigned n = rni_os_cpu_count();
    return n < RNI_MAX_WORKERS ? n : RNI_MAX_WORKERS;
}

static void worker_free(rni_worker *w)
{
    rni_runq_fini(&w->queue);
    rni_os_free(w->sightings);
}

static int worker_init(rni_worker *w, unsigned id, unsigned count)
{
    w->id = id;
    rni_timers_init(&w->timers);
    rni_rand_seed(&w->rand, rni_os_entropy() + id);
    w->sightings = rni_os_alloc(count * sizeof *w->sightings);
    if (!w->sightings || rni_runq_init(&w->queue) != 0)
        return -ENOMEM;
    return 0;
}

/* Once per process: the workers' memory and what they share. */
static int init_once(void)
{
    if (rni_rt.workers)
        return 0;
    unsigned count = rn_worker_count();
    rni_worker *workers = rni_os_alloc_aligned(128, count * sizeof *workers);
    if (!workers)
        return -ENOMEM;
    for (unsigned i = 0; i < count; i++) {
        if (worker_init(&workers[i], i, count) != 0) {
            for (unsigned k = 0; k <= i; k++)
                worker_free(&workers[k]);
            rni_os_free(workers);
            return -ENOMEM;
        }
    }
    rni_runq_asymmetric = rni_os_heavy_fence_init();
    rni_list_init(&rni_rt.idle_list);
    rni_overflow_install();
    rni_rt.workers = workers;
    rni_rt.count = count;
    return 0;
}

static void enter_thread(rni_worker *w)
{
    w->error = rni_os_errno();
    w->current = NULL;
    rni_os_signal_stack_acquire(&w->signal_stack);
    rni_switch_thread_init(&w->loop);
    rni_worker_set_self(w);
}

static void leave_thread(rni_worker *w)
{
    rni_worker_set_self(NULL);
    rni_os_signal_stack_release(w->signal_stack);
    w->signal_stack = NULL;
}

static void *worker_main(void *arg)
{
    rni_worker *w = arg;
    enter_thread(w);
    rni_run_loop(w, NULL);
    leave_thread(w);
    return NULL;
}

/* Stops and joins workers first..last-1. */
static void stop_threads(unsigned first, unsigned last)
{
    atomic_store_explicit(&rni_rt.stopping, 1, memory_order_seq_cst);
    rni_wake_all();
    for (unsigned i = first; i < last; i++)
        rni_os_thread_join(rni_rt.workers[i].thread);
    for (unsigned i = 0; i < rni_rt.count; i++) {
        rni_spawn_flush(&rni_rt.workers[i].spawns);
        rni_stack_flush(rni_rt.workers[i].stacks);
    }
    rni_poll_stop();
    rni_blocking_stop();
    atomic_store_explicit(&rni_rt.stopping, 0, memory_order_relaxed);
    atomic_store_explicit(&rni_rt.watcher, 0, memory_order_relaxed);
    atomic_store_explicit(&rni_rt.want_kick, 0, memory_order_relaxed);
}

int rni_timer_arm(rni_timer *timer, int64_t when)
{
    rni_worker *w = rni_worker_self();
    if (!w) {
        pthread_mutex_lock(&start_lock);
        int rc = init_once();
        pthread_mutex_unlock(&start_lock);
        if (rc != 0)
            return rc;
        w = &rni_rt.workers[0];
    }
    rni_timer_start(&w->timers, timer, when);
    if (w != rni_worker_self())
        rni_wake_worker(w); /* its sleep was measured without this timer */
    return 0;
}

int rni_runtime_start(bool main_is_worker)
{
    pthread_mutex_lock(&start_lock);
    int rc = 0;
    if (atomic_load_explicit(&rni_rt.running, memory_order_acquire)) {
        rc = -EALREADY;
        goto out;
    }
    rc = init_once();
    if (rc != 0)
        goto out;
    rni_rt.owns_process = main_is_worker;
    unsigned first = main_is_worker ? 1 : 0;
    for (unsigned i = first; i < rni_rt.count; i++) {
        rc = rni_os_thread_start(&rni_rt.workers[i].thread, worker_main, &rni_rt.workers[i]);
        if (rc != 0) {
            stop_threads(first, i);
            goto out;
        }
    }
    if (main_is_worker) {
        rni_foreign_becomes_worker(true);
        enter_thread(&rni_rt.workers[0]);
    }
    atomic_store_explicit(&rni_rt.running, 1, memory_order_release);
out:
    pthread_mutex_unlock(&start_lock);
    return rc;
}

void rni_runtime_serve(_Atomic(uint32_t) *done)
{
    rni_worker *w = &rni_rt.workers[0];
    w->done = done;
    rni_run_loop(w, done);
    w->done = NULL;
    leave_thread(w);
    rni_foreign_becomes_worker(false);
    pthread_mutex_lock(&start_lock);
    rni_rt.owns_process = false;
    if (rni_live_tasks() == 0 ||
        rni_os_thread_start(&w->thread, worker_main, w) != 0) {
        stop_threads(1, rni_rt.count);
        atomic_store_explicit(&rni_rt.running, 0, memory_order_release);
    }
    pthread_mutex_unlock(&start_lock);
}

void rni_runtime_wait(_Atomic(uint32_t) *done)
{
    while (atomic_load_explicit(done, memory_order_acquire) == 0)
        rni_os_futex_wait(done, 0, -1);
}

void rni_runtime_done(_Atomic(uint32_t) *done)
{
    atomic_store_explicit(done, 1, memory_order_release);
    rni_os_futex_wake(done, 1); /* only the address is used: fine if the memory has gone */
    rni_wake_worker(&rni_rt.workers[0]);
}

void rni_count_leaks(uint64_t n)
{
    atomic_fetch_add_explicit(&rni_rt.leaked, n, memory_order_relaxed);
}
