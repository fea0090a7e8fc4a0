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
