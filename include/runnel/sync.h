/* SPDX-License-Identifier: MIT */
/*
 * Synchronisation for shared memory, as in Go's package sync: values that are ready to use when
 * zeroed, hold no resources and need no destruction. They make the task wait, not the thread.
 *
 * A value must not be copied or moved while it is in use. Any task and any thread may call. Every
 * call that waits returns 0, or -ECANCELED if the calling task is or becomes cancelled; then the
 * lock is not held, the permit is not taken. Clean-up code that must lock in a cancelled task puts
 * itself under rn_shield (scope.h) or uses a try form.
 */
#ifndef RUNNEL_SYNC_H
#define RUNNEL_SYNC_H

#include <runnel/base.h>

RN_EXTERN_C_BEGIN

/*
 * A mutual exclusion lock. It may be unlocked by another task than the one that locked it. Waiters
 * queue in order; a waiter that keeps losing against newcomers is handed the lock directly.
 */
typedef struct rn_mutex {
    unsigned state_;
} rn_mutex;

/* Waits until the lock is free and takes it. A task that holds it waits for itself: a deadlock. */
#define rn_mutex_lock(m) rn_mutex_lock_at((m), RN_HERE)
RN_API int rn_mutex_lock_at(rn_mutex *m, const char *site);
/* Frees the lock for the next who waits. Unlocking an unlocked mutex is a programming error. */
#define rn_mutex_unlock(m) rn_mutex_unlock_at((m), RN_HERE)
RN_API void rn_mutex_unlock_at(rn_mutex *m, const char *site);
/* 0 if the lock was taken, else -EAGAIN. Works in cancelled tasks. */
RN_API RN_MUST_CHECK int rn_mutex_try_lock(rn_mutex *m);

/*
 * Many readers or one writer. A waiting writer holds off new readers, so a task must not take the
 * read lock twice.
 */
typedef struct rn_rwmutex {
    unsigned readers_, writers_waiting_;
    bool writer_;
} rn_rwmutex;

/* Waits until nobody reads or writes, and takes the write lock. */
#define rn_rwmutex_lock(m) rn_rwmutex_lock_at((m), RN_HERE)
RN_API int rn_rwmutex_lock_at(rn_rwmutex *m, const char *site);
/* Gives the write lock back. Unlocking what is not locked is a programming error. */
#define rn_rwmutex_unlock(m) rn_rwmutex_unlock_at((m), RN_HERE)
RN_API void rn_rwmutex_unlock_at(rn_rwmutex *m, const char *site);
/* Waits until nobody writes or waits to, and takes a read lock. */
#define rn_rwmutex_rlock(m) rn_rwmutex_rlock_at((m), RN_HERE)
RN_API int rn_rwmutex_rlock_at(rn_rwmutex *m, const char *site);
/* Gives a read lock back. Unlocking what is not locked is a programming error. */
#define rn_rwmutex_runlock(m) rn_rwmutex_runlock_at((m), RN_HERE)
RN_API void rn_rwmutex_runlock_at(rn_rwmutex *m, const char *site);

/*
 * Waits for a number of things to be done. Add before starting the work; the counter going below
 * zero is a programming error. Add never waits; several tasks may wait.
 */
typedef struct rn_waitgroup {
    int64_t count_;
} rn_waitgroup;

/* Adds n, which may be negative, to what is to be done; at zero, all that wait go on. */
#define rn_waitgroup_add(w, n) rn_waitgroup_add_at((w), (n), RN_HERE)
RN_API void rn_waitgroup_add_at(rn_waitgroup *w, int n, const char *site);
/* One thing is done. */
#define rn_waitgroup_done(w) rn_waitgroup_add_at((w), -1, RN_HERE)
/* Waits until the counter is zero. */
#define rn_waitgroup_wait(w) rn_waitgroup_wait_at((w), RN_HERE)
RN_API int rn_waitgroup_wait_at(rn_waitgroup *w, const char *site);

/*
 * A condition of what a mutex guards: to be waited for, and told to those who wait. No spurious
 * wake-ups.
 */
typedef struct rn_cond {
    unsigned state_;
} rn_cond;

/* Unlocks m, waits for a signal and locks m again before it returns, also with -ECANCELED. */
#define rn_cond_wait(c, m) rn_cond_wait_at((c), (m), RN_HERE)
RN_API int rn_cond_wait_at(rn_cond *c, rn_mutex *m, const char *site);
/* Wakes the task that has waited longest, if any. Never waits, but may let others run; with or
 * without the mutex held. */
RN_API void rn_cond_signal(rn_cond *c);
/* Wakes all that wait now. Otherwise as rn_cond_signal. */
RN_API void rn_cond_broadcast(rn_cond *c);

/*
 * Calls fn(arg) exactly once, however many tasks call; no call returns before fn has returned. A
 * cancelled task that would have to wait for another's call returns -ECANCELED. If fn calls
 * rn_once_do on the same value, it waits for itself: a deadlock.
 */
typedef struct rn_once {
    unsigned state_;
} rn_once;

#define rn_once_do(o, fn, arg) rn_once_do_at((o), (fn), (arg), RN_HERE)
RN_API int rn_once_do_at(rn_once *o, void (*fn)(void *arg), void *arg, const char *site);

/*
 * A counting semaphore that starts with no permits, or with those of RN_SEMAPHORE_INIT(n). Waiters
 * are served in order, so a large request is not starved by small ones.
 */
typedef struct rn_semaphore {
    int64_t permits_;
} rn_semaphore;

#define RN_SEMAPHORE_INIT(n)                                                                       \
    {                                                                                              \
        (n)                                                                                        \
    }
/* Waits for n permits and takes them at once. Any n but 1 to 2^32 - 1 is a programming error. */
#define rn_semaphore_acquire(s, n) rn_semaphore_acquire_at((s), (n), RN_HERE)
RN_API int rn_semaphore_acquire_at(rn_semaphore *s, int64_t n, const char *site);
/* 0 if the permits were taken, else (and for n < 1) -EAGAIN. Works in cancelled tasks. */
RN_API RN_MUST_CHECK int rn_semaphore_try_acquire(rn_semaphore *s, int64_t n);
/* Adds n permits. Never waits. Less than 1, or more than makes INT64_MAX in all, is a programming
 * error. */
RN_API void rn_semaphore_release(rn_semaphore *s, int64_t n);

RN_EXTERN_C_END

#endif
