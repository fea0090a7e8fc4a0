/* SPDX-License-Identifier: MIT */
/*
 * The task: its records and who may touch them.
 *
 * A spawned task is first a `rni_spawn`, a 128-byte record with its arguments and no stack. A
 * worker that picks it calls it on the stack the worker stands on; from then on it is a `rni_task`,
 * which lives at the top of that stack, and it keeps the stack only if it parks. So a task that
 * never waits costs no stack and no switch, and a parked one needs one page for its frames and its
 * record together.
 *
 * Memory of both kinds is never given back to the system while the process lives (a stack's pages
 * may be, they then read as zero), so a stale pointer to a record is safe to look at; the rules of
 * park.h say when what is seen may be believed.
 *
 * A foreign thread that uses the library gets a rni_task of its own (foreign.c), which waits on a
 * futex instead of parking.
 */
#ifndef RNI_CORE_TASK_H
#define RNI_CORE_TASK_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include <runnel/fork.h>
#include <runnel/select.h>
#include <runnel/task.h>

#include "arch/switch.h"
#include "base/list.h"
#include "core/lock.h"
#include "core/timer.h"

/* A place in a queue of waiters; see park.h. */
typedef struct rni_waiter {
    struct rni_waiter *next, *prev;
    void *queue;
    void *lock;
    void *task;
    void *elem;
    bool *ok;
    unsigned index;
    int flags;
} rni_waiter;
typedef struct rni_worker rni_worker;
typedef struct rni_task rni_task;

/* Why a task waits; the names are in obs/dump.c. The order matters: with those from SEND to
 * SEMAPHORE, but for SLEEP, it waits for another task (waits_for_task in obs/report.c). */
typedef enum rni_why {
    RNI_WHY_RUNNING = 0,
    RNI_WHY_READY,
    RNI_WHY_SEND,
    RNI_WHY_RECV,
    RNI_WHY_SEND_NIL,
    RNI_WHY_RECV_NIL,
    RNI_WHY_SELECT,
    RNI_WHY_SELECT_NONE,
    RNI_WHY_SELECT_IO, /* a select, with descriptors */
    RNI_WHY_SLEEP,
    RNI_WHY_MUTEX,
    RNI_WHY_RLOCK,
    RNI_WHY_WLOCK,
    RNI_WHY_COND,
    RNI_WHY_WAITGROUP,
    RNI_WHY_ONCE,
    RNI_WHY_SEMAPHORE,
    RNI_WHY_GROUP,
    RNI_WHY_JOIN,
    RNI_WHY_BLOCKING,
    RNI_WHY_IO,
    RNI_WHY_MAX
} rni_why;

/*
 * What a task belongs to: the base of a group (scope/group.c), or the owner of tasks of runnel's
 * own.
 */
typedef struct rni_owner {
    _Atomic(int) cancelled; /* 0, or the cause; set before rni_owner_abort_all, never cleared */
    rni_lock lock;          /* protects tasks */
    rni_link tasks;         /* tasks of this owner that have waited at least once */
    bool internal;          /* its tasks are neither counted nor in reports */
    bool is_group;          /* the base of one */
    uint16_t run;           /* number of the rn_run that it is part of; 0: none. Fixed */
    /* Called by the worker when a task of this owner has ended, one in the background or not; the
     * last thing that happens to it. May park nothing. */
    void (*ended)(struct rni_owner *owner, int rc, bool background);
} rni_owner;

typedef enum rni_task_state {
    RNI_TASK_FREE = 0, /* no task: the record is in a pool */
    RNI_TASK_LIVE
} rni_task_state;

struct rni_task {
    /* ---- what a switch needs ---- */
    rni_context context;   /* protocol in arch/switch.h */
    int saved_errno;       /* while parked; the switching worker */
    rni_worker *worker;    /* while running: where; the switching worker */
    rni_worker *pinned;    /* the only worker that may run it, or NULL; the task itself */
    unsigned pins;         /* depth of rn_pin; the task itself */
    uint32_t sim_priority; /* of sim.c */
    int budget;            /* operations until rni_budget_spent; the task itself */
    int grant;             /* what budget starts from: fewer if slow; 0 in a simulated run */
    int slice;             /* operations granted since it was resumed; its worker */

    /* ---- waiting: see park.h ---- */
    rni_waiter waiter;             /* its place in the queue of a single object */
    _Atomic(rni_lock *) announced; /* the lock of the queue it may be in */
    _Atomic(uint64_t) claim;       /* who ends a wait that several may end */
    _Atomic(int) timed_out;        /* the deadline of the present wait has passed */
    int timeout_result;            /* what the wait returns then; set before the timer starts */
    rni_timer timer;               /* for that deadline */

    /* ---- belonging ---- */
    rni_owner *owner;              /* NULL for a foreign thread */
    const _Atomic(int) *cancelled; /* owner's flag, or a constant 0 under a shield */
    _Atomic(int) shields;          /* depth of rn_shield; written by the task, read by aborts */
    bool listed;                   /* on owner's list of tasks; the task itself */
    rni_link link;                 /* there; under owner->lock */

    rn_forks_ forks; /* its forked calls; fork.h */

    /* ---- for reports; relaxed, a reader may see a mix of two moments ---- */
    _Atomic(int) state;          /* rni_task_state */
    _Atomic(int) why;            /* rni_why */
    _Atomic(const char *) where; /* waiting at */
    _Atomic(const void *) what;  /* waiting for */
    _Atomic(int64_t) since;      /* waiting since, on its worker's last look at the clock */
    _Atomic(const char *) name;
    _Atomic(const char *) site; /* started at */
    _Atomic(uint64_t) id;

    /* ---- foreign threads ---- */
    bool foreign;
    bool internal;             /* its owner's */
    bool background;           /* no leak if it still waits at the end */
    uint16_t run;              /* its owner's */
    _Atomic(uint32_t) woken;   /* futex word */
    _Atomic(int) wake_fd;      /* not negative: signalled instead; foreign.c */
    struct rni_poll_set *poll; /* what it waits for then; the thread itself */
    rni_task *next_free;       /* pool link */

    /* ---- the stack ---- */
    void *stack_limit; /* lowest usable address */
    size_t stack_size;
    unsigned stack_class;
    _Atomic(char *) painted; /* from here up the stack was painted (depth.c); NULL: not at all */
    void *depth_row;         /* what its depth is reported with */
    void *san_fake;          /* ASan's fake stack while parked */
    void *san_fiber;         /* TSan's fiber */
};

/* The class of RN_STACK_TINY, for which room for many cases and for large elements comes from the
 * allocator; stack.h has the others. */
enum { RNI_STACK_TINY = 4 };
static inline bool rni_stack_is_tiny(const rni_task *t)
{
    return t->stack_class == RNI_STACK_TINY;
}
#if !defined(RUNNEL_IN_MODEL)
_Static_assert(offsetof(rni_task, forks) == RN_FORKS_AT_, "users' code knows the place");
#endif

/* The first field of a worker: all that the hot paths of other rooms know of it. */
typedef struct rni_seat {
    rni_task *current; /* running task, or NULL; the monitor reads it */
} rni_seat;
#if defined(__x86_64__) && !defined(RUNNEL_IN_MODEL)
#define RNI_SEAT_IN_LINE 1
/* The calling thread's, NULL if it has none. Under its name in runnel/fork.h, where only assembly
 * refers to it. */
extern __thread rni_seat *rni_seat_tls __asm__("rn_fork_seat_")
    __attribute__((visibility("default")));
#endif

enum {
    RNI_SPAWN_BYTES = 128,
    RNI_SPAWN_HEADER = 48,
    RNI_SPAWN_INLINE = RNI_SPAWN_BYTES - RNI_SPAWN_HEADER,
    RNI_BUDGET = 256,    /* operations that did not wait between two visits to the scheduler */
    RNI_FIRST_GRANT = 16 /* of them before the first look at the clock */
};

/* A task that has not started. Written by the spawner before it is queued, then by its worker. */
typedef struct rni_spawn {
    int (*entry)(void *args);
    rni_owner *owner;
    _Atomic(const char *) name; /* the reports read these two and `queued` at any time */
    _Atomic(const char *) site;
    struct rni_spawn *next; /* pools */
    uint8_t stack_class;
    bool pin;                             /* stay on the worker that starts it */
    bool background;                      /* no leak if it still waits at the end */
    bool big;                             /* allocated alone, larger than RNI_SPAWN_BYTES */
    _Atomic(bool) queued;                 /* spawned and not started yet */
    bool internal;                        /* its owner's, which may be gone when a report looks */
    uint16_t run;                         /* the same */
    _Alignas(RN_ARGS_ALIGN_) char args[]; /* RNI_SPAWN_INLINE bytes, or as many as needed */
} rni_spawn;
_Static_assert(sizeof(rni_spawn) == RNI_SPAWN_HEADER, "the record's header has grown");

#endif
