/* SPDX-License-Identifier: MIT */
/* Who gets to run: nobody starves, not even with one worker. */
/* kit: once */
/* kit: serial */
#include <runnel.h>

#include <stdatomic.h>
#include <stdio.h>
#include <unistd.h>

#include "kit/kit.h"
#include "kit/run_with.h"

static _Atomic(bool) stop;

static bool stopped(void)
{
    return atomic_load_explicit(&stop, memory_order_relaxed);
}

/* ---- every task runs ---- */

static int yield_until_stop(_Atomic(long) *n)
{
    while (!stopped()) {
        atomic_fetch_add(n, 1);
        rn_yield();
    }
    return 0;
}
RN_TASK(yield_until_stop, _Atomic(long) *);

static int all_run(rn_group *g, void *arg)
{
    static _Atomic(long) runs[200];
    (void)arg;
    atomic_store(&stop, false);
    for (int i = 0; i < 200; i++)
        CHECK_EQ(rn_go(g, yield_until_stop, &runs[i]), 0);
    for (int i = 0; i < 200; i++)
        for (long start = atomic_load(&runs[i]); atomic_load(&runs[i]) < start + 3;)
            rn_yield();
    atomic_store(&stop, true);
    return 0;
}

WITH_WORKERS(1, fairness_every_runnable_task_runs_again_and_again, all_run)
WITH_WORKERS(2, fairness_every_runnable_task_runs_again_and_again, all_run)
WITH_WORKERS(4, fairness_every_runnable_task_runs_again_and_again, all_run)

static int hit(rn_chan(int) in, rn_chan(int) out, _Atomic(long) *n)
{
    for (int v; rn_recv(in, &v) == 0; atomic_fetch_add(n, 1))
        if (rn_send(out, v + 1) != 0)
            break;
    return 0;
}
RN_TASK(hit, rn_chan(int), rn_chan(int), _Atomic(long) *);

static int beside_ping_pong(rn_group *g, void *arg)
{
    static _Atomic(long) hits, light;
    rn_group *h = rn_group_new(NULL);
    rn_chan(int) a = rn_make(h, int, 0), b = rn_make(h, int, 0);
    (void)arg;
    atomic_store(&stop, false);
    CHECK_EQ(rn_go(h, hit, a, b, &hits), 0);
    CHECK_EQ(rn_go(h, hit, b, a, &hits), 0);
    CHECK_EQ(rn_send(a, 0), 0);
    CHECK_EQ(rn_go(g, yield_until_stop, &light), 0);
    long hog = 0, other = 0;
    while (hog + other < 10000) {
        rn_sleep(RN_MILLISECOND);
        hog = atomic_load(&hits), other = atomic_load(&light);
    }
    atomic_store(&stop, true);
    if (kit_is_interactive())
        fprintf(stderr, "ping-pong %ld, light %ld\n", hog, other);
    CHECK(hog < other * 100 && other < hog * 100);
    rn_group_close(h);
    return 0;
}

WITH_WORKERS(1, fairness_ping_pong_pair_does_not_starve_others, beside_ping_pong)

static int respawn(void *args)
{
    rn_group *g = *(rn_group **)args;
    return stopped() ? 0 : rn_group_go(g, respawn, &g, sizeof g, NULL, "respawn", RN_HERE);
}

static int beside_respawners(rn_group *g, void *arg)
{
    static _Atomic(long) light;
    (void)arg;
    atomic_store(&stop, false);
    for (int i = 0; i < 2; i++)
        CHECK_EQ(rn_group_go(g, respawn, &g, sizeof g, NULL, "respawn", RN_HERE), 0);
    CHECK_EQ(rn_go(g, yield_until_stop, &light), 0);
    while (atomic_load(&light) < 100)
        rn_yield();
    CHECK_EQ(rn_sleep(RN_MILLISECOND), 0); /* timers are looked at, too */
    atomic_store(&stop, true);
    return 0;
}

WITH_WORKERS(1, fairness_tasks_that_start_their_successor_do_not_starve_others, beside_respawners)

/* ---- loops that never wait ---- */

struct things {
    rn_chan(int) empty, full, own, closed;
    rn_mutex held, mine;
    rn_rwmutex rw;
    rn_semaphore none, some;
    rn_waitgroup zero;
    int fd;
};

static void ask_recv(struct things *t)
{
    int v;
    CHECK_EQ(rn_try_recv(t->empty, &v), -EAGAIN);
}
static void ask_send(struct things *t)
{
    CHECK_EQ(rn_try_send(t->full, 1), -EAGAIN);
}
static void ask_select(struct things *t)
{
    int v;
    CHECK_EQ(rn_select(RN_RECV(t->empty, &v, NULL), RN_SEND(t->full, 1), RN_DEFAULT), 2);
}
static void ask_mutex(struct things *t)
{
    CHECK_EQ(rn_mutex_try_lock(&t->held), -EAGAIN);
}
static void ask_semaphore(struct things *t)
{
    CHECK_EQ(rn_semaphore_try_acquire(&t->none, 1), -EAGAIN);
}
static void use_channel(struct things *t)
{
    int v;
    CHECK_EQ(rn_send(t->own, 1), 0);
    CHECK_EQ(rn_recv(t->own, &v), 0);
}
static void use_closed(struct things *t)
{
    int v;
    CHECK_EQ(rn_recv(t->closed, &v), -EPIPE);
}
static void use_closed_send(struct things *t)
{
    CHECK_EQ(rn_send(t->closed, 1), -EPIPE);
}
static void use_select(struct things *t)
{
    CHECK_EQ(rn_select(RN_DONE(t->closed)), 0);
}
static void use_mutex(struct things *t)
{
    CHECK_EQ(rn_mutex_lock(&t->mine), 0);
    rn_mutex_unlock(&t->mine);
}
static void use_rwmutex(struct things *t)
{
    CHECK_EQ(rn_rwmutex_rlock(&t->rw), 0);
    rn_rwmutex_runlock(&t->rw);
    CHECK_EQ(rn_rwmutex_lock(&t->rw), 0);
    rn_rwmutex_unlock(&t->rw);
}
static void use_semaphore(struct things *t)
{
    CHECK_EQ(rn_semaphore_acquire(&t->some, 1), 0);
    rn_semaphore_release(&t->some, 1);
}
static void use_waitgroup(struct things *t)
{
    CHECK_EQ(rn_waitgroup_wait(&t->zero), 0);
}
static void use_fd(struct things *t)
{
    CHECK_EQ(rn_fd_wait(t->fd, RN_WRITABLE, RN_FOREVER), RN_WRITABLE);
}

static void ask_len(struct things *t)
{
    CHECK_EQ(rn_len(t->empty), 0);
}
static void ask_cancelled(struct things *t)
{
    (void)t;
    CHECK_EQ(rn_cancelled(), 0);
}
static void ask_ctx(struct things *t)
{
    (void)t;
    CHECK_EQ(rn_ctx_err(rn_ctx_current()), 0);
}

static void (*const loops[])(struct things *) = {
    ask_recv,      ask_send,        ask_select, ask_mutex,     ask_semaphore, use_channel,
    use_closed,    use_closed_send, use_select, use_mutex,     use_rwmutex,   use_semaphore,
    use_waitgroup, use_fd,          ask_len,    ask_cancelled, ask_ctx,
};

static int raise_stop(void)
{
    atomic_store(&stop, true);
    return 0;
}
RN_TASK(raise_stop);

static int busy_loops(rn_group *g, void *arg)
{
    struct things t = { .some = RN_SEMAPHORE_INIT(1) };
    int ends[2];
    (void)arg;
    t.empty = rn_make(g, int, 0);
    t.full = rn_make(g, int, 0);
    t.own = rn_make(g, int, 1);
    t.closed = rn_make(g, int, 0);
    rn_close(t.closed);
    CHECK_EQ(rn_mutex_lock(&t.held), 0);
    CHECK_EQ(pipe(ends), 0);
    t.fd = ends[1];
    for (size_t i = 0; i < sizeof loops / sizeof *loops; i++) {
        atomic_store(&stop, false);
        CHECK_EQ(rn_go(g, raise_stop), 0);
        long n = 0;
        for (; !stopped(); n++)
            loops[i](&t);
        if (kit_is_interactive())
            fprintf(stderr, "loop %zu: %ld rounds\n", i, n);
        CHECK(n < 100000); /* a fixed budget, not luck */
    }
    rn_mutex_unlock(&t.held);
    close(ends[0]);
    close(ends[1]);
    return 0;
}

WITH_WORKERS(1, fairness_loops_that_never_wait_let_others_run, busy_loops)

static int busy_select(rn_group *g, void *arg)
{
    rn_chan(int) closed = rn_make(g, int, 0);
    int64_t begun = rn_now();
    rn_ctx *ctx = rn_ctx_with_timeout(rn_group_ctx(g), 5 * RN_MILLISECOND);
    rn_receiver(rn_unit) done = rn_ctx_done(ctx);
    (void)arg;
    rn_close(closed);
    while (rn_select(RN_DONE(closed), RN_DONE(done)) != 1)
        ;
    CHECK(rn_now() - begun >= 5 * RN_MILLISECOND);
    rn_ctx_unref(ctx);
    return 0;
}

WITH_WORKERS(1, fairness_timer_is_noticed_in_a_busy_select_loop, busy_select)
WITH_WORKERS(2, fairness_timer_is_noticed_in_a_busy_select_loop, busy_select)

static void compute_1ms(void)
{
    for (int64_t begun = rn_now(); rn_now() - begun < RN_MILLISECOND;)
        ;
}

static int work_off(rn_receiver(int) jobs)
{
    for (int v; rn_recv(jobs, &v) == 0;)
        compute_1ms();
    return 0;
}
RN_TASK(work_off, rn_receiver(int));

/* Its jobs take five seconds, none of them waits, and it has 50 ms. Jobs are counted, not time: a
 * slow machine works off fewer of them in the 50 ms, and none in the time that it does not run. */
static int slow_operations(rn_group *g, void *arg)
{
    enum { JOBS = 5000 };
    rn_chan(int) jobs = rn_make(g, int, JOBS);
    for (int i = 0; i < JOBS; i++)
        CHECK_EQ(rn_send(jobs, i), 0);
    rn_ctx *ctx = rn_ctx_with_timeout(rn_ctx_current(), 50 * RN_MILLISECOND);
    rn_group *h = rn_group_new(ctx);
    (void)arg;
    for (int i = 0; i < 4; i++) {
        int rc = rn_go(h, work_off, rn_rx(jobs));
        CHECK(rc == 0 || rc == -ECANCELED); /* late already, on a slow machine */
    }
    CHECK_EQ(rn_group_wait(h), -ETIMEDOUT);
    if (kit_is_interactive())
        fprintf(stderr, "%zu of %d jobs are left\n", rn_len(jobs), JOBS);
    CHECK(rn_len(jobs) > JOBS / 2);
    rn_group_close(h);
    rn_ctx_unref(ctx);
    return 0;
}

WITH_WORKERS(1, fairness_timers_are_kept_by_tasks_whose_operations_are_slow, slow_operations)
WITH_WORKERS(2, fairness_timers_are_kept_by_tasks_whose_operations_are_slow, slow_operations)
WITH_WORKERS(4, fairness_timers_are_kept_by_tasks_whose_operations_are_slow, slow_operations)
