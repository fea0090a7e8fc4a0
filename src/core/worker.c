/* SPDX-License-Identifier: MIT */
/*
 * Starting and stopping the workers. Starts and stops exclude each other by start_lock, which is a
 * pthread mutex because it is held while threads are joined.
 *
 * A runtime that an rn_run started stops when that returns and nothing needs it. If tasks of groups
 * that foreign threads opened are alive then, or timers are pending, it goes on in the background,
 * and worker 0 moves to a thread of its own. Such a runtime, like one that a foreign thread's task
 * or timer started, is taken over by the next rn_run that finds no task alive: its threads end and
 * new ones start, with the caller as worker 0; timers stay where they are meanwhile.
 *
 * A foreign thread may start a task or a timer while the workers stop. It counts and queues the
 * task, or adds the timer, then reads `running`; who stops clears `running` first and looks for
 * tasks and timers after, so that one of the two sees the other.
 */
#include <errno.h>
#include <pthread.h>

#include <runnel/base.h>

#include "base/layout.h"
#include "core/blocking.h"
#include "core/foreign.h"
#include "core/park.h"
#include "core/poll.h"
#include "core/settings.h"
#include "core/sim.h"
#include "core/switch.h"
#include "core/records.h"
#include "core/worker.h"

rni_runtime rni_rt;

RNI_LAYOUT = {
    RNI_LAYOUT_ADDRESS("workers", rni_rt.workers),
    RNI_LAYOUT_ADDRESS("workers.count", rni_rt.count),
    RNI_LAYOUT_NUMBER("worker.size", sizeof(rni_worker)),
    RNI_LAYOUT_FIELD("worker.current", rni_worker, seat.current),
    RNI_LAYOUT_FIELD("worker.clock", rni_worker, clock),
    RNI_LAYOUT_FIELD("worker.id", rni_worker, id),
};

static pthread_mutex_t start_lock = PTHREAD_MUTEX_INITIALIZER;
static unsigned runs; /* rn_run calls under way; under start_lock */

static unsigned wanted_workers(void)
{
    unsigned asked = rni_settings_workers();
    if (asked)
        return asked;
    unsigned n = rni_os_cpu_count();
    return n < RNI_MAX_WORKERS ? n : RNI_MAX_WORKERS;
}

unsigned rn_worker_count(void)
{
    if (rni_sim_planned())
        return 1;
    unsigned made = rni_worker_memory();
    return made ? made : wanted_workers();
}

static void worker_free(rni_worker *w)
{
    rni_runq_fini(&w->queue);
    rni_os_free(w->sightings);
}

static int worker_init(rni_worker *w, unsigned id, unsigned count, bool heavy_fence)
{
    w->id = id;
    rni_timers_init(&w->timers);
    rni_rand_seed(&w->rand, rni_os_entropy() + id);
    w->sightings = rni_os_alloc(count * sizeof *w->sightings);
    if (!w->sightings || rni_runq_init(&w->queue, heavy_fence) != 0)
        return -ENOMEM;
    return 0;
}

/* Once per process: the workers' memory and what they share. */
static int init_once(void)
{
    if (rni_rt.workers)
        return 0;
    unsigned count = wanted_workers();
    rni_worker *workers = rni_os_alloc_aligned(128, count * sizeof *workers);
    if (!workers)
        return -ENOMEM;
    bool heavy_fence = rni_os_heavy_fence_init();
    for (unsigned i = 0; i < count; i++) {
        if (worker_init(&workers[i], i, count, heavy_fence) != 0) {
            for (unsigned k = 0; k <= i; k++)
                worker_free(&workers[k]);
            rni_os_free(workers);
            return -ENOMEM;
        }
    }
    rni_list_init(&rni_rt.idle_list);
    rni_overflow_install();
    rni_settings_check();
    rni_rt.workers = workers;
    __atomic_store_n(&rni_rt.count, count, __ATOMIC_RELEASE); /* partner: rni_worker_memory */
    return 0;
}

static void enter_thread(rni_worker *w)
{
    w->error = rni_os_errno();
    w->clock = rni_now();
    __atomic_store_n(&w->looked_at, rni_real_now(), __ATOMIC_RELAXED);
    w->look_every = RNI_TICKS_PER_LOOK / 8; /* until it is known how quick they are */
    w->ticks = rni_sim_planned() ? 0 : w->look_every;
    __atomic_store_n(&w->seat.current, NULL, __ATOMIC_RELAXED);
    rni_os_signal_stack_acquire(&w->signal_stack);
    rni_switch_thread_init(&w->loop);
    rni_worker_set_self(w);
    rni_worker_may_end(w, false);
    w->thread_id = rni_os_thread_id();
}

static void leave_thread(rni_worker *w)
{
    w->thread_id = 0;
    rni_worker_may_end(w, true);
    rni_worker_set_self(NULL);
    rni_os_signal_stack_release(w->signal_stack);
    w->signal_stack = NULL;
}

/* A frame of its own, so that what is in the caller's, its caller's registers included, is
 * apart from what the loop leaves on the stack. */
static RNI_NOINLINE void run_loop_here(rni_worker *w, _Atomic(uint32_t) *done)
{
    w->loop_frame = __builtin_frame_address(0);
    rni_run_loop(w, done);
    w->loop_frame = NULL;
}

static void *worker_main(void *arg)
{
    rni_worker *w = arg;
    enter_thread(w);
    rni_os_range stack = { NULL, 0 };
    rni_os_own_stack(&stack);
    w->stack_base = stack.base; /* NULL: not known */
    run_loop_here(w, NULL);
    w->stack_base = NULL;
    leave_thread(w);
    return NULL;
}

/* Stops and joins workers first..last-1; start_lock is held. */
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
    atomic_store_explicit(&rni_rt.stopping, 0, memory_order_relaxed);
    atomic_store_explicit(&rni_rt.watcher, 0, memory_order_relaxed);
    atomic_store_explicit(&rni_rt.want_kick, 0, memory_order_relaxed);
}

/* What workers and tasks use; no task is left. start_lock is held. */
static void stop_services(void)
{
    rni_poll_stop();
    rni_blocking_stop();
}

/* Starts the threads of the runtime; start_lock is held. */
static int start_threads(bool main_is_worker)
{
    int rc = init_once();
    if (rc != 0)
        return rc;
    atomic_store_explicit(&rni_rt.owns_process, main_is_worker && rni_os_is_main_thread(),
                          memory_order_relaxed);
    unsigned first = main_is_worker ? 1 : 0, active = rni_sim_planned() ? 1 : rni_rt.count;
    atomic_store_explicit(&rni_rt.active, active, memory_order_relaxed);
    for (unsigned i = first; i < active; i++) {
        rc = rni_os_thread_start(&rni_rt.workers[i].thread, worker_main, &rni_rt.workers[i]);
        if (rc != 0) {
            stop_threads(first, i);
            stop_services();
            return rc;
        }
    }
    if (main_is_worker) {
        rni_foreign_becomes_worker(true);
        enter_thread(&rni_rt.workers[0]);
    }
    /* seq_cst; partner: rni_runtime_ensure */
    atomic_store_explicit(&rni_rt.running, 1, memory_order_seq_cst);
    return 0;
}

void rni_runtime_ensure(void)
{
    /* seq_cst: the caller has queued and counted a task before; partner: leave_to_others */
    if (rni_unlikely(!atomic_load_explicit(&rni_rt.running, memory_order_seq_cst))) {
        int rc = rni_runtime_start(false);
        if (rc != 0 && rc != -EALREADY)
            rni_panic(NULL, "the workers cannot be started: %s", rn_strerror(rc));
    }
}

int rni_runtime_prepare(void)
{
    if (rni_likely(rni_worker_memory() != 0))
        return 0;
    pthread_mutex_lock(&start_lock);
    int rc = init_once();
    pthread_mutex_unlock(&start_lock);
    return rc;
}

int rni_timer_arm(rni_timer *timer, int64_t when)
{
    rni_worker *w = rni_worker_self();
    if (!w) {
        int rc = rni_runtime_prepare();
        if (rc != 0)
            return rc;
        w = &rni_rt.workers[0];
        rni_timer_start(&w->timers, timer, when);
        rni_wake_worker(w);                        /* its sleep was measured without this timer */
        atomic_thread_fence(memory_order_seq_cst); /* see the top */
        rni_runtime_ensure();
        return 0;
    }
    rni_timer_start(&w->timers, timer, when);
    if (atomic_load_explicit(&rni_rt.want_kick, memory_order_relaxed) >= 2)
        rni_wake_one(); /* nobody watches, and the caller may compute past it */
    return 0;
}

/* Whether the workers have anything to do, now or later; start_lock is held. */
static bool needed(void)
{
    return runs > 0 || rni_live_tasks() > 0 || rni_next_timer() != INT64_MAX;
}

/* Whether workers run for the sake of timers only, or for nothing; start_lock is held. */
static bool idle(void)
{
    return atomic_load_explicit(&rni_rt.running, memory_order_relaxed) && runs == 0 &&
           rni_live_tasks() == 0;
}

static int restart(bool main_is_worker)
{
    int rc = start_threads(main_is_worker);
    if (rc != 0 && needed())
        rni_panic(NULL, "the workers cannot be started again: %s", rn_strerror(rc));
    return rc;
}

/* Ends the threads of all workers from `first` on, which nothing seemed to need; start_lock is
 * held. */
static void stop_workers(unsigned first)
{
    stop_threads(first, rni_active());
    atomic_store_explicit(&rni_rt.running, 0, memory_order_seq_cst);
    atomic_thread_fence(memory_order_seq_cst);
}

int rni_runtime_start(bool main_is_worker)
{
    pthread_mutex_lock(&start_lock);
    int rc = -EALREADY;
    if (!atomic_load_explicit(&rni_rt.running, memory_order_relaxed)) {
        rc = start_threads(main_is_worker);
    } else if (main_is_worker && idle()) {
        stop_workers(0);
        rc = restart(true);
    }
    if (main_is_worker && (rc == 0 || rc == -EALREADY))
        runs++;
    pthread_mutex_unlock(&start_lock);
    return rc;
}

bool rni_runtime_rest(void)
{
    pthread_mutex_lock(&start_lock);
    if (idle()) {
        stop_workers(0);
        if (rni_live_tasks() == 0)
            stop_services();
        else
            restart(false);
    }
    bool resting = !atomic_load_explicit(&rni_rt.running, memory_order_relaxed);
    pthread_mutex_unlock(&start_lock);
    return resting;
}

void rni_callbacks_end(void)
{
    for (unsigned i = 0; i < rni_rt.count; i++)
        while (atomic_load_explicit(&rni_rt.workers[i].callbacks, memory_order_acquire) != 0)
            rni_yield_now(rni_current(), 0);
}

/* The run that had worker 0 is over; start_lock is held. */
static void leave_to_others(rni_worker *w)
{
    atomic_store_explicit(&rni_rt.owns_process, false, memory_order_relaxed);
    if (needed()) {
        int rc = rni_os_thread_start(&w->thread, worker_main, w);
        if (rc != 0)
            rni_panic(NULL, "no thread for worker 0: %s", rn_strerror(rc));
        return;
    }
    stop_workers(1);
    if (needed())
        restart(false);
    else
        stop_services();
}

void rni_runtime_serve(_Atomic(uint32_t) *done)
{
    rni_worker *w = &rni_rt.workers[0];
    w->done = done;
    __builtin_unwind_init(); /* the callers' registers are in this frame from here on */
    run_loop_here(w, done);
    RNI_EDGE_IN(done);
    w->done = NULL;
    leave_thread(w);
    rni_foreign_becomes_worker(false);
    pthread_mutex_lock(&start_lock);
    runs--;
    rni_sim_stop(); /* before another thread is worker 0: what goes on does so unsimulated */
    leave_to_others(w);
    pthread_mutex_unlock(&start_lock);
}

void rni_runtime_wait(_Atomic(uint32_t) *done)
{
    while (atomic_load_explicit(done, memory_order_acquire) == 0)
        rni_os_futex_wait(done, 0, -1);
    RNI_EDGE_IN(done);
    pthread_mutex_lock(&start_lock);
    runs--;
    pthread_mutex_unlock(&start_lock);
}

void rni_runtime_done(_Atomic(uint32_t) *done)
{
    RNI_EDGE_OUT(done);
    atomic_store_explicit(done, 1, memory_order_release);
    rni_os_futex_wake(done, 1); /* only the address is used: fine if the memory has gone */
    rni_wake_worker(&rni_rt.workers[0]);
}
