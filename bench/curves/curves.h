/* SPDX-License-Identifier: MIT */
/*
 * The cost curves: what one operation costs with n objects alive. A curve is one function that sets
 * up n objects, does about ops operations and tells how long those took, without the setting up; it
 * also counts what happened, and main.c compares that with what must have happened. curves.py runs
 * the program once for each point and says whether a curve grows faster than it may.
 *
 * A curve whose objects are used up by its operation (tasks that end) builds them again and again
 * until ops is reached, and stops the clock meanwhile.
 */
#ifndef CURVES_H
#define CURVES_H

#include <runnel.h>

#include <stdatomic.h>
#include <stdlib.h>

typedef struct curve_point {
    int64_t n;    /* objects, at least 1 */
    int64_t ops;  /* operations wanted */
    int64_t size; /* bytes of an object: chase alone */
    /* What the function tells. */
    int64_t done;  /* operations measured */
    int64_t ns;    /* for all of them together */
    int64_t bytes; /* the memory of an object: memory_* alone */
    int64_t check, expected;
} curve_point;

typedef struct curve {
    const char *name;
    int (*run)(curve_point *p); /* in a running task; 0 or a negative error */
} curve;

/* Each of them ends with an entry without a name. */
extern const curve task_curves[], channel_curves[], select_curves[], group_curves[], timer_curves[],
    context_curves[], lot_curves[], memory_curves[], chase_curves[];

/* Nanoseconds: CPU time of the process with one worker, which a busy machine does not stretch; the
 * clock on the wall with more. */
int64_t curve_now(void);

/* The memory of this process that is in RAM. */
int64_t curve_resident_bytes(void);

/* A number that looks random, from the last one; never 0 if that was not. */
static inline uint64_t curve_random(uint64_t *state)
{
    uint64_t x = *state;
    x ^= x << 13;
    x ^= x >> 7;
    x ^= x << 17;
    return *state = x;
}

/* How often all n objects are gone through so that it makes ops operations at least. */
static inline int64_t curve_rounds(const curve_point *p)
{
    return (p->ops + p->n - 1) / p->n;
}

#endif
