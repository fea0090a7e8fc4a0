/* SPDX-License-Identifier: MIT */
/*
 * What waits in the parking lot beside the mutex (lock.c): once, the condition variable, the
 * readers-writer lock, the semaphore and the wait group. Nobody is forgotten, an abort takes
 * nothing with it, and what was written before is seen after: rn-check reports any other access to
 * `counted` as a race.
 */
#include <errno.h>

#include <runnel/sync.h>

#include "seam.h"
#include "sync/lot.h"

typedef struct state {
    int counted;
    int results[RN_CHECK_THREADS];
} state;

/* Not in the state: their buckets are found by their addresses, which make the same ones in every
 * run of the program. */
static rn_once once;
static rn_cond cond;
static rn_mutex mutex;
static rn_rwmutex rwmutex;
static rn_semaphore semaphore;
static rn_waitgroup waitgroup;

static struct {
    const void *object;
    rni_bucket *bucket;
} places[] = { { &once, NULL },    { &cond, NULL },      { &mutex, NULL },
               { &rwmutex, NULL }, { &semaphore, NULL }, { &waitgroup, NULL } };
enum { PLACES = sizeof places / sizeof places[0] };

static void begin(void *p)
{
    (void)p;
    model_begin();
    memset(&once, 0, sizeof once);
    memset(&cond, 0, sizeof cond);
    memset(&mutex, 0, sizeof mutex);
    memset(&rwmutex, 0, sizeof rwmutex);
    semaphore = (rn_semaphore){ .permits_ = 1 };
    waitgroup = (rn_waitgroup){ .count_ = 2 };
    for (int i = 0; i < PLACES; i++) {
        if (!places[i].bucket) {
            places[i].bucket = rni_lot_enter(NULL, places[i].object);
            rni_lot_leave(places[i].bucket);
        }
        memset(places[i].bucket, 0, sizeof *places[i].bucket);
    }
}

static void nobody_waits(void *p)
{
    (void)p;
    for (int i = 0; i < PLACES; i++)
        RN_CHECK_ASSERT(places[i].bucket->waiters.head == NULL && places[i].bucket->lock.held == 0);
}

static void cancel(void *p)
{
    (void)p;
    model_cancel();
}

/* Remembers what a call returned that may be aborted. Whether it was not. */
static bool passed(state *s, int rc)
{
    s->results[rn_check_self() - 1] = rc;
    RN_CHECK_ASSERT(rc == 0 || rc == -ECANCELED);
    return rc == 0;
}

static int passes(const state *s, int threads)
{
    int n = 0;
    for (int i = 0; i < threads; i++)
        n += s->results[i] == 0;
    return n;
}

/* ---- once ---- */

static void count(void *p)
{
    ((state *)p)->counted++;
}

static void call_once(void *p)
{
    state *s = p;
    if (passed(s, rn_once_do_at(&once, count, s, "")))
        RN_CHECK_ASSERT(s->counted == 1);
}

static void called_once(void *p)
{
    state *s = p;
    RN_CHECK_ASSERT(s->counted == 1);
    nobody_waits(p);
}

/* ---- the condition variable ---- */

static void await_count(void *p)
{
    state *s = p;
    int rc = rn_mutex_lock_at(&mutex, "");
    if (!passed(s, rc))
        return;
    while (s->counted == 0 && rc == 0)
        rc = rn_cond_wait_at(&cond, &mutex, "");
    passed(s, rc);
    RN_CHECK_ASSERT(rn_mutex_try_lock(&mutex) == -EAGAIN); /* it is ours, aborted or not */
    rn_mutex_unlock_at(&mutex, "");
}

static void count_and_signal(void *p)
{
    state *s = p;
    if (!passed(s, rn_mutex_lock_at(&mutex, "")))
        return;
    s->counted = 1;
    rn_mutex_unlock_at(&mutex, "");
    rn_cond_signal(&cond);
}

static void count_and_broadcast(void *p)
{
    state *s = p;
    if (!passed(s, rn_mutex_lock_at(&mutex, "")))
        return;
    s->counted = 1;
    rn_cond_broadcast(&cond);
    rn_mutex_unlock_at(&mutex, "");
}

static void await_nothing(void *p)
{
    state *s = p;
    if (!passed(s, rn_mutex_lock_at(&mutex, "")))
        return;
    RN_CHECK_ASSERT(rn_cond_wait_at(&cond, &mutex, "") == -ECANCELED);
    RN_CHECK_ASSERT(rn_mutex_try_lock(&mutex) == -EAGAIN);
    rn_mutex_unlock_at(&mutex, "");
}

static void mutex_is_free(void *p)
{
    nobody_waits(p);
    RN_CHECK_ASSERT(rn_mutex_try_lock(&mutex) == 0);
}

/* ---- the readers-writer lock ---- */

static void write_locked(void *p)
{
    state *s = p;
    if (!passed(s, rn_rwmutex_lock_at(&rwmutex, "")))
        return;
    s->counted++;
    s->counted++;
    rn_rwmutex_unlock_at(&rwmutex, "");
}

static void read_locked(void *p)
{
    state *s = p;
    if (!passed(s, rn_rwmutex_rlock_at(&rwmutex, "")))
        return;
    RN_CHECK_ASSERT(s->counted % 2 == 0);
    rn_rwmutex_runlock_at(&rwmutex, "");
}

static void rwmutex_is_free(void *p)
{
    nobody_waits(p);
    RN_CHECK_ASSERT(!rwmutex.writer_ && rwmutex.readers_ == 0 && rwmutex.writers_waiting_ == 0);
}

/* ---- the semaphore ---- */

static void count_with_permit(void *p)
{
    state *s = p;
    if (!passed(s, rn_semaphore_acquire_at(&semaphore, 1, "")))
        return;
    s->counted++;
    rn_semaphore_release(&semaphore, 1);
}

static void permit_is_back(void *p)
{
    nobody_waits(p);
    RN_CHECK_ASSERT(semaphore.permits_ == 1);
    RN_CHECK_ASSERT(((state *)p)->counted == passes(p, 2));
}

static void permit_is_back_3(void *p)
{
    nobody_waits(p);
    RN_CHECK_ASSERT(semaphore.permits_ == 1 && ((state *)p)->counted == 3);
}

/* ---- the wait group ---- */

static void count_and_done(void *p)
{
    int other = rn_check_self() - 1;
    ((state *)p)->results[other] = 1;
    rn_waitgroup_add_at(&waitgroup, -1, "");
}

static void await_both(void *p)
{
    state *s = p;
    if (rn_waitgroup_wait_at(&waitgroup, "") == 0)
        RN_CHECK_ASSERT(s->results[0] == 1 && s->results[1] == 1);
    else
        s->counted = -ECANCELED;
}

static void all_are_done(void *p)
{
    nobody_waits(p);
    RN_CHECK_ASSERT(((state *)p)->counted == 0 && waitgroup.count_ == 0);
}

static void begin_with_one(void *p)
{
    begin(p);
    waitgroup.count_ = 1;
    ((state *)p)->results[1] = 1;
}

static void await_or_abort(void *p)
{
    state *s = p;
    int rc = rn_waitgroup_wait_at(&waitgroup, "");
    RN_CHECK_ASSERT(rc == 0 || rc == -ECANCELED);
    if (rc == 0)
        RN_CHECK_ASSERT(s->results[0] == 1);
}

static void waitgroup_is_free(void *p)
{
    nobody_waits(p);
    RN_CHECK_ASSERT(waitgroup.count_ == 0);
}

#define WEAK .options = { .preemptions = 1 }
#define STRONG .options = { .preemptions = 2, .memory = RN_CHECK_SC }

static const model_run runs[] = {
    { MODEL("once-two", begin, called_once, call_once, call_once), WEAK },
    { MODEL("once-cancel", begin, called_once, call_once, call_once, cancel), STRONG },
    { MODEL("once-three", begin, called_once, call_once, call_once, call_once), STRONG },
    { MODEL("cond-signal", begin, mutex_is_free, await_count, count_and_signal), WEAK },
    { MODEL("cond-cancel", begin, mutex_is_free, await_nothing, cancel), WEAK },
    { MODEL("cond-late", begin, mutex_is_free, await_count, count_and_signal, cancel), STRONG },
    { MODEL("cond-broadcast", begin, mutex_is_free, await_count, await_count, count_and_broadcast),
      STRONG },
    { MODEL("rwmutex-two", begin, rwmutex_is_free, write_locked, write_locked), WEAK },
    { MODEL("rwmutex-mixed", begin, rwmutex_is_free, write_locked, read_locked, read_locked),
      STRONG },
    { MODEL("rwmutex-cancel", begin, rwmutex_is_free, read_locked, write_locked, cancel), STRONG },
    { MODEL("semaphore-two", begin, permit_is_back, count_with_permit, count_with_permit), WEAK },
    { MODEL("semaphore-cancel", begin, permit_is_back, count_with_permit, count_with_permit,
            cancel),
      STRONG },
    { MODEL("semaphore-three", begin, permit_is_back_3, count_with_permit, count_with_permit,
            count_with_permit),
      STRONG },
    { MODEL("waitgroup", begin, all_are_done, count_and_done, count_and_done, await_both), STRONG },
    { .model = { .name = "waitgroup-cancel",
                 .state_bytes = sizeof(state),
                 .init = begin_with_one,
                 .threads = { count_and_done, await_or_abort, cancel },
                 .finish = waitgroup_is_free },
      STRONG },
};

int main(int argc, char **argv)
{
    return model_main(runs, sizeof runs / sizeof runs[0], argc, argv);
}
