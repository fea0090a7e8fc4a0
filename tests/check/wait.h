/* SPDX-License-Identifier: MIT */
/*
 * A wait at one object in the parking lot, and who ends it: announce, lock, look, queue, ask, park.
 * `given` says under the lock of the object's bucket that what is waited for has come.
 */
#ifndef CHECK_WAIT_H
#define CHECK_WAIT_H

#include "seam.h"
#include "sync/lot.h"

static int object;
static rni_bucket *bucket;

/* After model_begin: nobody is in the lot. */
static void begin_wait(void)
{
    if (!bucket) {
        bucket = rni_lot_enter(NULL, &object);
        rni_lot_leave(bucket);
    }
    memset(bucket, 0, sizeof *bucket);
}

/* Returns how the wait ended, 0 if there was none. */
static int wait_for(const bool *given)
{
    rni_task *t = rni_current();
    rni_wait_prepare(t);
    rni_bucket *b = rni_lot_enter(t, &object);
    if (*given) {
        rni_lot_leave(b);
        return 0;
    }
    return rni_lot_wait(t, b, &object, 0, RNI_WHY_MUTEX, "");
}

/* What is waited for comes. taken, if not NULL: whether somebody waited. */
static void give(bool *given, bool *taken)
{
    rni_bucket *b = rni_lot_enter(NULL, &object);
    *given = true;
    rni_waiter *w = rni_lot_first(b, &object);
    rni_task *t = w ? rni_lot_take(w) : NULL;
    if (taken)
        *taken = t != NULL;
    rni_lot_leave(b);
    if (t)
        rni_ready(t, 0);
}

#endif
