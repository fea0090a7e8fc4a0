/* SPDX-License-Identifier: MIT */
/*
 * What the tests of locks need to see and a program cannot: how many wait for an object. A test
 * that says "while a task waits" then does not depend on sleeping long enough.
 */
#ifndef RNI_SYNC_LOT_PEEK_H
#define RNI_SYNC_LOT_PEEK_H

#include <runnel/task.h>

#include "sync/lot.h"

/* Lets others run until at least n wait for object. */
static inline void await_waiters(const void *object, size_t n)
{
    for (;;) {
        size_t found = 0;
        rni_bucket *b = rni_lot_enter(NULL, object);
        for (rni_waiter *w = b->waiters.head; w; w = w->next)
            found += w->elem == object;
        rni_lot_leave(b);
        if (found >= n)
            return;
        rn_yield();
    }
}

#endif
