/* SPDX-License-Identifier: MIT */
/*
 * Kernels of real leaks: what is left of thirteen bugs of large Go programs when all is taken away
 * that does not matter. The stories are those of GoBench's GoKer (Yuan et al., CGO 2021), which
 * Go's leak profile is tested with; the numbers name the programs' own reports. Each is run twice.
 * In the root group its tasks are reported when the run ends, with what they wait for and where
 * they were started. In a group that its user closes they end with it, and nothing is reported.
 */
#define _GNU_SOURCE
#include <runnel.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "kit/capture.h"
#include "kit/dumped.h"
#include "kit/kit.h"

enum { LEAKS_MAX = 3 };

typedef struct kernel {
    void (*start)(rn_group *g);
    const char *leaks[LEAKS_MAX]; /* "task [what it waits for]" */
} kernel;

static const kernel *under_test;
static struct capture c;

/* ---- running one ---- */

/* Waits until a task waits like that: the order in which a kernel's tasks meet is part of it. */
static void await(const char *leak)
{
    char part[96];
    snprintf(part, sizeof part, " %s at ", leak);
    until_dumped(part, 1);
}

static int start_and_await(rn_group *g)
{
    under_test->start(g);
    /* Twice: one may have been seen in an earlier wait, which the next one's wait has ended. */
    for (int round = 0; round < 2; round++)
        for (int i = 0; i < LEAKS_MAX && under_test->leaks[i]; i++)
            await(under_test->leaks[i]);
    return 0;
}

static int in_the_root_group(rn_group *g, void *arg)
{
    (void)arg;
    return start_and_await(g);
}

static int in_a_closed_group(rn_group *g, void *arg)
{
    (void)g;
    (void)arg;
    rn_group *h = rn_group_new(NULL);
    start_and_await(h);
    rn_group_close(h);
    CHECK_EQ(rn_task_count(), 1); /* this one */
    return 0;
}

static int run_leaking(void)
{
    CHECK_EQ(setenv("RUNNEL_LEAKS", "fail", 1), 0);
    return rn_run(in_the_root_group, NULL);
}

static int run_closing(void)
{
    CHECK_EQ(setenv("RUNNEL_LEAKS", "fail", 1), 0);
    return rn_run(in_a_closed_group, NULL);
}

/* The report's line about this leak says where it waits and where it was started: in this file. */
static void expect_line(const char *leak)
{
    char start[96];
    snprintf(start, sizeof start, " %s at ", leak);
    capture_has(&c, start);
    const char *line = strstr(c.text, start), *end = strchr(line, '\n');
    const char *where = strstr(line, "leak_kernels_test.c:");
    const char *site = strstr(line, ", started at ");
    CHECK(end && where && site && where < site && site < end);
    where = strstr(site, "leak_kernels_test.c:");
    CHECK(where && where < end);
}

static void run_kernel(const kernel *k)
{
    char head[64];
    int n = 0;
    under_test = k;
    while (n < LEAKS_MAX && k->leaks[n])
        n++;
    capture(&c, run_leaking);
    CHECK_EQ(c.status, 3);
    snprintf(head, sizeof head, "runnel: %d task%s leaked: ", n, n == 1 ? "" : "s");
    capture_has(&c, head);
    for (int i = 0; i < n; i++)
        expect_line(k->leaks[i]);
    capture(&c, run_closing);
    CHECK_STR(c.text, "");
    CHECK_EQ(c.status, 0);
}

#define KERNEL(name_, start_, ...)                                                                 \
    TEST(leak_kernel_##name_##_is_reported_or_ended_by_its_group)                                  \
    {                                                                                              \
        static const kernel k = { (start_), { __VA_ARGS__ } };                                     \
        run_kernel(&k);                                                                            \
    }

/* ---- messages that nobody takes ---- */

static int answer(rn_receiver(rn_unit) slow, rn_sender(int) out)
{
    int rc = rn_wait(slow);
    return rc == -ECANCELED ? rc : rn_send(out, 42);
}
RN_TASK(answer, rn_receiver(rn_unit), rn_sender(int));

/* kubernetes#5316, moby#33781: who asked has given up before the answer comes. */
static void give_up_request(rn_group *g)
{
    int v;
    rn_chan(int) out = rn_make(g, int, 0);
    rn_chan(rn_unit) slow = rn_make(g, rn_unit, 0);
    rn_go(g, answer, rn_rx(slow), rn_tx(out));
    CHECK_EQ(rn_select(RN_RECV(out, &v, NULL), RN_AFTER(RN_MILLISECOND)), 1);
    rn_close(slow);
}
KERNEL(of_an_answer_after_the_timeout, give_up_request, "answer [chan send]")

static int serve_status(rn_receiver(int) status, rn_receiver(rn_unit) stop, rn_sender(rn_unit) done)
{
    int v, chosen;
    while ((chosen = rn_select(RN_RECV(status, &v, NULL), RN_DONE(stop))) == 0) {}
    rn_close(done);
    return chosen == 1 ? 0 : chosen;
}
RN_TASK(serve_status, rn_receiver(int), rn_receiver(rn_unit), rn_sender(rn_unit));

static int ask_status(rn_sender(int) status)
{
    return rn_send(status, 1);
}
RN_TASK(ask_status, rn_sender(int));

/* etcd#6857: a server is asked after it has stopped. */
static void ask_a_stopped_node(rn_group *g)
{
    rn_chan(int) status = rn_make(g, int, 0);
    rn_chan(rn_unit) stop = rn_make(g, rn_unit, 0), done = rn_make(g, rn_unit, 0);
    rn_go(g, serve_status, rn_rx(status), rn_rx(stop), rn_tx(done));
    CHECK_EQ(rn_send(status, 0), 0);
    rn_close(stop);
    rn_wait(done);
    rn_go(g, ask_status, rn_tx(status));
}
KERNEL(of_a_request_to_a_stopped_server, ask_a_stopped_node, "ask_status [chan send]")

static int produce_events(rn_sender(int) events, rn_waitgroup *workers)
{
    int rc = 0;
    for (int i = 0; rc == 0; i++)
        rc = rn_send(events, i);
    rn_waitgroup_done(workers);
    return rc;
}
RN_TASK(produce_events, rn_sender(int), rn_waitgroup *);

static int stop_workers(rn_waitgroup *workers)
{
    return rn_waitgroup_wait(workers);
}
RN_TASK(stop_workers, rn_waitgroup *);

/* cockroach#1462: the receiver obeys the stop, its senders cannot, and the stop waits for them. */
static void stop_receiver_first(rn_group *g)
{
    static rn_waitgroup workers;
    rn_chan(int) events = rn_make(g, int, 0);
    rn_waitgroup_add(&workers, 1);
    rn_go(g, produce_events, rn_tx(events), &workers);
    for (int i = 0, v; i < 3; i++)
        CHECK_EQ(rn_recv(events, &v), 0);
    rn_go(g, stop_workers, &workers);
}
KERNEL(of_a_stop_that_waits_for_senders, stop_receiver_first, "produce_events [chan send]",
       "stop_workers [waitgroup wait]")

/* ---- tasks that wait for each other ---- */

static int raise_events(rn_sender(int) events, rn_receiver(int) callbacks,
                        rn_receiver(rn_unit) stop)
{
    int chosen = 0, v;
    for (int i = 0; chosen == 0 && i < 2; i++)
        chosen = rn_select(RN_SEND(events, i), RN_DONE(stop));
    return chosen == 0 ? rn_recv(callbacks, &v) : chosen;
}
RN_TASK(raise_events, rn_sender(int), rn_receiver(int), rn_receiver(rn_unit));

static int handle_events(rn_receiver(int) events, rn_sender(int) callbacks,
                         rn_receiver(rn_unit) stop)
{
    int chosen = 0;
    for (int v; chosen == 0 && rn_recv(events, &v) == 0;)
        chosen = rn_select(RN_SEND(callbacks, v), RN_DONE(stop));
    return chosen;
}
RN_TASK(handle_events, rn_receiver(int), rn_sender(int), rn_receiver(rn_unit));

/* cockroach#2448: one sends events, the other calls back, and each has to be done before it
 * listens. The stop that both would obey never comes. */
static void call_back(rn_group *g)
{
    rn_chan(int) events = rn_make(g, int, 0), callbacks = rn_make(g, int, 0);
    rn_chan(rn_unit) stop = rn_make(g, rn_unit, 0);
    rn_go(g, raise_events, rn_tx(events), rn_rx(callbacks), rn_rx(stop));
    rn_go(g, handle_events, rn_rx(events), rn_tx(callbacks), rn_rx(stop));
}
KERNEL(of_two_loops_that_call_each_other, call_back, "raise_events [select]",
       "handle_events [select]")

static int close_connection(rn_chan(rn_unit) closed, rn_receiver(rn_unit) stopped)
{
    if (closed)
        rn_close(closed);
    int rc = rn_wait(stopped);
    return rc == -EPIPE ? 0 : rc;
}
RN_TASK(close_connection, rn_chan(rn_unit), rn_receiver(rn_unit));

static int dispatch(rn_receiver(int) inbox, rn_chan(rn_unit) closed, rn_chan(rn_unit) stopped)
{
    for (int v; rn_select(RN_RECV(inbox, &v, NULL), RN_DONE(closed)) == 0;)
        close_connection(closed, rn_rx(stopped)); /* a message's handler may do this */
    rn_close(stopped);
    return 0;
}
RN_TASK(dispatch, rn_receiver(int), rn_chan(rn_unit), rn_chan(rn_unit));

/* syncthing#5795: a handler closes the connection, which waits for the loop that called it. */
static void close_in_a_handler(rn_group *g)
{
    rn_chan(int) inbox = rn_make(g, int, 0);
    rn_chan(rn_unit) closed = rn_make(g, rn_unit, 0), stopped = rn_make(g, rn_unit, 0);
    rn_go(g, dispatch, rn_rx(inbox), closed, stopped);
    CHECK_EQ(rn_send(inbox, 1), 0);
    rn_go(g, close_connection, NULL, rn_rx(stopped));
}
KERNEL(of_a_loop_that_waits_for_itself, close_in_a_handler, "dispatch [chan receive]",
       "close_connection [chan receive]")

static int await_done(rn_ctx *ctx)
{
    int rc = rn_wait(rn_ctx_done(ctx));
    rn_ctx_unref(ctx);
    return rc == -EPIPE ? 0 : rc;
}
RN_TASK(await_done, rn_ctx *);

/* cockroach#13197, grpc#862: a transaction's context is cancelled by nobody. */
static void forget_to_cancel(rn_group *g)
{
    rn_ctx *ctx = rn_ctx_with_cancel(rn_ctx_background());
    CHECK(ctx != NULL);
    rn_go(g, await_done, ctx);
}
KERNEL(of_a_context_that_nobody_cancels, forget_to_cancel, "await_done [chan receive]")

/* ---- locks ---- */

static int lock_two(rn_mutex *a, rn_mutex *b, rn_waitgroup *both)
{
    int rc = rn_mutex_lock(a);
    rn_waitgroup_done(both);
    if (rc != 0 || (rc = rn_waitgroup_wait(both)) != 0)
        return rc;
    if ((rc = rn_mutex_lock(b)) == 0)
        rn_mutex_unlock(b);
    rn_mutex_unlock(a);
    return rc;
}
RN_TASK(lock_two, rn_mutex *, rn_mutex *, rn_waitgroup *);

static int lock_two_reversed(rn_mutex *a, rn_mutex *b, rn_waitgroup *both)
{
    return lock_two(b, a, both);
}
RN_TASK(lock_two_reversed, rn_mutex *, rn_mutex *, rn_waitgroup *);

/* cockroach#10214: the same two locks in two orders. */
static void cross_locks(rn_group *g)
{
    static rn_mutex a, b;
    static rn_waitgroup both;
    rn_waitgroup_add(&both, 2);
    rn_go(g, lock_two, &a, &b, &both);
    rn_go(g, lock_two_reversed, &a, &b, &both);
}
KERNEL(of_two_locks_in_two_orders, cross_locks, "lock_two [mutex lock]",
       "lock_two_reversed [mutex lock]")

static int gossip(rn_mutex *m, bool closed)
{
    for (int i = 0; i < 2; i++) {
        int rc = rn_mutex_lock(m);
        if (rc != 0)
            return rc;
        if (closed)
            continue; /* the bug: out of the loop's body without the unlock */
        rn_mutex_unlock(m);
    }
    return 0;
}
RN_TASK(gossip, rn_mutex *, bool);

/* cockroach#584, moby#7559: one way out lacks the unlock. */
static void miss_unlock(rn_group *g)
{
    static rn_mutex m;
    rn_go(g, gossip, &m, true);
}
KERNEL(of_a_missing_unlock, miss_unlock, "gossip [mutex lock]")

static int read_twice(rn_rwmutex *m, rn_receiver(rn_unit) go_on, rn_sender(rn_unit) reading)
{
    int rc = rn_rwmutex_rlock(m);
    if (rc != 0)
        return rc;
    rn_close(reading);
    rn_wait(go_on);
    if ((rc = rn_rwmutex_rlock(m)) == 0)
        rn_rwmutex_runlock(m);
    rn_rwmutex_runlock(m);
    return rc;
}
RN_TASK(read_twice, rn_rwmutex *, rn_receiver(rn_unit), rn_sender(rn_unit));

static int write_once(rn_rwmutex *m)
{
    int rc = rn_rwmutex_lock(m);
    if (rc == 0)
        rn_rwmutex_unlock(m);
    return rc;
}
RN_TASK(write_once, rn_rwmutex *);

/* kubernetes#62464, cockroach#3710: a reader reads again, behind a writer who waits for it. */
static void read_around_a_writer(rn_group *g)
{
    static rn_rwmutex m;
    rn_chan(rn_unit) go_on = rn_make(g, rn_unit, 0), reading = rn_make(g, rn_unit, 0);
    rn_go(g, read_twice, &m, rn_rx(go_on), rn_tx(reading));
    rn_wait(reading);
    rn_go(g, write_once, &m);
    await("write_once [rwmutex write lock]");
    rn_close(go_on);
}
KERNEL(of_a_nested_read_lock, read_around_a_writer, "read_twice [rwmutex read lock]",
       "write_once [rwmutex write lock]")

/* ---- locks and messages ---- */

static int set_status(rn_mutex *m, rn_sender(int) out)
{
    int rc = rn_mutex_lock(m);
    if (rc != 0)
        return rc;
    rc = rn_send(out, 1);
    rn_mutex_unlock(m);
    return rc;
}
RN_TASK(set_status, rn_mutex *, rn_sender(int));

static int sync_status(rn_mutex *m)
{
    int rc = rn_mutex_lock(m); /* only then would it receive again */
    if (rc == 0)
        rn_mutex_unlock(m);
    return rc;
}
RN_TASK(sync_status, rn_mutex *);

/* kubernetes#10182, moby#28462: a send under the lock that its receiver needs first. */
static void send_under_a_lock(rn_group *g)
{
    static rn_mutex m;
    rn_chan(int) out = rn_make(g, int, 0);
    int v;
    rn_go(g, set_status, &m, rn_tx(out));
    CHECK_EQ(rn_recv(out, &v), 0);
    rn_go(g, set_status, &m, rn_tx(out));
    await("set_status [chan send]");
    rn_go(g, sync_status, &m);
}
KERNEL(of_a_send_under_a_lock, send_under_a_lock, "set_status [chan send]",
       "sync_status [mutex lock]")

struct work_queue {
    rn_rwmutex workers;
    rn_mutex m;
    rn_cond filled;
};

static int take_work(struct work_queue *q)
{
    int rc = rn_rwmutex_rlock(&q->workers);
    if (rc != 0)
        return rc;
    if ((rc = rn_mutex_lock(&q->m)) == 0) {
        rc = rn_cond_wait(&q->filled, &q->m);
        rn_mutex_unlock(&q->m);
    }
    rn_rwmutex_runlock(&q->workers);
    return rc;
}
RN_TASK(take_work, struct work_queue *);

static int resize(struct work_queue *q)
{
    return write_once(&q->workers);
}
RN_TASK(resize, struct work_queue *);

static int take_other_work(struct work_queue *q)
{
    int rc = rn_rwmutex_rlock(&q->workers);
    if (rc == 0)
        rn_rwmutex_runlock(&q->workers);
    return rc;
}
RN_TASK(take_other_work, struct work_queue *);

/* kubernetes#58107: a wait for a condition keeps a read lock, and so a writer, and so all. */
static void wait_under_a_read_lock(rn_group *g)
{
    static struct work_queue q;
    rn_go(g, take_work, &q);
    await("take_work [cond wait]");
    rn_go(g, resize, &q);
    await("resize [rwmutex write lock]");
    rn_go(g, take_other_work, &q);
}
KERNEL(of_a_wait_under_a_read_lock, wait_under_a_read_lock, "take_work [cond wait]",
       "resize [rwmutex write lock]", "take_other_work [rwmutex read lock]")

/* ---- who forgets to tell ---- */

static int wait_until_active(rn_mutex *m, rn_cond *active)
{
    int rc = rn_mutex_lock(m);
    if (rc != 0)
        return rc;
    rc = rn_cond_wait(active, m);
    rn_mutex_unlock(m);
    return rc;
}
RN_TASK(wait_until_active, rn_mutex *, rn_cond *);

/* moby#30408: the way that fails does not signal. */
static void fail_to_signal(rn_group *g)
{
    static rn_mutex m;
    static rn_cond active;
    rn_go(g, wait_until_active, &m, &active);
}
KERNEL(of_a_wait_without_a_signal, fail_to_signal, "wait_until_active [cond wait]")

static int restore_one(rn_waitgroup *restored)
{
    rn_waitgroup_done(restored);
    return 0;
}
RN_TASK(restore_one, rn_waitgroup *);

static int restore_all(rn_group *g, rn_waitgroup *restored)
{
    int rc = 0;
    rn_waitgroup_add(restored, 2);
    for (int i = 0; i < 2 && rc == 0; i++) {
        rn_go(g, restore_one, restored);
        rc = rn_waitgroup_wait(restored); /* the bug: it belongs behind the loop */
    }
    return rc;
}
RN_TASK(restore_all, rn_group *, rn_waitgroup *);

/* moby#25384: the wait is in the loop that starts what it waits for. */
static void wait_in_the_loop(rn_group *g)
{
    static rn_waitgroup restored;
    rn_go(g, restore_all, g, &restored);
}
KERNEL(of_a_wait_in_the_loop, wait_in_the_loop, "restore_all [waitgroup wait]")
