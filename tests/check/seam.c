/* SPDX-License-Identifier: MIT */
/* The operating system and the scheduler as the models see them; seam.h tells what for. */
#include "seam.h"

#include "core/sim.h"
#include "core/worker.h"
#include "sync/measure.h"
#include "sync/select.h"

rni_task model_tasks[MODEL_TASKS];
rni_owner model_owner;
bool model_on_workers;
rni_runtime rni_rt;

static void nothing_ended(rni_owner *owner, int rc, bool background)
{
    (void)owner;
    (void)rc;
    (void)background;
}

void model_begin(void)
{
    rni_owner_init(&model_owner, nothing_ended);
    for (unsigned i = 0; i < MODEL_TASKS; i++) {
        rni_task *t = &model_tasks[i];
        memset(t, 0, sizeof *t);
        t->foreign = true;
        t->owner = &model_owner;
        t->cancelled = &model_owner.cancelled;
        t->budget = t->grant = RNI_BUDGET;
        t->timer.when = INT64_MAX;
        atomic_store_explicit(&t->wake_fd, -1, memory_order_relaxed);
    }
}

void model_cancel(void)
{
    atomic_exchange_explicit(&model_owner.cancelled, 1, memory_order_seq_cst);
    rni_owner_abort_all(&model_owner);
}

void model_time_out(unsigned thread)
{
    rni_task_timed_out(&model_tasks[thread]);
}

int model_main(const model_run *runs, size_t n, int argc, char **argv)
{
    int failed = 0;
    for (size_t i = 0; i < n; i++) {
        bool wanted = argc < 2;
        for (int a = 1; a < argc; a++)
            wanted |= strcmp(argv[a], runs[i].model.name) == 0;
        if (!wanted)
            continue;
        rn_check_result result;
        rn_check_options o = runs[i].options;
        o.result = &result;
        int code = rn_check(&runs[i].model, &o);
        /* What is meant to be explored to its end must be. */
        bool cut_off = code == 0 && o.strategy == RN_CHECK_DFS && !result.exhaustive &&
                       !getenv("RN_CHECK_REPLAY");
        if (cut_off)
            printf("%s was cut off\n", runs[i].model.name);
        failed |= code != 0 || cut_off;
    }
    return failed;
}

/* ---- the calling task, park and ready ---- */

rni_task *rni_current(void)
{
    int thread = rn_check_self();
    return &model_tasks[thread ? thread - 1 : 0];
}

int rni_foreign_wait(rni_task *t)
{
    while (atomic_exchange_explicit(&t->woken, 0, memory_order_acquire) == 0)
        rn_check_wait(&t->woken, 0);
    return t->context.result;
}

void rni_foreign_wake(rni_task *t)
{
    atomic_store_explicit(&t->woken, 1, memory_order_release);
    rn_check_wake(&t->woken, 1);
}

void rni_panic(const char *site, const char *format, ...)
{
    (void)site;
    rn_check_fail("panic: %s", format);
}

void rni_assert_failed(const char *expr, const char *where)
{
    rn_check_fail("invariant: %s (%s)", expr, where);
}

/* ---- the system ---- */

void *rni_os_alloc(size_t bytes)
{
    return calloc(1, bytes);
}

void *rni_os_alloc_aligned(size_t align, size_t bytes)
{
    void *memory = aligned_alloc(align, (bytes + align - 1) & ~(align - 1));
    return memory ? memset(memory, 0, bytes) : NULL;
}

void rni_os_free(void *memory)
{
    free(memory);
}

void rni_os_thread_yield(void)
{
    rn_check_spin();
}

bool rni_os_heavy_fence(void)
{
    rn_check_heavy_fence();
    return true;
}

/* ---- choices and time ---- */

uint32_t rni_choose(uint32_t n)
{
    return rn_check_choose(n);
}

int64_t rni_now(void)
{
    return 0;
}

int64_t rni_real_now(void)
{
    return 0;
}

bool rni_clock_is_virtual(void)
{
    return false;
}

/* ---- what is only called for tasks that are not foreign ---- */

#pragma GCC diagnostic ignored "-Wunused-parameter"
#define NEVER(result, name, ...)                                                                   \
    result name(__VA_ARGS__)                                                                       \
    {                                                                                              \
        rn_check_fail("%s is not part of the model", #name);                                       \
    }
NEVER(int, rni_dispatch, rni_worker *w, rni_task *t, rni_runnable r)
NEVER(rni_runnable, rni_pick, rni_worker *w)
NEVER(bool, rni_must_leave, const rni_worker *w)
NEVER(void, rni_queue_for, rni_worker *w, rni_runnable r)
NEVER(void, rni_queue_next, rni_worker *w, rni_runnable r)
NEVER(void, rni_queue_last, rni_worker *w, rni_runnable r)
NEVER(void, rni_queue_anywhere, rni_runnable r)
NEVER(rni_timers *, rni_virtual_quiet, void)

/* The simulated scheduler is off. */
void rni_sim_point(rni_task *t, int rc)
{
    (void)t;
    (void)rc;
}

void rni_sim_step_here(void)
{
}

rni_worker *rni_worker_self(void)
{
    static rni_worker workers[MODEL_TASKS];
    int thread = rn_check_self();
    return model_on_workers ? &workers[thread ? thread - 1 : 0] : NULL;
}

int rni_spend_here(int rc)
{
    return rc;
}

/* Nothing is measured, and no select has descriptors. */
NEVER(void, rni_measure_pushed, rn_channel *c, size_t n)
NEVER(void, rni_measure_popped, rn_channel *c, size_t n)
NEVER(void, rni_measure_passed, rn_channel *c)
NEVER(void, rni_measure_served, rn_channel *c, const rni_task *t, bool sender)
NEVER(void, rni_select_look, selection *s, rni_task *t, bool wait)
NEVER(int, rni_select_took_fd, const selection *s, rn_case *k)
NEVER(int, rni_select_park, selection *s, rni_task *t, const char *site)
NEVER(void, rni_select_done, selection *s, rni_task *t)

void rni_measure_waits(rni_task *t)
{
    (void)t;
}
