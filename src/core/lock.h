/* SPDX-License-Identifier: MIT */
/*
 * A spin lock for sections of a few dozen instructions that never park or call user code.
 *
 * One atomic exchange to take it, one release store to give it back (8 ns and 1 ns here; a lock
 * that is released with an exchange costs twice that). A holder can be preempted by the system, so
 * a spinner gives its CPU away after a while.
 *
 * Lock order: channels by address (select only) -> nothing. A heap of timers' lock, an owner's list
 * lock and a parking-lot bucket are taken last or alone; see the files that own them. A channel's
 * lock may be taken under a context's, a user's timer's (scope/timers.c) and a broadcast's
 * (pattern/broadcast.c). The simulated network's lock (io/sim_socket.h) comes before descriptors'
 * and timers'; bytes are copied under it. rni_ready may be called with any of them held.
 *
 * Nor do they allocate or make system calls, with these exceptions: a queue grows under its own
 * lock (queue.c, stack.c), a descriptor is armed under its entry's (descriptor.c), the poller is
 * opened and closed under one (poll.c), a group notes errors in memory that grows under its lock
 * (scope/failures.c), a timer is set under its user's, which may start the workers
 * (scope/timers.c), and rni_ready may do either, to queue a task or to wake.
 */
#ifndef RNI_CORE_LOCK_H
#define RNI_CORE_LOCK_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "arch/cpu.h"
#include "base/check.h"
#include "base/san.h"
#include "os/os.h"

typedef struct rni_lock {
    _Atomic(uint32_t) held;
} rni_lock;

RNI_NOINLINE void rni_lock_slow(rni_lock *l);
/* The same if `held` says that the lock was not free, and for TSan: what comes before a taking of
 * the lock comes before what follows the next one. All is said when it is taken, as nothing of the
 * program's happens while it is held. */
RNI_NOINLINE void rni_lock_slow_seen(rni_lock *l, uint32_t held);

/* The first step of taking the lock. seq_cst: a wait that was announced before (rni_wait_announce)
 * is ordered before any load after, see park.h. Partner: the release store of rni_unlock. True if
 * that was all; else rni_lock_go_on has to follow, with the same `held`. */
static inline bool rni_lock_quick(rni_lock *l, uint32_t *held)
{
    *held = atomic_exchange_explicit(&l->held, 1, memory_order_seq_cst);
    rni_fence_after_rmw();
#if defined(RNI_LOCKS_ARE_SEEN) /* one branch for both */
    return rni_likely((*held | RNI_SAN) == 0);
#else
    return rni_likely(*held == 0);
#endif
}

/* True if a sanitizer's runtime is there, which costs who asks no test of its own. */
static inline bool rni_lock_go_on(rni_lock *l, uint32_t held)
{
#if defined(RNI_LOCKS_ARE_SEEN)
    rni_lock_slow_seen(l, held);
    return RNI_SAN != 0;
#else
    (void)held;
    rni_lock_slow(l);
    return false;
#endif
}

/* Takes the lock; returns what rni_lock_go_on does. */
static inline bool rni_lock_take_and_ask(rni_lock *l)
{
    uint32_t held;
    return rni_lock_quick(l, &held) ? false : rni_lock_go_on(l, held);
}

static inline void rni_lock_take(rni_lock *l)
{
    (void)rni_lock_take_and_ask(l);
}

/* For reports, which may run while the world stands still: gives up after a while. */
bool rni_lock_try(rni_lock *l);

static inline void rni_unlock(rni_lock *l)
{
    atomic_store_explicit(&l->held, 0, memory_order_release);
}

#endif
