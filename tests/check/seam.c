/* SPDX-License-Identifier: MIT */
/* The operating system and the scheduler as the models see them; seam.h tells what for. */
#include "seam.h"

#include "core/blocking.h"
#include "core/descriptor.h"
#include "core/hooks.h"
#include "core/sim.h"
#include "core/queue.h"
#include "core/worker.h"
#include "sync/lot.h"
#include "sync/measure.h"
#include "sync/select.h"

/* A program of models that includes a real file, or has a better stand-in, goes first. */
#define SEAM __attribute__((weak))

rni_task model_tasks[MODEL_TASKS];
rni_owner model_owner;
bool model_on_workers;
int64_t model_clock[RN_CHECK_THREADS + 1];
SEAM rni_runtime rni_rt;

static void nothing_ended(rni_owner *owner, int rc, bool background)
{
    (void)owner;
    (void)rc;
    (void)background;
}

void model_begin(void)
{
    memset(model_clock, 0, sizeof model_clock);
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

void model_lot_empty(unsigned slot, const void *object)
{
    static rni_bucket *buckets[MODEL_OBJECTS];
    if (!buckets[slot]) { /* in the first execution, which finds no lock that another has left */
        buckets[slot] = rni_lot_enter(NULL, object);
        rni_lot_leave(buckets[slot]);
    }
    memset(buckets[slot], 0, sizeof *buckets[slot]);
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

SEAM rni_task *rni_current(void)
{
    int thread = rn_check_self();
    return &model_tasks[thread ? thread - 1 : 0];
}

SEAM int rni_foreign_wait(rni_task *t)
{
    while (atomic_exchange_explicit(&t->woken, 0, memory_order_acquire) == 0)
        rn_check_wait(&t->woken, 0);
    return t->context.result;
}

SEAM void rni_foreign_wake(rni_task *t)
{
    atomic_store_explicit(&t->woken, 1, memory_order_release);
    rn_check_wake(&t->woken, 1);
}

SEAM void rni_panic(const char *site, const char *format, ...)
{
    (void)site;
    rn_check_fail("panic: %s", format);
}

SEAM const char *rn_strerror(int rc)
{
    (void)rc;
    return "";
}

void rni_assert_failed(const char *expr, const char *where)
{
    rn_check_fail("invariant: %s (%s)", expr, where);
}

/* ---- the system ---- */

SEAM void *rni_os_alloc(size_t bytes)
{
    return calloc(1, bytes);
}

SEAM void *rni_os_alloc_aligned(size_t align, size_t bytes)
{
    void *memory = aligned_alloc(align, (bytes + align - 1) & ~(align - 1));
    return memory ? memset(memory, 0, bytes) : NULL;
}

void *rni_os_resize(void *memory, size_t bytes)
{
    return realloc(memory, bytes);
}

SEAM void rni_os_free(void *memory)
{
    free(memory);
}

/* One that may end by itself does so once in each thread at most, so that loops end; it is only
 * used where a wake always comes. */
SEAM void rni_os_futex_wait(_Atomic(uint32_t) *word, uint32_t expected, int64_t timeout_ns)
{
    int64_t *clock = &model_clock[rn_check_self()];
    if (timeout_ns == 0 || (timeout_ns > 0 && *clock == 0 && rn_check_choose(2) == 1))
        *clock += timeout_ns;
    else
        rn_check_wait(word, expected);
}

SEAM void rni_os_futex_wake(_Atomic(uint32_t) *word, int count)
{
    rn_check_wake(word, count);
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

int64_t rni_os_now(void)
{
    return model_clock[rn_check_self()];
}

SEAM int64_t rni_now(void)
{
    return rni_os_now();
}

SEAM int64_t rni_real_now(void)
{
    return rni_os_now();
}

SEAM bool rni_clock_is_virtual(void)
{
    return false;
}

/* ---- what is there ---- */

SEAM int64_t rni_next_timer(void)
{
    return INT64_MAX;
}

SEAM uint32_t rni_blocking_helpers(void)
{
    return 0;
}

SEAM unsigned rni_report_threads(void)
{
    return 0;
}

unsigned rni_san_threads(void)
{
    return 0;
}

/* No strangers. */
SEAM unsigned rni_os_thread_count(void)
{
    return 1;
}

/* ---- what is only called for tasks that are not foreign ---- */

#pragma GCC diagnostic ignored "-Wunused-parameter"
#define NEVER(result, name, ...)                                                                   \
    SEAM result name(__VA_ARGS__)                                                                  \
    {                                                                                              \
        rn_check_fail("%s is not part of the model", #name);                                       \
    }
NEVER(int, rni_dispatch, rni_worker *w, rni_task *t, rni_runnable r)
NEVER(rni_runnable, rni_pick, rni_worker *w)
NEVER(bool, rni_must_leave, const rni_worker *w)
SEAM int rni_leave(rni_worker *w, rni_task *t)
{
    return rni_dispatch(w, t, rni_pick(w));
}

NEVER(void, rni_queue_for, rni_worker *w, rni_runnable r)
NEVER(void, rni_queue_next_slowly, rni_worker *w, rni_runnable r)
NEVER(void, rni_queue_full, rni_worker *w, rni_ring *ring, rni_runnable r)
NEVER(void, rni_queue_kick, rni_worker *w, uint32_t level)
NEVER(int, rni_leave_for_others, rni_worker *w, rni_task *t)
NEVER(void, rni_queue_anywhere, rni_runnable r)
NEVER(rni_timers *, rni_virtual_quiet, void)

NEVER(int, rni_start, rni_owner *o, int (*entry)(void *), const void *args, size_t bytes,
      const rn_attr *attr, const char *name, const char *site)

/* No task runs on a worker. */
NEVER(void, rni_arch_prepare, rni_context *c, void *limit, void *top, void (*fn)(void))
NEVER(int, rni_arch_switch, rni_context *from, rni_context *to)
NEVER(void, rni_arch_leave, rni_context *to)
NEVER(rni_task *, rni_stack_take, rni_stack_cache *caches, unsigned cls)
NEVER(void, rni_stack_give, rni_stack_cache *caches, rni_task *t)
NEVER(void, rni_spawn_give_slowly, rni_spawn_cache *cache, rni_spawn *s)
NEVER(void, rni_report_deadlock, void)

/* The simulated scheduler is off. */
NEVER(uintptr_t, rni_sim_pick, rni_worker *w)

SEAM bool rni_sim_on(void)
{
    return false;
}

SEAM void rni_sim_point(rni_task *t, int rc)
{
    (void)t;
    (void)rc;
}

SEAM void rni_sim_step_here(void)
{
}

SEAM rni_worker *rni_worker_self(void)
{
    static rni_worker workers[MODEL_TASKS];
    int thread = rn_check_self();
    return model_on_workers ? &workers[thread ? thread - 1 : 0] : NULL;
}

SEAM int rni_spend_here(int rc)
{
    return rc;
}

/* Nobody polls, and time is real. */
NEVER(int, rni_os_poller_open, void)
NEVER(void, rni_os_poller_close, void)
NEVER(int, rni_os_poller_wait, rni_os_event *events, int n, int64_t timeout_ns)
NEVER(void, rni_os_poller_wake, void)
NEVER(void, rni_descriptor_ready, uint64_t key, unsigned events)
NEVER(int, rni_os_poll, rni_os_fd *fds, size_t n, int64_t timeout_ns)
NEVER(int, rni_os_event_open, void)
NEVER(void, rni_os_event_signal, int fd)
NEVER(bool, rni_os_event_take, int fd)
NEVER(void, rni_os_event_close, int fd)
NEVER(void, rni_virtual_pass, rni_verdict v)
NEVER(bool, rni_virtual_in_vain, void)
NEVER(void, rni_worker_set_self, rni_worker *w)
/* A worker that has no others. */
NEVER(rni_runnable, rni_watch, rni_worker *w, int64_t now)
NEVER(bool, rni_watch_timers, rni_worker *w, int64_t now)

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

SEAM bool rni_group_takes_call(rni_owner *owner)
{
    return owner->is_group;
}
