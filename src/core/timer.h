/* SPDX-License-Identifier: MIT */
/*
 * Timers: call a function once when the clock reaches an instant.
 *
 * A timer is embedded in what it serves; arming allocates nothing. Each worker has a heap of its
 * own; a timer sits in the heap of the worker that armed it, and any worker may fire it when that
 * one is busy.
 */
#ifndef RNI_CORE_TIMER_H
#define RNI_CORE_TIMER_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "core/lock.h"

typedef struct rni_timer rni_timer;
typedef struct rni_timers rni_timers;

typedef enum rni_timer_state {
    RNI_TIMER_IDLE = 0,
    RNI_TIMER_ARMED,
    RNI_TIMER_FIRING /* fn is running on some worker */
} rni_timer_state;

struct rni_timer {
    int64_t when;                    /* under the heap's lock while armed */
    rni_timer *child, *next, **back; /* pairing heap; under its lock */
    rni_timers *heap;                /* where it was last armed; the owner */
    /* Runs on a worker, must not park, and must call rni_timer_fired once. */
    void (*fn)(rni_timer *t);
    _Atomic(int) state; /* changed under the heap's lock, or FIRING -> IDLE */
    bool periodic;      /* is armed anew each time it fires; changed while idle */
};

/* One heap. `next` mirrors the earliest deadline (INT64_MAX: none) for readers without the lock. */
struct rni_timers {
    rni_lock lock;
    rni_timer *root;
    _Atomic(int64_t) next;
    _Atomic(long) once; /* armed timers that are not periodic; changed under the lock */
};

void rni_timers_init(rni_timers *h);

/* Arms an idle timer. The caller owns it and has set fn. */
void rni_timer_start(rni_timers *h, rni_timer *t, int64_t when);

/* Disarms t. Returns true if that prevented the call; false if fn has run (it has returned: this
 * waits for it) or t was idle. fn itself may call this only after rni_timer_fired. */
bool rni_timer_stop(rni_timer *t);

/* For fn: from here on the timer may be started again, or freed by who stops it. */
void rni_timer_fired(rni_timer *t);

/* Fires everything due at `now`; returns how many. The caller is a worker. */
unsigned rni_timers_run(rni_timers *h, int64_t now);

#endif
