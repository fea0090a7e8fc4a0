/* SPDX-License-Identifier: MIT */
/*
 * The parking lot: n wait groups or mutexes, each with a task that waits for it. Ending such a wait
 * has to find the object's waiter among those of all others.
 *
 * Only some of the waits are ended that way and measured, those of objects far from each other;
 * cancelling ends the rest, which finds each record without a search.
 */
#include "curves.h"

enum { SAMPLE = 2000 };

typedef struct object {
    rn_waitgroup group;
    rn_mutex mutex;
    char other[40]; /* an object of a program has more than the lock */
} object;

typedef struct crowd {
    rn_waitgroup standing;
    _Atomic int64_t passed;
} crowd;

static int wait_for(crowd *c, object *o, bool mutex)
{
    rn_waitgroup_done(&c->standing);
    int rc = mutex ? rn_mutex_lock(&o->mutex) : rn_waitgroup_wait(&o->group);
    if (rc == 0)
        atomic_fetch_add_explicit(&c->passed, 1, memory_order_relaxed);
    return rc;
}
RN_TASK(wait_for, crowd *, object *, bool);

static int fill(rn_group *g, crowd *c, object *all, int64_t n, bool mutex)
{
    const rn_attr small = { .stack = RN_STACK_SMALL };
    int rc = 0;
    rn_waitgroup_add(&c->standing, (int)n);
    for (int64_t i = 0; rc == 0 && i < n; i++) {
        rn_waitgroup_add(&all[i].group, 1);
        rc = rn_mutex_lock(&all[i].mutex);
        if (rc == 0)
            rc = rn_go_with(g, &small, wait_for, c, &all[i], mutex);
    }
    if (rc == 0)
        rc = rn_waitgroup_wait(&c->standing);
    return rc;
}

/* Ends the waits of a sample; those tasks run afterwards, or on another worker. */
static int64_t end_sample(object *all, int64_t n, bool mutex)
{
    int64_t sample = n < SAMPLE ? n : SAMPLE;
    for (int64_t i = 0; i < sample; i++) {
        object *o = &all[i * (n / sample)];
        if (mutex)
            rn_mutex_unlock(&o->mutex);
        else
            rn_waitgroup_done(&o->group);
    }
    return sample;
}

static int once(curve_point *p, crowd *c, bool mutex)
{
    rn_group *g = rn_group_new(NULL);
    object *all = calloc((size_t)p->n, sizeof *all);
    int rc = g && all ? fill(g, c, all, p->n, mutex) : -ENOMEM;
    if (rc == 0) {
        rn_sleep(RN_MILLISECOND); /* the last of them may still be on its way to the bucket */
        int64_t before = atomic_load_explicit(&c->passed, memory_order_relaxed);
        int64_t start = curve_now();
        int64_t sample = end_sample(all, p->n, mutex);
        p->ns += curve_now() - start;
        p->done += sample;
        while (atomic_load_explicit(&c->passed, memory_order_relaxed) < before + sample)
            rn_yield();
    }
    rn_group_close(g);
    free(all);
    return rc;
}

static int run(curve_point *p, bool mutex)
{
    crowd c = { 0 };
    int rc = 0;
    while (rc == 0 && p->done < p->ops)
        rc = once(p, &c, mutex);
    p->check = c.passed;
    p->expected = p->done;
    return rc;
}

/* Ending the wait for one of n wait groups: the call that readies the task. */
static int lot_waitgroup(curve_point *p)
{
    return run(p, false);
}

/* Unlocking one of n mutexes, which readies the task that waits for it. */
static int lot_mutex(curve_point *p)
{
    return run(p, true);
}

static int nothing(void)
{
    return 0;
}
RN_TASK(nothing);

/* Nobody else waits: the next of n groups starts a task and waits for it, which takes the lock of
 * that group's bucket, so that here the size of the table counts. */
static int lot_group(curve_point *p)
{
    rn_group **all = calloc((size_t)p->n, sizeof(rn_group *));
    int rc = all ? 0 : -ENOMEM;
    for (int64_t i = 0; rc == 0 && i < p->n; i++) {
        all[i] = rn_group_new(NULL);
        rc = all[i] ? 0 : -ENOMEM;
    }
    int64_t rounds = curve_rounds(p), start = curve_now();
    for (int64_t round = 0; rc == 0 && round < rounds; round++)
        for (int64_t i = 0; rc == 0 && i < p->n; i++) {
            rc = rn_go(all[i], nothing);
            if (rc == 0)
                rc = rn_group_wait(all[i]);
            p->check += rc == 0;
        }
    p->ns = curve_now() - start;
    p->done = p->expected = rounds * p->n;
    for (int64_t i = 0; all && i < p->n; i++)
        rn_group_close(all[i]);
    free(all);
    return rc;
}

const curve lot_curves[] = { { "lot_waitgroup", lot_waitgroup },
                             { "lot_mutex", lot_mutex },
                             { "lot_group", lot_group },
                             { 0 } };
