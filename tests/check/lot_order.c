/* SPDX-License-Identifier: MIT */
/*
 * More of what waits in the parking lot (lot.c): two threads under all of C11, so that every order
 * counts; who has come through may free the object; and who gives up lets those behind it go on.
 */
#include <errno.h>

#include <runnel/sync.h>

#include "seam.h"
#include "sync/lot.h"

enum { TIMED_OUT = -ETIMEDOUT, NOT_RUN = 99 };

typedef struct state {
    int data, more;                /* plain: whatever the object orders */
    int calls;                     /* of a once's function */
    int results[RN_CHECK_THREADS]; /* of each thread's wait */
} state;

/* Not in the state: their buckets are found by their addresses. */
static rn_waitgroup group;
static rn_once once;
static rn_semaphore semaphore;
static rn_rwmutex rwmutex;

static const void *const objects[] = { &group, &once, &semaphore, &rwmutex };
enum { OBJECTS = sizeof objects / sizeof objects[0] };
static rni_bucket *buckets[OBJECTS]; /* an execution that is given up leaves them as they are */

static void begin(void *p)
{
    state *s = p;
    model_begin();
    for (int i = 0; !buckets[OBJECTS - 1] && i < OBJECTS; i++) {
        buckets[i] = rni_lot_enter(NULL, objects[i]);
        rni_lot_leave(buckets[i]);
    }
    for (int i = 0; i < OBJECTS; i++)
        memset(buckets[i], 0, sizeof *buckets[i]);
    memset(&group, 0, sizeof group);
    memset(&once, 0, sizeof once);
    memset(&semaphore, 0, sizeof semaphore);
    memset(&rwmutex, 0, sizeof rwmutex);
    for (int i = 0; i < RN_CHECK_THREADS; i++)
        s->results[i] = NOT_RUN;
    for (int i = 0; i < MODEL_TASKS; i++)
        model_tasks[i].timeout_result = TIMED_OUT;
}

static int *result(state *s)
{
    return &s->results[rn_check_self() - 1];
}

static void nobody_waits(void)
{
    for (int i = 0; i < OBJECTS; i++)
        RN_CHECK_ASSERT(buckets[i]->waiters.head == NULL && buckets[i]->lock.held == 0);
}

/* Ends the wait of the first thread alone. */
static void ends_first(void *p)
{
    (void)p;
    model_time_out(0);
}

/* ---- the wait group ---- */

static void begin_group(void *p)
{
    begin(p);
    rn_waitgroup_add(&group, 1);
}

static void begin_group_of_two(void *p)
{
    begin(p);
    rn_waitgroup_add(&group, 2);
}

static void group_waits(void *p)
{
    state *s = p;
    *result(s) = rn_waitgroup_wait(&group);
    if (*result(s) == 0) {
        RN_CHECK_ASSERT(s->data == 1);
        group.count_ = -1; /* as if it were freed, or used for something else */
    }
}

static void group_waits_for_two(void *p)
{
    state *s = p;
    *result(s) = rn_waitgroup_wait(&group);
    RN_CHECK_ASSERT(s->data == 1 && s->more == 1);
    group.count_ = -1;
}

static void group_done(void *p)
{
    ((state *)p)->data = 1;
    rn_waitgroup_done(&group);
}

static void group_done_too(void *p)
{
    ((state *)p)->more = 1;
    rn_waitgroup_done(&group);
}

static void group_is_over(void *p)
{
    state *s = p;
    RN_CHECK_ASSERT(s->results[0] == 0 || s->results[0] == -ECANCELED);
    RN_CHECK_ASSERT(group.count_ == (s->results[0] == 0 ? -1 : 0));
    nobody_waits();
}

/* ---- once ---- */

static void called(void *p)
{
    ((state *)p)->calls++;
}

static void does_once(void *p)
{
    state *s = p;
    *result(s) = rn_once_do(&once, called, s);
    RN_CHECK_ASSERT(*result(s) != 0 || s->calls == 1);
}

static void does_once_twice(void *p)
{
    does_once(p);
    does_once(p);
}

static void once_is_done(void *p)
{
    state *s = p;
    RN_CHECK_ASSERT(s->calls == 1);
    for (int i = 0; i < RN_CHECK_THREADS; i++)
        RN_CHECK_ASSERT(s->results[i] == 0 || s->results[i] == -ECANCELED ||
                        s->results[i] == NOT_RUN);
    nobody_waits();
}

/* ---- the semaphore ---- */

static void begin_one_permit(void *p)
{
    begin(p);
    rn_semaphore_release(&semaphore, 1);
}

static void counts_with_permits(state *s, int n)
{
    *result(s) = rn_semaphore_acquire(&semaphore, n);
    if (*result(s) != 0)
        return;
    s->data++;
    rn_semaphore_release(&semaphore, n);
}

static void takes_one(void *p)
{
    counts_with_permits(p, 1);
}

static void takes_two(void *p)
{
    counts_with_permits(p, 2);
}

static void tries_one(void *p)
{
    state *s = p;
    *result(s) = rn_semaphore_try_acquire(&semaphore, 1);
    if (*result(s) != 0)
        return;
    s->data++;
    rn_semaphore_release(&semaphore, 1);
}

static void gives_one(void *p)
{
    (void)p;
    rn_semaphore_release(&semaphore, 1);
}

/* Those who got their permits have counted and given them back. */
static void permits_are_back(state *s, int permits)
{
    int counted = 0;
    for (int i = 0; i < RN_CHECK_THREADS; i++)
        counted += s->results[i] == 0;
    RN_CHECK_ASSERT(s->data == counted && semaphore.permits_ == permits);
    nobody_waits();
}

static void one_is_back(void *p)
{
    permits_are_back(p, 1);
}

static void two_are_back(void *p)
{
    state *s = p;
    RN_CHECK_ASSERT(s->results[0] == 0);
    permits_are_back(s, 2);
}

/* Who waits behind a request that was given up is served. */
static void small_one_was_served(void *p)
{
    state *s = p;
    RN_CHECK_ASSERT(s->results[0] == TIMED_OUT && s->results[1] == 0);
    permits_are_back(s, 1);
}

/* ---- the readers-writer lock ---- */

static void writes(void *p)
{
    state *s = p;
    *result(s) = rn_rwmutex_lock(&rwmutex);
    if (*result(s) != 0)
        return;
    s->data++;
    s->more++;
    rn_rwmutex_unlock(&rwmutex);
}

static void reads(void *p)
{
    state *s = p;
    *result(s) = rn_rwmutex_rlock(&rwmutex);
    if (*result(s) != 0)
        return;
    RN_CHECK_ASSERT(s->data == s->more);
    rn_rwmutex_runlock(&rwmutex);
}

static void rwmutex_is_free(void *p)
{
    state *s = p;
    for (int i = 0; i < RN_CHECK_THREADS; i++)
        RN_CHECK_ASSERT(s->results[i] == 0 || s->results[i] == NOT_RUN ||
                        (i == 0 && s->results[i] == TIMED_OUT));
    RN_CHECK_ASSERT(!rwmutex.writer_ && rwmutex.readers_ == 0 && rwmutex.writers_waiting_ == 0);
    nobody_waits();
}

/* A reader is inside from the start, whom the writer waits for. */
static void begin_reading(void *p)
{
    begin(p);
    RN_CHECK_ASSERT(rn_rwmutex_rlock(&rwmutex) == 0);
}

static void reader_leaves(void *p)
{
    (void)p;
    rn_rwmutex_runlock(&rwmutex);
}

#define C11(n) .options = { .preemptions = n }
#define SC(n) .options = { .memory = RN_CHECK_SC, .preemptions = n }

static const model_run runs[] = {
    { MODEL("order-waitgroup", begin_group, group_is_over, group_waits, group_done), C11(0) },
    { MODEL("order-waitgroup-two", begin_group_of_two, group_is_over, group_waits_for_two,
            group_done, group_done_too),
      C11(1) },
    { MODEL("order-once", begin, once_is_done, does_once, does_once), C11(0) },
    { MODEL("order-once-again", begin, once_is_done, does_once_twice, does_once), C11(0) },
    { MODEL("order-semaphore", begin_one_permit, one_is_back, takes_one, takes_one), C11(2) },
    { MODEL("order-semaphore-try", begin_one_permit, one_is_back, takes_one, tries_one), C11(0) },
    { MODEL("order-semaphore-large", begin_one_permit, two_are_back, takes_two, takes_one,
            gives_one),
      SC(2) },
    { MODEL("order-semaphore-given-up", begin_one_permit, small_one_was_served, takes_two,
            takes_one, ends_first),
      SC(2) },
    { MODEL("order-rwmutex-writers", begin, rwmutex_is_free, writes, writes), C11(1) },
    { MODEL("order-rwmutex", begin, rwmutex_is_free, writes, reads), C11(1) },
    { MODEL("order-rwmutex-given-up", begin_reading, rwmutex_is_free, writes, reads, ends_first,
            reader_leaves),
      SC(1) },
};

int main(int argc, char **argv)
{
    return model_main(runs, sizeof runs / sizeof runs[0], argc, argv);
}
