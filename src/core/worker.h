/* SPDX-License-Identifier: MIT */
/*
 * Workers and the runtime they form. For the files of core only: every other room reaches the
 * scheduler through park.h, and the runtime as a whole through runtime.h.
 */
#ifndef RNI_CORE_WORKER_H
#define RNI_CORE_WORKER_H

#include "base/rand.h"
#include "core/runq.h"
#include "core/runtime.h"
#include "core/spawn.h"
#include "core/stack.h"
#include "core/timer.h"

enum { RNI_MAX_WORKERS = 1024, RNI_TICKS_PER_LOOK = 64, RNI_WATCH_EVERY_NS = 5 * 1000 * 1000 };

/* What an idle worker saw when it last looked at another's queue (watch.c); at 0: nothing. */
typedef struct rni_ring_sighting {
    int64_t at;
    uint64_t dispatches;
    uint32_t head;
} rni_ring_sighting;

typedef struct rni_sighting {
    rni_ring_sighting ready, fresh, yielded;
    int64_t at; /* of lifo, alone */
    uint64_t dispatches;
    rni_runnable lifo;
    const rni_task *forker; /* its task then, if that had calls to take, else NULL */
    int64_t forks_at;       /* since when */
} rni_sighting;

struct rni_worker {
    /* ---- the worker's own thread only ---- */
    _Alignas(128) rni_seat seat;
    rni_runq queue;
    _Atomic(uint64_t) dispatches; /* tasks run or resumed; watchers read it */
    int ticks, look_every;        /* picks until the next look around; from one to the next */
    int64_t looked_at;            /* rni_real_now then; the monitor reads it */
    int64_t clock;                /* rni_now when it last looked */
    int *error;                   /* this thread's errno */
    rni_spawn *starting;          /* handed from the dispatcher to the trampoline */
    rni_runnable pending;         /* a task whose context was not saved yet when picked */
    rni_task loop;                /* the context of the thread's own stack */
    rni_spawn_cache spawns;
    rni_stack_cache stacks[RNI_STACK_CLASSES];
    rni_rand rand;
    int64_t polled_at, watched_at;
    int64_t fork_patience;   /* how long it lets a call lie before it takes it; fork.c */
    _Atomic(uint32_t) *done; /* worker 0 under rn_run: go back to the loop once it is set */
    _Atomic(uint64_t) started, ended, steals, wakes;
    /* Depth of timers' and owners' callbacks under way. Left with release; partner:
     * rni_callbacks_end. */
    _Atomic(unsigned) callbacks;

    /* ---- shared ---- */
    _Alignas(128) rni_timers timers;
    rni_lock inbox_lock; /* protects inbox: tasks pinned here that others made ready */
    rni_runnable *inbox;
    size_t inbox_n, inbox_cap;
    _Atomic(uint32_t) inbox_full; /* a hint that inbox_n > 0 */

    /* ---- sleeping: see idle.c ---- */
    _Atomic(uint32_t) signal; /* futex word: 1 after a wake-up */
    bool idle;                /* on rt.idle_list; under rt.idle_lock */
    bool polling;             /* sleeps in the poller, not on the futex; under rt.idle_lock */
    rni_link idle_link;
    rni_sighting *sightings; /* one a worker */

    unsigned id;
    /* Of the thread that is this worker now, for reports: its number, 0 for none; where its loop's
     * frames begin, going down; the lowest address of its stack, NULL if it is not the
     * library's. */
    int thread_id;
    const void *loop_frame, *stack_base;
    rni_os_thread thread;
    void *signal_stack;
};

_Static_assert(offsetof(rni_worker, seat) == 0, "a seat is its worker");

/* The runtime: one per process. */
typedef struct rni_runtime {
    rni_worker *workers; /* allocated at the first start, never freed */
    unsigned count;
    _Atomic(int) running; /* workers exist and serve the queues */
    _Atomic(int) stopping;
    _Atomic(bool) owns_process; /* rn_run was called from main: a deadlock is fatal */
    _Atomic(unsigned) active;   /* workers that take part: all, or one in a simulated run */

    /* Tasks made ready by threads that are not workers. */
    rni_lock inject_lock;
    rni_runnable *inject; /* a ring of inject_cap (a power of two), under the lock */
    size_t inject_head, inject_tail, inject_cap;
    _Atomic(uint32_t) inject_full; /* a hint that it is not empty */

    rni_lock idle_lock;
    rni_link idle_list;             /* sleeping workers, last in first out */
    _Atomic(uint32_t) idle_count;   /* their number; changed under idle_lock */
    _Atomic(uint32_t) watcher;      /* 1 + id of the worker that watches the others, or 0 */
    _Atomic(uint32_t) want_kick;    /* backlog should wake a worker: nobody watches closely */
    _Atomic(uint32_t) poller;       /* a worker is inside rni_os_poller_wait */
    _Atomic(uint32_t) poller_users; /* threads about to wake it */

    /* Things outside that can make a task ready; see verdict.c. */
    _Atomic(uint32_t) io_waiters;
    _Atomic(uint32_t) helpers_busy;
    _Atomic(uint32_t) foreign_threads;
    _Atomic(uint64_t) foreign_started; /* tasks started by foreign threads */
    _Atomic(uint64_t) leaked;
} rni_runtime;

extern rni_runtime rni_rt;

/* How many workers have memory, for any thread: if it is not 0, rni_rt.workers is set. Partner: the
 * release store in worker.c. */
static inline unsigned rni_worker_memory(void)
{
    return __atomic_load_n(&rni_rt.count, __ATOMIC_ACQUIRE);
}

/* How many workers take part in what runs now. */
static inline unsigned rni_active(void)
{
    return atomic_load_explicit(&rni_rt.active, memory_order_relaxed);
}

/* The calling thread's worker, NULL on a foreign thread. Not inlined: see runnel/errno.h. */
RNI_NOINLINE rni_worker *rni_worker_self(void);
void rni_worker_set_self(rni_worker *w);
/* The same in line; see rni_current_here. */
static inline rni_worker *rni_worker_here(void)
{
#if defined(RNI_SEAT_IN_LINE)
    return (rni_worker *)(void *)rni_seat_tls; /* it is the first field */
#else
    return rni_worker_self();
#endif
}

/* Whether the calling thread, w's, may end now. Else that is a programming error, and told. */
void rni_worker_may_end(rni_worker *w, bool yes);

/* Adds to a counter that only the caller's thread writes. */
static inline void rni_count(_Atomic(uint64_t) *counter, uint64_t n)
{
    atomic_store_explicit(counter, atomic_load_explicit(counter, memory_order_relaxed) + n,
                          memory_order_relaxed);
}

static inline void rni_callback_enter(rni_worker *w)
{
    unsigned depth = atomic_load_explicit(&w->callbacks, memory_order_relaxed);
    atomic_store_explicit(&w->callbacks, depth + 1, memory_order_relaxed);
}

static inline void rni_callback_leave(rni_worker *w)
{
    unsigned depth = atomic_load_explicit(&w->callbacks, memory_order_relaxed);
    atomic_store_explicit(&w->callbacks, depth - 1, memory_order_release);
}

/* ---- queue.c ---- */

/* Queues r for w, which is not the caller's, or for any worker. */
void rni_queue_for(rni_worker *w, rni_runnable r);
void rni_queue_anywhere(rni_runnable r);
/* Moves what others queued for this worker, or for anybody, into its own queue. */
bool rni_collect(rni_worker *w);

/* ---- dispatch.c ---- */

/* The next thing this worker should run, without waiting; 0 if there is nothing. */
rni_runnable rni_pick(rni_worker *w);
/* Worker 0 serves an rn_run that is over: it must go back to its loop. */
bool rni_must_leave(const rni_worker *w);
/* Leaves context `from` (the calling one) for r, or for the loop if r is 0. */
int rni_dispatch(rni_worker *w, rni_task *from, rni_runnable r);
/* The same from t, the running task, for whatever rni_pick gives; returns what t is made ready
 * with. rni_leave_for_others queues t behind the others first, with what is in its context's
 * result; if there are none it returns that at once. */
int rni_leave(rni_worker *w, rni_task *t);
int rni_leave_for_others(rni_worker *w, rni_task *t);
void rni_run_loop(rni_worker *w, _Atomic(uint32_t) *done);

/* ---- idle.c ---- */

/* Waits until there is something to run and returns it; 0 if the runtime stops or *done is set. */
rni_runnable rni_idle(rni_worker *w, _Atomic(uint32_t) *done);
void rni_wake_one(void);
void rni_wake_worker(rni_worker *w);
void rni_wake_all(void);
/* Something outside that could have made a task ready is gone: if everything sleeps, somebody must
 * look again whether it sleeps for good. */
void rni_outside_gone(void);
/* Non-blocking look at timers and descriptors. `now` is rni_real_now. */
void rni_look_around(rni_worker *w, int64_t now);

/* ---- start.c ---- */

/* Makes s, which has room for them, a task of o with these arguments; attributes are the caller's
 * to set. */
void rni_spawn_fill(rni_spawn *s, rni_owner *o, int (*entry)(void *), const void *args,
                    size_t bytes);

/* ---- watch.c ---- */

/* Steals from a worker whose backlog has waited too long, or takes a call that its task has forked;
 * the first of what it got, the rest queued. `now` is rni_real_now. */
rni_runnable rni_watch(rni_worker *w, int64_t now);
/* Fires timers of other workers that are overdue at rni_now `now`. True if there were any. */
bool rni_watch_timers(rni_worker *w, int64_t now);

/* ---- verdict.c ---- */

typedef enum rni_verdict {
    RNI_MAY_GO_ON = 0, /* something outside can still make a task ready */
    RNI_ALL_DEAD,      /* nothing ever will */
    RNI_ALL_QUIET,     /* nothing will before time passes, and somebody waits for that */
    RNI_ALL_WAIT       /* nothing will before the next timer, on the virtual clock */
} rni_verdict;

/* Called by the last worker to go idle, with idle_lock held. */
rni_verdict rni_ask(void);
/* Called after RNI_ALL_DEAD, without the lock: the process has threads that the library does not
 * know, one of which may be about to call it. */
bool rni_strangers(void);
/* Threads that are TSan's own, once the process has created any. */
unsigned rni_san_threads(void);

/* ---- virtual.c ---- */

/* The real clock, for how workers wait; nothing that a task can see is measured with it. */
int64_t rni_real_now(void);
bool rni_clock_is_virtual(void);
/* The timers that fire when all is quiet. */
rni_timers *rni_virtual_quiet(void);
/* For TSan: what the calling task has done comes before the end of an rn_test_wait that it lets
 * end, by waiting or by ending itself. */
static inline void rni_virtual_edge_out(void)
{
    if (rni_san_is(RNI_SAN_THREAD) && rni_clock_is_virtual())
        RNI_EDGE_OUT(rni_virtual_quiet());
}
/* Does what the verdict ALL_QUIET or ALL_WAIT lets happen; no lock is held. */
void rni_virtual_pass(rni_verdict v);
/* Whether time has been passing for long without any task running. */
bool rni_virtual_in_vain(void);
/* The earliest deadline of all workers' timers, or INT64_MAX. */
int64_t rni_next_timer(void);

/* ---- overflow.c ---- */
void rni_overflow_install(void);

#endif
