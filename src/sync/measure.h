/* SPDX-License-Identifier: MIT */
/*
 * What a measured channel notes, for the files of sync. A channel that is not measured pays one
 * test of a flag in the line that its lock is in.
 *
 * All of it is protected by the channel's lock. `stamps` runs parallel to the ring: when the
 * element in that slot arrived. `area` is the time integral of the number of elements in the buffer
 * up to `at`; divided by the time it is L of Little's law; `resided` the sum of the times that
 * elements were in it. A waiting task's t->since tells when it
 * began to wait; rni_measure_waits sets it under the lock, before a peer can see the waiter.
 */
#ifndef RNI_SYNC_MEASURE_H
#define RNI_SYNC_MEASURE_H

#include <runnel/obs.h>

#include "sync/chan.h"

__extension__ typedef __int128 rni_wide;

struct rni_measure {
    rn_channel_stats stats;
    int64_t began, at;
    rni_wide area, resided;
    int64_t stamps[]; /* one a slot of the ring */
};

/* The slow halves. n elements have come into the buffer behind the first `count` (which is c->count
 * before the change), or have left it from the head; call before c->head and c->count change. */
__attribute__((cold)) void rni_measure_pushed(rn_channel *c, size_t n);
__attribute__((cold)) void rni_measure_popped(rn_channel *c, size_t n);
/* One element went past the buffer. */
__attribute__((cold)) void rni_measure_passed(rn_channel *c);
/* The calling task is about to wait, in c's senders or receivers. */
__attribute__((cold)) void rni_measure_waits(rni_task *t);
/* A waiter's wait on c has been ended by a peer. */
__attribute__((cold)) void rni_measure_served(rn_channel *c, const rni_task *t, bool sender);

#define RNI_MEASURE(c, call)                                                                       \
    do {                                                                                           \
        if (rni_unlikely((c)->measured))                                                           \
            call;                                                                                  \
    } while (0)

#endif
