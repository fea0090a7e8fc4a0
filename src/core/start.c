/* SPDX-License-Identifier: MIT */
/* Starting tasks, and what a task can do to itself. */
#include <runnel/errno.h>
#include <runnel/test.h>

#include "base/copy.h"
#include "core/park.h"
#include "core/sim.h"
#include "core/queue.h"
#include "core/worker.h"

static inline void fill(rni_spawn *s, rni_owner *o, int (*entry)(void *), const void *args,
                        size_t bytes)
{
    s->entry = entry;
    s->owner = o;
    s->next = NULL;
    s->pin = false;
    s->internal = o->internal;
    s->run = o->run;
    if (rni_san_is(RNI_SAN_THREAD)) {
        RNI_EDGE_IN(s); /* its last user's reads of the arguments are over */
        rni_copy(s->args, args, bytes);
        RNI_EDGE_OUT(s); /* -> the first step */
    } else if (bytes) {
        memcpy(s->args, args, bytes);
    }
}

/* Apart, so that it stays in line below. */
void rni_spawn_fill(rni_spawn *s, rni_owner *o, int (*entry)(void *), const void *args,
                    size_t bytes)
{
    fill(s, o, entry, args, bytes);
}

/* From a thread that is no worker. */
static RNI_NOINLINE void queue_from_outside(rni_owner *o, rni_spawn *s)
{
    atomic_fetch_add_explicit(&rni_rt.foreign_started, !o->internal, memory_order_seq_cst);
    rni_queue_anywhere(rni_run_spawn(s));
    rni_runtime_ensure();
}

int rni_start(rni_owner *o, int (*entry)(void *), const void *args, size_t bytes,
              const rn_attr *attr, const char *name, const char *site)
{
    int cls = rni_stack_class_of(attr ? attr->stack : RN_STACK_DEFAULT);
    if (rni_unlikely(cls < 0))
        return -EINVAL;
    rni_worker *w = rni_worker_here();
    rni_spawn *s = rni_spawn_take(w ? &w->spawns : NULL, bytes);
    if (rni_unlikely(!s))
        return -ENOMEM;
    fill(s, o, entry, args, bytes);
    s->stack_class = (uint8_t)cls;
    s->pin = attr && attr->pin;
    s->background = attr && attr->background;
    atomic_store_explicit(&s->name, attr && attr->name ? attr->name : name, memory_order_relaxed);
    atomic_store_explicit(&s->site, site, memory_order_relaxed);
    atomic_store_explicit(&s->queued, true, memory_order_release);
    if (rni_unlikely(!w)) {
        queue_from_outside(o, s);
        return 0;
    }
    rni_count(&w->started, !o->internal);
    rni_queue_next(w, rni_run_spawn(s));
    return 0;
}

static RNI_NOINLINE int yield_fully(void)
{
    rni_task *t = rni_current();
    if (rni_unlikely(t->grant == 0))
        rni_sim_yields(t);
    /* A cancellation meanwhile is seen by what comes next: so the switch can be the last thing
     * here, and its jump leads to the caller. */
    int cancelled = atomic_load_explicit(t->cancelled, memory_order_acquire);
    if (rni_unlikely(cancelled != 0))
        RNI_EDGE_IN(t->cancelled);
    return rni_yield_now(t, cancelled ? -ECANCELED : 0);
}

int rn_yield(void)
{
    rni_task *t = rni_current_here();
    if (rni_unlikely(!t) || rni_unlikely((t->grant == 0) | t->foreign) || rni_cancelled(t))
        return yield_fully();
    t->context.result = 0;
    return rni_leave_for_others(t->worker, t);
}

/* Waits for the deadline that has been started. */
static int wait_for_deadline(rni_task *t, const char *site)
{
    int rc;
    rni_claim_open(t);
    if (!rni_wait_refused(t, &rc) || !rni_claim(t))
        rc = rni_park(t, RNI_WHY_SLEEP, NULL, site);
    rni_deadline_stop(t);
    return rc;
}

int rn_sleep_at(int64_t ns, const char *site)
{
    rni_task *t = rni_current();
    int rc = rni_refused_at_entry(t);
    if (rc || ns <= 0)
        return rni_spend(t, rc);
    rni_wait_prepare(t);
    rni_deadline_start(t, rni_add_ns(rni_now(), ns), 0);
    return wait_for_deadline(t, site);
}

int rn_test_wait_at(const char *site)
{
    rni_task *t = rni_current();
    int rc = rni_refused_at_entry(t);
    if (rc)
        return rc;
    if (t->foreign || !rni_clock_is_virtual())
        rni_panic(site, "rn_test_wait outside a test run's tasks");
    rni_wait_prepare(t);
    rni_deadline_start_quiet(t);
    rc = wait_for_deadline(t, site);
    RNI_EDGE_IN(rni_virtual_quiet());
    return rc;
}

void rn_pin(void)
{
    rni_task *t = rni_current();
    if (!t->foreign && t->pins++ == 0)
        __atomic_store_n(&t->pinned, t->worker, __ATOMIC_RELAXED); /* for thieves of forks */
}

void rn_unpin(void)
{
    rni_task *t = rni_current();
    if (t->foreign)
        return;
    if (t->pins == 0)
        rni_panic(NULL, "rn_unpin without rn_pin");
    if (--t->pins == 0)
        __atomic_store_n(&t->pinned, NULL, __ATOMIC_RELAXED);
}

void rn_set_name(const char *name)
{
    atomic_store_explicit(&rni_current()->name, name, memory_order_relaxed);
}

const char *rn_name(void)
{
    const char *name = atomic_load_explicit(&rni_current()->name, memory_order_relaxed);
    return name ? name : "?";
}

size_t rn_task_count(void)
{
    rni_spend_here(0);
    return (size_t)rni_live_tasks();
}

int *rn_errno(void)
{
    return rni_os_errno();
}
