/* SPDX-License-Identifier: MIT */
/* Loads of what guards shared memory: plain variables that must add up. */
#include <errno.h>

#include "soak/soak.h"

enum { TASKS = 4, TURNS = 30 };

typedef struct shared {
    rn_mutex mutex;
    rn_rwmutex rw;
    rn_semaphore semaphore;
    rn_cond full;
    rn_once once;
    uint64_t by_mutex, by_rw, initialised, arrived;
    int64_t inside;
} shared;

static void initialise(void *s)
{
    ((shared *)s)->initialised++;
}

static int use(shared *s, uint64_t seed)
{
    for (int i = 0; i < TURNS; i++) {
        SOAK_CHECK(rn_mutex_lock(&s->mutex) == 0);
        uint64_t before = s->by_mutex;
        if (soak_random(&seed) % 8 == 0)
            SOAK_CHECK(rn_yield() == 0);
        s->by_mutex = before + 1;
        rn_mutex_unlock(&s->mutex);
        if (soak_random(&seed) % 4 == 0) {
            SOAK_CHECK(rn_rwmutex_lock(&s->rw) == 0);
            s->by_rw += 2;
            rn_rwmutex_unlock(&s->rw);
        } else {
            SOAK_CHECK(rn_rwmutex_rlock(&s->rw) == 0);
            SOAK_CHECK(s->by_rw % 2 == 0);
            rn_rwmutex_runlock(&s->rw);
        }
        int64_t permits = 1 + soak_random(&seed) % 2;
        SOAK_CHECK(rn_semaphore_acquire(&s->semaphore, permits) == 0);
        SOAK_CHECK(__atomic_add_fetch(&s->inside, permits, __ATOMIC_RELAXED) <= 2);
        if (soak_random(&seed) % 8 == 0)
            SOAK_CHECK(rn_yield() == 0);
        __atomic_sub_fetch(&s->inside, permits, __ATOMIC_RELAXED);
        rn_semaphore_release(&s->semaphore, permits);
        SOAK_CHECK(rn_once_do(&s->once, initialise, s) == 0);
    }
    SOAK_CHECK(rn_mutex_lock(&s->mutex) == 0);
    s->arrived++;
    rn_cond_broadcast(&s->full);
    rn_mutex_unlock(&s->mutex);
    return 0;
}
RN_TASK(use, shared *, uint64_t);

static void locks(rn_group *g, uint64_t seed)
{
    shared s = { .semaphore = RN_SEMAPHORE_INIT(2) };
    for (int i = 0; i < TASKS; i++)
        SOAK_CHECK(rn_go(g, use, &s, seed + (uint64_t)i) == 0);
    SOAK_CHECK(rn_mutex_lock(&s.mutex) == 0);
    while (s.arrived < TASKS)
        SOAK_CHECK(rn_cond_wait(&s.full, &s.mutex) == 0);
    rn_mutex_unlock(&s.mutex);
    SOAK_CHECK(rn_group_wait(g) == 0);
    SOAK_CHECK(s.by_mutex == TASKS * TURNS && s.by_rw % 2 == 0);
    SOAK_CHECK(s.initialised == 1 && s.inside == 0);
    SOAK_CHECK(rn_semaphore_try_acquire(&s.semaphore, 2) == 0);
}

/* ---- waits that a cancellation ends ---- */

static int hold(shared *s)
{
    int rc = rn_mutex_lock(&s->mutex);
    if (rc)
        return rc;
    s->by_mutex++;
    rc = rn_sleep(20 * RN_MICROSECOND);
    rn_mutex_unlock(&s->mutex);
    return rc;
}
RN_TASK(hold, shared *);

static void cancelled_locks(rn_group *g, uint64_t seed)
{
    (void)g;
    shared s = { 0 };
    rn_group *work = rn_group_new(NULL);
    SOAK_CHECK(work);
    for (int i = 0; i < 8; i++)
        SOAK_CHECK(rn_go(work, hold, &s) == 0);
    rn_sleep(soak_random(&seed) % 100 * RN_MICROSECOND);
    rn_group_cancel(work, -EINTR);
    int rc = rn_group_close(work);
    SOAK_CHECK(rc == -EINTR);
    SOAK_CHECK(s.by_mutex <= 8 && rn_mutex_try_lock(&s.mutex) == 0);
}

const soak_load soak_locks[] = {
    { "locks", locks, 0 },
    { "cancelled locks", cancelled_locks, 0 },
    { 0 },
};
