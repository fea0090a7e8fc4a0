/* SPDX-License-Identifier: MIT */
/* The readers-writer lock. */
#include <runnel.h>

#include <stdatomic.h>

#include "kit/kit.h"
#include "sync/lot_peek.h"

static int meet(rn_rwmutex *m, rn_waitgroup *all)
{
    CHECK_EQ(rn_rwmutex_rlock(m), 0);
    rn_waitgroup_done(all);
    CHECK_EQ(rn_waitgroup_wait(all), 0); /* nobody leaves before all are in */
    rn_rwmutex_runlock(m);
    return 0;
}
RN_TASK(meet, rn_rwmutex *, rn_waitgroup *);

TASK_TEST(rwmutex_readers_hold_it_together)
{
    rn_rwmutex m = { 0 };
    rn_waitgroup all = { 0 };
    rn_group *h = rn_group_new(NULL);
    rn_waitgroup_add(&all, 10);
    for (int i = 0; i < 10; i++)
        CHECK_EQ(rn_go(h, meet, &m, &all), 0);
    CHECK_EQ(rn_group_wait(h), 0);
    return rn_group_close(h);
}

static rn_rwmutex lock;
static _Atomic(int) readers, writers;
static long written;

static int read_often(int rounds)
{
    for (int i = 0; i < rounds; i++) {
        CHECK_EQ(rn_rwmutex_rlock(&lock), 0);
        atomic_fetch_add(&readers, 1);
        CHECK_EQ(atomic_load(&writers), 0);
        if (i % 4 == 0)
            rn_yield();
        CHECK_EQ(atomic_load(&writers), 0);
        atomic_fetch_sub(&readers, 1);
        rn_rwmutex_runlock(&lock);
    }
    return 0;
}
RN_TASK(read_often, int);

static int write_often(int rounds)
{
    for (int i = 0; i < rounds; i++) {
        CHECK_EQ(rn_rwmutex_lock(&lock), 0);
        CHECK_EQ(atomic_fetch_add(&writers, 1), 0);
        CHECK_EQ(atomic_load(&readers), 0);
        written++;
        if (i % 4 == 0)
            rn_yield();
        atomic_fetch_sub(&writers, 1);
        rn_rwmutex_unlock(&lock);
    }
    return 0;
}
RN_TASK(write_often, int);

TASK_TEST(rwmutex_writer_excludes_everybody)
{
    rn_group *h = rn_group_new(NULL);
    for (int i = 0; i < 10; i++)
        CHECK_EQ(rn_go(h, read_often, 300), 0);
    for (int i = 0; i < 3; i++)
        CHECK_EQ(rn_go(h, write_often, 200), 0);
    CHECK_EQ(rn_group_wait(h), 0);
    CHECK_EQ(written, 600);
    return rn_group_close(h);
}

enum { READ, WRITE };

static int take(rn_rwmutex *m, int how, rn_sender(int) taken, int me)
{
    int rc = how == READ ? rn_rwmutex_rlock(m) : rn_rwmutex_lock(m);
    if (rc != 0)
        return rc;
    rc = rn_send(taken, me);
    if (how == READ)
        rn_rwmutex_runlock(m);
    else
        rn_rwmutex_unlock(m);
    return rc;
}
RN_TASK(take, rn_rwmutex *, int, rn_sender(int), int);

TASK_TEST(rwmutex_waiting_writer_holds_off_new_readers)
{
    rn_rwmutex m = { 0 };
    int v;
    rn_chan(int) taken = rn_make(g, int, 4);
    CHECK_EQ(rn_rwmutex_rlock(&m), 0);
    CHECK_EQ(rn_go(g, take, &m, WRITE, rn_tx(taken), 1), 0);
    await_waiters(&m, 1);
    CHECK_EQ(rn_go(g, take, &m, READ, rn_tx(taken), 2), 0);
    CHECK_EQ(rn_recv_until(taken, &v, rn_now() + 20 * RN_MILLISECOND), -ETIMEDOUT);
    rn_rwmutex_runlock(&m);
    CHECK_EQ(rn_recv(taken, &v), 0);
    CHECK_EQ(v, 1); /* the writer first */
    CHECK_EQ(rn_recv(taken, &v), 0);
    CHECK_EQ(v, 2);
    return 0;
}

static _Atomic(bool) stop;

static int read_until_stop(void)
{
    while (!atomic_load(&stop))
        CHECK_EQ(read_often(8), 0);
    return 0;
}
RN_TASK(read_until_stop);

TASK_TEST(rwmutex_writer_is_not_starved_by_readers)
{
    rn_group *h = rn_group_new(NULL);
    for (int i = 0; i < 8; i++)
        CHECK_EQ(rn_go(h, read_until_stop), 0);
    int64_t begun = rn_now();
    for (int i = 0; i < 20; i++) {
        CHECK_EQ(rn_rwmutex_lock(&lock), 0);
        CHECK_EQ(atomic_load(&readers), 0);
        rn_rwmutex_unlock(&lock);
        rn_yield();
    }
    CHECK(rn_now() - begun < 20 * RN_SECOND);
    atomic_store(&stop, true);
    CHECK_EQ(rn_group_wait(h), 0);
    return rn_group_close(h);
}

TASK_TEST(rwmutex_cancelled_writer_lets_the_readers_behind_it_go)
{
    rn_rwmutex m = { 0 };
    int v;
    rn_chan(int) taken = rn_make(g, int, 4);
    rn_group *h = rn_group_new(NULL);
    CHECK_EQ(rn_rwmutex_rlock(&m), 0);
    CHECK_EQ(rn_go(h, take, &m, WRITE, rn_tx(taken), 1), 0);
    await_waiters(&m, 1);
    CHECK_EQ(rn_go(g, take, &m, READ, rn_tx(taken), 2), 0);
    await_waiters(&m, 2);
    rn_group_close(h);
    CHECK_EQ(rn_recv(taken, &v), 0); /* while we still hold the read lock */
    CHECK_EQ(v, 2);
    rn_rwmutex_runlock(&m);
    CHECK_EQ(rn_rwmutex_lock(&m), 0);
    rn_rwmutex_unlock(&m);
    return 0;
}

TEST_EXIT(rwmutex_unlock_of_an_unlocked_one_panics, 2, "unlock of unlocked rwmutex")
{
    rn_rwmutex m = { 0 };
    rn_rwmutex_unlock(&m);
}

TEST_EXIT(rwmutex_unlock_of_a_read_locked_one_panics, 2, "unlock of unlocked rwmutex")
{
    rn_rwmutex m = { 0 };
    CHECK_EQ(rn_rwmutex_rlock(&m), 0);
    rn_rwmutex_unlock(&m);
}

TEST_EXIT(rwmutex_runlock_without_a_reader_panics, 2, "runlock of an rwmutex that no reader holds")
{
    rn_rwmutex m = { 0 };
    rn_rwmutex_runlock(&m);
}
