/* SPDX-License-Identifier: MIT */
/*
 * The parking lot: queues of waiters for objects that have no room for one.
 *
 * A mutex and its kin are a few words in the user's memory, which may be freed as soon as they are
 * unlocked. Their waiters stand here, in buckets found by the object's address; a bucket's lock is
 * valid for ever, as the abort protocol wants (core/park.h). Several objects may share a bucket;
 * each has its own entries, in order of arrival. (The idea: WebKit's ParkingLot, F. Pizlo, 2016.)
 *
 * An abort (core/park.c) takes a record out under the bucket's lock, too, but TSan does not see
 * core take it: for TSan the task's next wait would race with those who have read the record here.
 * So these reads are not shown to TSan either (RNI_UNSEEN).
 *
 * The lock of the bucket is also what makes "look at the object, then wait" one step: every file
 * that uses the lot changes the part of the object that waiting depends on under it.
 */
#ifndef RNI_SYNC_LOT_H
#define RNI_SYNC_LOT_H

#include "core/park.h"

typedef struct rni_bucket {
    rni_lock lock;
    rni_queue waiters; /* of every object that hashes here; waiter.elem is the object */
} rni_bucket;

/* Takes the lock of object's bucket, announced as what t is about to wait under. t may be NULL for
 * a caller that will not wait. */
rni_bucket *rni_lot_enter(rni_task *t, const void *object);
static inline void rni_lot_leave(rni_bucket *b)
{
    rni_unlock(&b->lock);
}

/*
 * Waits until somebody takes t's record out and readies t; the bucket's lock is held and let go.
 * `index` is kept for who finds the record. rni_wait_prepare(t) has come before rni_lot_enter.
 * Returns the waker's result, or -ECANCELED if the wait was aborted (then the record is out of the
 * queue).
 */
int rni_lot_wait(rni_task *t, rni_bucket *b, const void *object, unsigned index, rni_why why,
                 const char *site);

/* The first half of rni_lot_wait: queues t's record; 0, or why the wait must not go on. The lock
 * stays held; the caller lets it go and then parks. */
int rni_lot_queue(rni_task *t, rni_bucket *b, const void *object, unsigned index);

/* Under the lock: the longest waiting record for object, or NULL; it stays queued. */
rni_waiter *rni_lot_first(rni_bucket *b, const void *object);

/* Under the lock: what rni_lot_wait was given as index. */
RNI_UNSEEN static inline unsigned rni_lot_index(const rni_waiter *w)
{
    return w->index;
}

/* Under the lock: takes w out and returns its task, which the caller must rni_ready, best after
 * having left the bucket. */
rni_task *rni_lot_take(rni_waiter *w);

/* The same for several, which go to rni_ready_all: takes w out and puts it at the end of a chain,
 * whose new end is returned. */
rni_waiter **rni_lot_append(rni_waiter **end, rni_waiter *w);
/* All that wait for object, in order of arrival. */
rni_waiter *rni_lot_take_all(rni_bucket *b, const void *object);

#endif
