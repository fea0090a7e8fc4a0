/* SPDX-License-Identifier: MIT */
/*
 * rn_blocking: calls that block their thread run on helper threads.
 *
 * A call is a record on the caller's stack, which stays put while the task is parked. It goes into
 * a list under pool_lock; a helper takes it, calls the function, and makes the task ready. A new
 * helper is started when no helper is free for it, up to MAX_HELPERS; beyond that calls queue. A
 * helper that finds nothing for LINGER_NS ends: it is `left` for the next that ends, or for
 * rni_blocking_stop, to join. A thread that has been joined has run the destructors of its
 * thread-local data, which call other libraries, and these must not find exit handlers at work.
 *
 * helpers_busy (verdict.c) counts calls from before the task parks until after it has been made
 * ready. `work` is the futex word helpers sleep on: it changes whenever a call is queued, so a
 * helper that read it before looking at the list cannot sleep through the wake-up.
 */
#include "core/blocking.h"
#include "core/park.h"
#include "core/sim.h"
#include "core/worker.h"

enum { MAX_HELPERS = 512 };
static const int64_t LINGER_NS = INT64_C(2000000000);

typedef struct call {
    int (*fn)(void *arg);
    void *arg;
    rni_task *task;
    struct call *next;
} call;

static rni_lock pool_lock; /* protects what follows */
static call *first, **last = &first;
static unsigned queued, helpers, idle;
static bool stop;
static rni_os_thread left; /* the helper that has ended and is not joined; 0: there is none */

static _Atomic(uint32_t) work;  /* futex word, see above */
static _Atomic(uint32_t) ended; /* futex word: changes when a helper ends */
static _Atomic(uint64_t) calls;

uint64_t rni_blocking_calls(void)
{
    return atomic_load_explicit(&calls, memory_order_relaxed);
}

uint32_t rni_blocking_helpers(void)
{
    rni_lock_take(&pool_lock);
    uint32_t n = helpers;
    rni_unlock(&pool_lock);
    return n;
}

/* The next call, or NULL when the helper should end; it is no longer counted then, and has to join
 * *before, unless that is 0. */
static call *next_call(rni_os_thread *before)
{
    int64_t patience = LINGER_NS;
    for (;;) {
        uint32_t seen = atomic_load_explicit(&work, memory_order_acquire);
        rni_lock_take(&pool_lock);
        call *c = first;
        if (c) {
            first = c->next;
            if (!first)
                last = &first;
            queued--;
            rni_unlock(&pool_lock);
            return c;
        }
        if (stop || patience <= 0) {
            helpers--;
            *before = left;
            left = rni_os_thread_self();
            rni_unlock(&pool_lock);
            return NULL;
        }
        idle++;
        rni_unlock(&pool_lock);
        int64_t start = rni_os_now();
        rni_os_futex_wait(&work, seen, patience);
        patience -= rni_os_now() - start;
        rni_lock_take(&pool_lock);
        idle--;
        rni_unlock(&pool_lock);
    }
}

static void *helper(void *unused)
{
    (void)unused;
    call *c;
    rni_os_thread before = 0;
    while ((c = next_call(&before)) != NULL) {
        RNI_EDGE_IN(c);
        int rc = c->fn(c->arg);
        rni_ready(c->task, rc); /* *c is gone from here on */
        if (atomic_fetch_sub_explicit(&rni_rt.helpers_busy, 1, memory_order_seq_cst) == 1)
            rni_outside_gone();
    }
    atomic_fetch_add_explicit(&ended, 1, memory_order_release);
    rni_os_futex_wake(&ended, 1);
    if (before)
        rni_os_thread_join(before);
    return NULL;
}

/* Takes own, if no helper has it, and so fails: true. With it go the others that are queued: their
 * callers were told that the helper would serve them which there is not. */
static bool fail_all(const call *own, int rc)
{
    rni_lock_take(&pool_lock);
    call *c = helpers == 0 ? first : NULL;
    if (c) {
        first = NULL;
        last = &first;
        queued = 0;
    }
    rni_unlock(&pool_lock);
    bool found = false;
    while (c) {
        call *next = c->next;
        found |= c == own;
        if (c != own)
            rni_ready(c->task, rc);
        atomic_fetch_sub_explicit(&rni_rt.helpers_busy, 1, memory_order_seq_cst);
        c = next;
    }
    return found;
}

/* Starts the helper that has been counted in. True if there is none at all for c, which has been
 * taken out again: then *rc says why. While another is being started c is left to that one. */
static bool add_helper(const call *c, int *rc)
{
    rni_os_thread t;
    *rc = rni_os_thread_start(&t, helper, NULL);
    if (*rc == 0)
        return false;
    rni_lock_take(&pool_lock);
    helpers--;
    rni_unlock(&pool_lock);
    return fail_all(c, *rc);
}

static void task_ended(rni_owner *owner, int rc, bool background)
{
    (void)owner;
    (void)rc;
    (void)background;
}

/* The tasks that make calls in simulated runs. */
static rni_owner callers = {
    .tasks = { &callers.tasks, &callers.tasks },
    .internal = true,
    .ended = task_ended,
};

static int make_call(void *arg)
{
    call *c = *(call **)arg;
    rni_ready(c->task, c->fn(c->arg));
    return 0;
}

/* In a simulated run there is one thread, so that the call comes when the scheduler says. A task
 * with the largest stack makes it, and the run stands still while it blocks. */
static int call_in_task(call *c, const char *site)
{
    static const rn_attr large = { .stack = RN_STACK_HUGE };
    atomic_fetch_add_explicit(&calls, 1, memory_order_relaxed);
    int rc = rni_start(&callers, make_call, &c, sizeof c, &large, "rn_blocking", site);
    return rc ? rc : rni_park(c->task, RNI_WHY_BLOCKING, NULL, site);
}

int rn_blocking_at(int (*fn)(void *arg), void *arg, const char *site)
{
    rni_task *t = rni_current();
    int rc = rni_refused_at_entry(t);
    if (rc)
        return rc;
    if (t->foreign)
        return fn(arg);
    call c = { .fn = fn, .arg = arg, .task = t };
    if (rni_sim_on())
        return call_in_task(&c, site);
    RNI_EDGE_OUT(&c);
    atomic_fetch_add_explicit(&rni_rt.helpers_busy, 1, memory_order_relaxed);
    atomic_fetch_add_explicit(&calls, 1, memory_order_relaxed);
    rni_lock_take(&pool_lock);
    *last = &c;
    last = &c.next;
    queued++;
    bool grow = queued > idle && helpers < MAX_HELPERS;
    if (grow)
        helpers++;
    rni_unlock(&pool_lock);
    if (grow && add_helper(&c, &rc))
        return rc;
    if (!grow) {
        atomic_fetch_add_explicit(&work, 1, memory_order_release);
        rni_os_futex_wake(&work, 1);
    }
    return rni_park(t, RNI_WHY_BLOCKING, NULL, site);
}

void rni_blocking_stop(void)
{
    rni_lock_take(&pool_lock);
    stop = true;
    rni_unlock(&pool_lock);
    atomic_fetch_add_explicit(&work, 1, memory_order_release);
    rni_os_futex_wake(&work, INT32_MAX);
    for (;;) {
        uint32_t seen = atomic_load_explicit(&ended, memory_order_acquire);
        rni_lock_take(&pool_lock);
        rni_os_thread t = left;
        bool last_one = helpers == 0;
        left = 0;
        stop = !last_one;
        rni_unlock(&pool_lock);
        if (t)
            rni_os_thread_join(t);
        if (last_one)
            return;
        if (!t)
            rni_os_futex_wait(&ended, seen, INT64_C(100) * 1000 * 1000);
    }
}
