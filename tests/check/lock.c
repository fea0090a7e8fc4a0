/* SPDX-License-Identifier: MIT */
/* The spin lock, the mutex and the parking lot: one holder at a time, nobody is forgotten. */
#include <errno.h>

#include <runnel/sync.h>

#include "seam.h"
#include "sync/lot.h"
#include "sync/mutex.h"

typedef struct state {
    rni_lock lock;
    int counted, expected;
    int results[RN_CHECK_THREADS];
} state;

/* Not in the state: its bucket is found by its address. */
static rn_mutex mutex;
static rni_bucket *bucket;

static void begin(void *p)
{
    (void)p;
    model_begin();
    memset(&mutex, 0, sizeof mutex);
    if (!bucket) {
        bucket = rni_lot_enter(NULL, rni_mutex_key(&mutex));
        rni_lot_leave(bucket);
    }
    memset(bucket, 0, sizeof *bucket);
}

static void count_locked(void *p)
{
    state *s = p;
    rni_lock_take(&s->lock);
    s->counted++;
    rni_unlock(&s->lock);
}

static void count_locked_twice(void *p)
{
    count_locked(p);
    count_locked(p);
}

static void counted(void *p, int n)
{
    state *s = p;
    RN_CHECK_ASSERT(s->counted == n && s->lock.held == 0);
}

static void counted_3(void *p)
{
    counted(p, 3);
}

static void counted_4(void *p)
{
    counted(p, 4);
}

/* ---- the mutex ---- */

static void count_in_mutex(void *p)
{
    state *s = p;
    int rc = rn_mutex_lock_at(&mutex, "");
    s->results[rn_check_self() - 1] = rc;
    if (rc != 0)
        return;
    s->counted++;
    rn_mutex_unlock_at(&mutex, "");
}

static void count_twice_in_mutex(void *p)
{
    count_in_mutex(p);
    count_in_mutex(p);
}

static void try_in_mutex(void *p)
{
    state *s = p;
    int rc = rn_mutex_try_lock(&mutex);
    s->results[rn_check_self() - 1] = rc;
    if (rc != 0)
        return;
    s->counted++;
    rn_mutex_unlock_at(&mutex, "");
}

static void cancel(void *p)
{
    (void)p;
    model_cancel();
}

/* Whoever got the mutex has counted; those who did not were cancelled, or only tried. */
static void mutex_is_free(void *p)
{
    state *s = p;
    int got = 0;
    for (int i = 0; i < RN_CHECK_THREADS; i++) {
        RN_CHECK_ASSERT(s->results[i] == 0 || s->results[i] == -ECANCELED ||
                        s->results[i] == -EAGAIN);
        s->expected -= s->results[i] != 0;
    }
    got = s->counted;
    RN_CHECK_ASSERT(got == s->expected);
    RN_CHECK_ASSERT(bucket->waiters.head == NULL && bucket->lock.held == 0);
    RN_CHECK_ASSERT(rn_mutex_try_lock(&mutex) == 0);
}

static void begin_2(void *p)
{
    begin(p);
    ((state *)p)->expected = 2;
}

static void begin_3(void *p)
{
    begin(p);
    ((state *)p)->expected = 3;
}

/* ---- handing over: the second thread waits and has lost before, the first has the mutex ---- */

static void begin_handing_over(void *p)
{
    begin_3(p);
    RN_CHECK_ASSERT(rn_mutex_try_lock(&mutex) == 0);
    mutex.state_ = 2; /* somebody waits */
    rni_task *t = &model_tasks[1];
    rni_bucket *b = rni_lot_enter(t, rni_mutex_key(&mutex));
    RN_CHECK_ASSERT(rni_lot_queue(t, b, rni_mutex_key(&mutex), 1) == 0);
    rni_lot_leave(b);
}

static void counts_and_unlocks(void *p)
{
    ((state *)p)->counted++;
    rn_mutex_unlock_at(&mutex, "");
}

static void is_handed_over(void *p)
{
    enum { HANDED_OVER = 1 };
    int rc = rni_park(rni_current(), RNI_WHY_MUTEX, &mutex, "");
    RN_CHECK_ASSERT(rc == HANDED_OVER);
    counts_and_unlocks(p);
}

static const model_run runs[] = {
    { MODEL("lock-three", NULL, counted_3, count_locked, count_locked, count_locked) },
    { MODEL("lock-twice", NULL, counted_4, count_locked_twice, count_locked_twice) },
    { MODEL("mutex-two", begin_2, mutex_is_free, count_in_mutex, count_in_mutex) },
    { MODEL("mutex-try", begin_2, mutex_is_free, count_in_mutex, try_in_mutex) },
    { MODEL("mutex-again", begin_3, mutex_is_free, count_twice_in_mutex, count_in_mutex),
      .options = { .preemptions = 3 } },
    { MODEL("mutex-handed-over", begin_handing_over, mutex_is_free, counts_and_unlocks,
            is_handed_over, try_in_mutex) },
    { MODEL("mutex-cancel", begin_2, mutex_is_free, count_in_mutex, count_in_mutex, cancel),
      .options = { .preemptions = 1 } },
    { MODEL("mutex-cancel-sc", begin_2, mutex_is_free, count_in_mutex, count_in_mutex, cancel),
      .options = { .preemptions = 3, .memory = RN_CHECK_SC } },
    { MODEL("mutex-three", begin_3, mutex_is_free, count_in_mutex, count_in_mutex, count_in_mutex),
      .options = { .preemptions = 3, .memory = RN_CHECK_SC } },
};

int main(int argc, char **argv)
{
    return model_main(runs, sizeof runs / sizeof runs[0], argc, argv);
}
