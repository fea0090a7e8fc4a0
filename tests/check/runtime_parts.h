/* SPDX-License-Identifier: MIT */
/*
 * The runtime for models: the real files of core that start, stop and look after workers, and what
 * stands for the rest and for the system. For the programs runtime.c and workers.c, which include
 * it instead of seam.h.
 *
 * There is one worker, or none: its thread is counted, not made; the model has one that plays it,
 * if it needs to. With RUNTIME_SIMULATED core/sim.c is among the files.
 */
#ifndef CHECK_RUNTIME_PARTS_H
#define CHECK_RUNTIME_PARTS_H

#include "seam.h"

#include <pthread.h>

/* What a thread of a worker's knows, of each of the model's. */
static rni_seat *model_seats[RN_CHECK_THREADS + 1];
static rni_seat **own_seat(void)
{
    return &model_seats[rn_check_self()];
}

/* As little as a mutex must do. */
typedef struct model_mutex {
    _Atomic(uint32_t) held;
} model_mutex;

static void model_mutex_lock(model_mutex *m)
{
    uint32_t no = 0;
    while (!atomic_compare_exchange_strong_explicit(&m->held, &no, 1, memory_order_acquire,
                                                    memory_order_relaxed)) {
        rn_check_spin();
        no = 0;
    }
}

static void model_mutex_unlock(model_mutex *m)
{
    atomic_store_explicit(&m->held, 0, memory_order_release);
}

/* Each of these files has its entries for debuggers, and some a name in common. */
#pragma GCC diagnostic ignored "-Wstrict-prototypes"
#include "core/worker.h"
#define layout layout_of_dispatch
#define begin begin_task
#define __thread
#define rni_seat_tls (*own_seat())
#include "core/seat.c"
#include "core/dispatch.c"
#undef __thread
#undef rni_seat_tls
#undef begin
#undef layout
#define layout layout_of_virtual
#include "core/virtual.c"
#undef layout
#if defined(RUNTIME_SIMULATED)
#define entry ready_entry
#include "core/sim.c"
#undef entry
#endif
#include "core/idle.c"
#include "core/queue.c"
#include "core/start.c"
#include "core/verdict.c"
#include "core/watch.c"
#define layout layout_of_worker
#define pthread_mutex_t model_mutex
#define pthread_mutex_lock model_mutex_lock
#define pthread_mutex_unlock model_mutex_unlock
#undef PTHREAD_MUTEX_INITIALIZER
#define PTHREAD_MUTEX_INITIALIZER                                                                  \
    {                                                                                              \
        0                                                                                          \
    }
#include "core/worker.c"
#include "core/account.c"

/* What a model sets or looks at. */
static unsigned model_threads;                     /* of workers; plain: under start_lock */
static void (*model_at_start)(void);               /* NULL: nobody plays the thread */
static void (*model_at_join)(void);                /* NULL: the thread has ended */
static rni_spawn *model_started[RN_CHECK_THREADS]; /* by each of the model's threads */

/* Nothing has run in this process. */
static void runtime_begin(void)
{
    model_begin();
    memset(&rni_rt, 0, sizeof rni_rt);
    memset(model_seats, 0, sizeof model_seats);
    memset(model_started, 0, sizeof model_started);
    start_lock = (model_mutex){ 0 };
    runs = model_threads = 0;
    model_at_start = model_at_join = NULL;
    atomic_store_explicit(&virtual_now, 0, memory_order_relaxed);
}

static void runtime_end(void)
{
    for (int i = 0; i < RN_CHECK_THREADS; i++)
        free(model_started[i]);
    rni_os_free(rni_rt.inject);
    if (rni_rt.workers) {
        worker_free(&rni_rt.workers[0]);
        rni_os_free(rni_rt.workers);
    }
}

/* ---- the system ---- */

unsigned rni_settings_workers(void)
{
    return 1;
}

uint64_t rni_os_entropy(void)
{
    return 1;
}

bool rni_os_heavy_fence_init(void)
{
    return true;
}

void rni_overflow_install(void)
{
}

void rni_settings_check(void)
{
}

int *rni_os_errno(void)
{
    static int numbers[RN_CHECK_THREADS + 1];
    return &numbers[rn_check_self()];
}

int rni_os_thread_id(void)
{
    return 1 + rn_check_self();
}

int rni_os_own_stack(rni_os_range *out)
{
    (void)out;
    return -ENOSYS;
}

int rni_os_signal_stack_acquire(void **memory)
{
    (void)memory;
    return 0;
}

void rni_os_signal_stack_release(void *memory)
{
    (void)memory;
}

bool rni_os_is_main_thread(void)
{
    return false;
}

int rni_os_thread_start(rni_os_thread *out, void *(*fn)(void *arg), void *arg)
{
    RN_CHECK_ASSERT(fn == worker_main && arg == &rni_rt.workers[0] && model_threads == 0);
    *out = 1;
    model_threads++;
    if (model_at_start)
        model_at_start();
    return 0;
}

void rni_os_thread_join(rni_os_thread t)
{
    RN_CHECK_ASSERT(t == 1 && model_threads == 1);
    model_threads--;
    if (model_at_join)
        model_at_join();
}

/* ---- the rest of core ---- */

#if !defined(RUNTIME_SIMULATED)
int rni_first_grant = RNI_FIRST_GRANT;

bool rni_sim_planned(void)
{
    return false;
}

void rni_sim_stop(void)
{
}

void rni_sim_yields(rni_task *t)
{
    (void)t;
}
#endif

rni_task *rni_foreign_self(void)
{
    return &model_tasks[rn_check_self() ? rn_check_self() - 1 : 0];
}

void rni_foreign_becomes_worker(bool yes)
{
    (void)yes;
}

void rni_worker_may_end(rni_worker *w, bool yes)
{
    (void)w;
    (void)yes;
}

void rni_poll_stop(void)
{
}

void rni_blocking_stop(void)
{
}

void rni_spawn_flush(rni_spawn_cache *cache)
{
    (void)cache;
}

void rni_stack_flush(rni_stack_cache *caches)
{
    (void)caches;
}

void rni_stack_overflowed(rni_task *t)
{
    (void)t;
    RN_CHECK_ASSERT(!"no stack is tiny");
}

int rni_stack_class_of(rn_stack_class c)
{
    return c == RN_STACK_DEFAULT ? 0 : -1;
}

rni_spawn *rni_spawn_take_slowly(rni_spawn_cache *cache, size_t bytes)
{
    rni_spawn *s = calloc(1, sizeof *s + bytes);
    (void)cache;
    model_started[rn_check_self() - 1] = s;
    return s;
}

#endif
