/* SPDX-License-Identifier: MIT */
/* Loops of calls that could wait and do not: with one worker, others run only if these let them. */
/* kit: once */
#include <runnel.h>

#include <stdatomic.h>
#include <stdio.h>

#include "kit/kit.h"
#include "kit/run_with.h"

static rn_once once;
static rn_cond cond;

static void nothing(void *arg)
{
    (void)arg;
}

static void recv_nil_late(rn_chan(int) c)
{
    int v;
    (void)c;
    CHECK_EQ(rn_recv_until((rn_chan(int))NULL, &v, 0), -ETIMEDOUT);
}
static void send_nil_late(rn_chan(int) c)
{
    (void)c;
    CHECK_EQ(rn_send_until((rn_chan(int))NULL, 0, 1), -ETIMEDOUT);
}
static void recv_late(rn_chan(int) c)
{
    int v;
    CHECK_EQ(rn_recv_until(c, &v, 0), -ETIMEDOUT);
}
static void send_late(rn_chan(int) c)
{
    CHECK_EQ(rn_send_until(c, 0, 1), -ETIMEDOUT);
}
static void recv_none(rn_chan(int) c)
{
    size_t n;
    CHECK_EQ(rn_recv_n(c, (int *)NULL, 0, &n), 0);
}
static void send_none(rn_chan(int) c)
{
    size_t n;
    CHECK_EQ(rn_send_n(c, (int *)NULL, 0, &n), 0);
}
static void do_once(rn_chan(int) c)
{
    (void)c;
    CHECK_EQ(rn_once_do(&once, nothing, NULL), 0);
}
static void signal_nobody(rn_chan(int) c)
{
    (void)c;
    rn_cond_signal(&cond);
}
static void broadcast_nobody(rn_chan(int) c)
{
    (void)c;
    rn_cond_broadcast(&cond);
}

static void (*const loops[])(rn_chan(int) c) = {
    recv_nil_late, send_nil_late, recv_late,     send_late,        recv_none,
    send_none,     do_once,       signal_nobody, broadcast_nobody,
};

static _Atomic(bool) stop;

static int raise_stop(void)
{
    atomic_store(&stop, true);
    return 0;
}
RN_TASK(raise_stop);

static int poll_all(rn_group *g, void *arg)
{
    rn_chan(int) c = rn_make(g, int, 0);
    (void)arg;
    for (size_t i = 0; i < sizeof loops / sizeof *loops; i++) {
        atomic_store(&stop, false);
        CHECK_EQ(rn_go(g, raise_stop), 0);
        long n = 0;
        for (; !atomic_load(&stop) && n < 100000; n++)
            loops[i](c);
        if (kit_is_interactive())
            fprintf(stderr, "loop %zu: %ld rounds\n", i, n);
        CHECK(n < 100000);
    }
    return 0;
}

WITH_WORKERS(1, polls_let_others_run, poll_all)

/* ---- calls that a cancelled task must not begin ---- */

static rn_mutex mutex;
static rn_semaphore semaphore;
static rn_waitgroup waitgroup;

static void sleep_refused(rn_chan(int) c)
{
    (void)c;
    CHECK_EQ(rn_sleep(RN_SECOND), -ECANCELED);
}
static void yield_refused(rn_chan(int) c)
{
    (void)c;
    CHECK_EQ(rn_yield(), -ECANCELED);
}
static void send_refused(rn_chan(int) c)
{
    CHECK_EQ(rn_send(c, 1), -ECANCELED);
}
static void recv_refused(rn_chan(int) c)
{
    int v;
    CHECK_EQ(rn_recv(c, &v), -ECANCELED);
}
static void select_refused(rn_chan(int) c)
{
    CHECK_EQ(rn_select(RN_SEND(c, 1)), -ECANCELED);
}
static void lock_refused(rn_chan(int) c)
{
    (void)c;
    CHECK_EQ(rn_mutex_lock(&mutex), -ECANCELED);
}
static void acquire_refused(rn_chan(int) c)
{
    (void)c;
    CHECK_EQ(rn_semaphore_acquire(&semaphore, 1), -ECANCELED);
}
static void wait_refused(rn_chan(int) c)
{
    (void)c;
    CHECK_EQ(rn_waitgroup_wait(&waitgroup), -ECANCELED);
}

static void (*const refused[])(rn_chan(int) c) = {
    sleep_refused,  yield_refused, send_refused,    recv_refused,
    select_refused, lock_refused,  acquire_refused, wait_refused,
};

static int insist(rn_group *outer, rn_chan(int) c)
{
    rn_group_cancel(rn_group_current(), -ECANCELED);
    for (size_t i = 0; i < sizeof refused / sizeof *refused; i++) {
        atomic_store(&stop, false);
        CHECK_EQ(rn_go(outer, raise_stop), 0);
        long n = 0;
        for (; !atomic_load(&stop) && n < 100000; n++)
            refused[i](c);
        CHECK(n < 100000);
    }
    return 0;
}
RN_TASK(insist, rn_group *, rn_chan(int));

static int insist_though_cancelled(rn_group *g, void *arg)
{
    (void)arg;
    rn_group *h = rn_group_new(NULL);
    CHECK_EQ(rn_go(h, insist, g, rn_make(g, int, 0)), 0);
    CHECK_EQ(rn_group_wait(h), -ECANCELED);
    rn_group_close(h);
    return 0;
}

WITH_WORKERS(1, refused_calls_let_others_run, insist_though_cancelled)
