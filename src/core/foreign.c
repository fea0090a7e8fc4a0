/* SPDX-License-Identifier: MIT */
/*
 * Foreign threads. One has a rni_task like any task, but waits on a futex: `woken` is stored with
 * release order by whoever ended the wait, and loaded with acquire order by the thread. Deadlines
 * are kept by the thread itself, since there may be no worker to fire a timer.
 *
 * A thread that waits for descriptors, too, waits in poll(2), for them and for an event descriptor
 * of its own; signalling that is the waker's last touch, and the thread closes it only when it has
 * seen the signal or has won the claim itself, so that nobody is left to signal. `wake_fd` is
 * stored before the claim is opened and read by who has won it; partner: rni_claim.
 *
 * Records come from a pool that is never freed, because an aborter may look at a record just after
 * its thread has ended.
 */
#include <pthread.h>

#include "base/layout.h"
#include "core/descriptor.h"
#include "core/foreign.h"
#include "core/park.h"
#include "core/records.h"
#include "core/worker.h"

/* How often a thread looks at the virtual clock, which does not wake it. */
enum { VIRTUAL_LOOK_NS = 1000 * 1000 };

typedef struct record {
    rni_task task;
    struct record *next_made;
} record;

static __thread rni_task *self;
static pthread_key_t end_key; /* its destructor runs when a thread ends */
static pthread_once_t end_key_once = PTHREAD_ONCE_INIT;
static rni_lock pool_lock; /* protects free_records and prepending to made */
static rni_task *free_records;
static _Atomic(record *) made; /* every record; release store, acquire load */
static _Atomic(bool) forked;   /* this process is a child made by fork */

RNI_LAYOUT = {
    RNI_LAYOUT_ADDRESS("foreign", made),
    RNI_LAYOUT_FIELD("foreign.next", record, next_made),
    RNI_LAYOUT_FIELD("foreign.task", record, task),
};

static void thread_ended(void *arg)
{
    rni_task *t = arg;
    if (t->forks.newest)
        rni_panic(NULL, "a thread has ended without joining what it has forked");
    self = NULL; /* a later destructor that calls the library gets another record */
    RNI_EDGE_OUT(t);
    atomic_store_explicit(&t->state, RNI_TASK_FREE, memory_order_relaxed);
    rni_lock_take(&pool_lock);
    t->next_free = free_records;
    free_records = t;
    rni_unlock(&pool_lock);
    if (atomic_fetch_sub_explicit(&rni_rt.foreign_threads, 1, memory_order_seq_cst) == 1)
        rni_outside_gone();
}

/* The library itself forks, with nothing of its own running: the child may do all. Of the threads
 * it has only the one that has forked. */
static bool fork_is_ours;

void rni_fork_is_ours(bool yes)
{
    fork_is_ours = yes;
}

bool rni_forked(void)
{
    return atomic_load_explicit(&forked, memory_order_relaxed);
}

static void forget_other_threads(void)
{
    for (record *r = atomic_load_explicit(&made, memory_order_relaxed); r; r = r->next_made)
        if (&r->task != self)
            atomic_store_explicit(&r->task.state, RNI_TASK_FREE, memory_order_relaxed);
    atomic_store_explicit(&rni_rt.foreign_threads, self ? 1 : 0, memory_order_relaxed);
}

static void in_fork_child(void)
{
    if (fork_is_ours) {
        forget_other_threads();
        return;
    }
    atomic_store_explicit(&forked, true, memory_order_relaxed);
    rni_worker_set_self(NULL);
    self = NULL;
}

static void make_key(void)
{
    if (pthread_key_create(&end_key, thread_ended) != 0 ||
        pthread_atfork(NULL, NULL, in_fork_child) != 0)
        rni_panic(NULL, "no thread-specific key is left to notice the end of threads");
}

static rni_task *new_record(void)
{
    rni_lock_take(&pool_lock);
    rni_task *t = free_records;
    if (t)
        free_records = t->next_free;
    rni_unlock(&pool_lock);
    if (t)
        return t;
    record *r = rni_os_alloc_aligned(64, sizeof *r);
    if (!r)
        rni_panic(NULL, "out of memory for a thread's record");
    rni_lock_take(&pool_lock);
    r->next_made = atomic_load_explicit(&made, memory_order_relaxed);
    atomic_store_explicit(&made, r, memory_order_release);
    rni_unlock(&pool_lock);
    return &r->task;
}

RNI_NOINLINE rni_task *rni_foreign_self(void)
{
    if (rni_likely(self != NULL))
        return self;
    if (rni_forked())
        rni_panic(NULL, "only exec is allowed in a child made by fork, but it called runnel");
    pthread_once(&end_key_once, make_key);
    rni_task *t = new_record();
    RNI_EDGE_IN(t);
    t->foreign = true;
    t->listed = true;
    t->owner = NULL;
    t->cancelled = &rni_never_cancelled;
    t->budget = t->grant = RNI_BUDGET;
    t->timer.when = INT64_MAX;
    atomic_store_explicit(&t->wake_fd, -1, memory_order_relaxed);
    atomic_store_explicit(&t->name, "thread", memory_order_relaxed);
    atomic_store_explicit(&t->site, NULL, memory_order_relaxed);
    atomic_store_explicit(&t->why, RNI_WHY_RUNNING, memory_order_relaxed);
    /* release: who finds a live record sees what was set above; partner: rni_foreign_each */
    atomic_store_explicit(&t->state, RNI_TASK_LIVE, memory_order_release);
    atomic_fetch_add_explicit(&rni_rt.foreign_threads, 1, memory_order_relaxed);
    if (pthread_setspecific(end_key, t) != 0)
        rni_panic(NULL, "out of memory for a thread's record");
    self = t;
    return t;
}

void rni_foreign_becomes_worker(bool yes)
{
    pthread_once(&end_key_once, make_key);
    if (!self)
        return;
    atomic_store_explicit(&self->state, yes ? RNI_TASK_FREE : RNI_TASK_LIVE, memory_order_relaxed);
    if (yes)
        atomic_fetch_sub_explicit(&rni_rt.foreign_threads, 1, memory_order_relaxed);
    else
        atomic_fetch_add_explicit(&rni_rt.foreign_threads, 1, memory_order_relaxed);
}

int rni_foreign_poll_begin(rni_task *t, rni_poll_set *set)
{
    int fd = rni_os_event_open();
    if (fd < 0)
        return fd;
    set->which = set->n;
    set->fds[set->n] = (rni_os_fd){ .fd = fd, .events = RNI_OS_READ };
    t->poll = set;
    atomic_store_explicit(&t->wake_fd, fd, memory_order_relaxed);
    return 0;
}

void rni_foreign_poll_end(rni_task *t)
{
    rni_os_event_close(atomic_load_explicit(&t->wake_fd, memory_order_relaxed));
    atomic_store_explicit(&t->wake_fd, -1, memory_order_relaxed);
}

/* Waits for t's descriptors and its wake, for a while. True if a descriptor, or an error, has ended
 * the wait. */
static bool poll_descriptors(rni_task *t, int64_t timeout_ns)
{
    rni_poll_set *s = t->poll;
    int got = rni_os_poll(s->fds, s->n + 1, timeout_ns);
    size_t i = 0;
    while (i < s->n && (got < 0 || s->fds[i].ready == 0))
        i++;
    if (got == 0 || (got > 0 && i == s->n))
        return false;
    if (rni_claim(t)) {
        s->which = i;
        t->context.result = got < 0 ? got : 0;
        return true;
    }
    for (i = 0; i < s->n; i++)
        s->fds[i].fd = -1; /* the wake is on its way */
    return false;
}

static bool take_wake(rni_task *t)
{
    int fd = atomic_load_explicit(&t->wake_fd, memory_order_relaxed);
    return fd >= 0 ? rni_os_event_take(fd)
                   : atomic_exchange_explicit(&t->woken, 0, memory_order_acquire) != 0;
}

int rni_foreign_wait(rni_task *t)
{
    while (!take_wake(t)) {
        int64_t left = -1;
        if (t->timer.when != INT64_MAX) {
            left = t->timer.when - rni_now();
            if (left <= 0) {
                t->timer.when = INT64_MAX;
                rni_task_timed_out(t); /* wakes us, unless someone else is about to */
                continue;
            }
            if (rni_clock_is_virtual() && left > VIRTUAL_LOOK_NS)
                left = VIRTUAL_LOOK_NS;
        }
        if (atomic_load_explicit(&t->wake_fd, memory_order_relaxed) < 0)
            rni_os_futex_wait(&t->woken, 0, left);
        else if (poll_descriptors(t, left))
            break;
    }
    RNI_EDGE_IN(t);
    atomic_store_explicit(&t->why, RNI_WHY_RUNNING, memory_order_relaxed);
    return t->context.result;
}

void rni_foreign_wake(rni_task *t)
{
    int fd = atomic_load_explicit(&t->wake_fd, memory_order_relaxed);
    if (fd >= 0) {
        rni_os_event_signal(fd);
        return;
    }
    atomic_store_explicit(&t->woken, 1, memory_order_release);
    rni_os_futex_wake(&t->woken, 1); /* the record is never freed, so this is safe */
}

void rni_foreign_each(void (*fn)(rni_task *t, void *arg), void *arg)
{
    for (record *r = atomic_load_explicit(&made, memory_order_acquire); r; r = r->next_made)
        if (atomic_load_explicit(&r->task.state, memory_order_acquire) == RNI_TASK_LIVE)
            fn(&r->task, arg);
}
