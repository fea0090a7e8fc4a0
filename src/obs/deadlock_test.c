/* SPDX-License-Identifier: MIT */
/* The deadlock report: what it says, and that it is silent while anything can still come. */
#include <runnel.h>

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include "kit/capture.h"
#include "kit/dumped.h"
#include "kit/kit.h"

static int (*body)(rn_group *g, void *arg);

static int run_body(void)
{
    printf("printed before\n"); /* stdout is flushed by the report */
    dup2(2, 1);
    return rn_run(body, NULL);
}

static struct capture c;

static void check_deadlock(int (*fn)(rn_group *g, void *arg), const char *part)
{
    body = fn;
    capture(&c, run_body);
    if (c.status != 2)
        fprintf(stderr, "%s\n", c.text);
    CHECK_EQ(c.status, 2);
    capture_has(&c, "runnel: all tasks are asleep - deadlock!\n");
    capture_has(&c, "printed before\n");
    capture_has(&c, part);
}

static void check_silent(int (*fn)(rn_group *g, void *arg))
{
    body = fn;
    capture(&c, run_body);
    capture_lacks(&c, "deadlock!");
    CHECK_EQ(c.status, 0);
}

/* ---- reported ---- */

static int receive(rn_chan(int) in)
{
    int v;
    return rn_recv(in, &v);
}
RN_TASK(receive, rn_chan(int));

static int four_waiting(rn_group *g, void *arg)
{
    rn_attr attr = { .name = "waiter" };
    rn_chan(int) in = rn_make(g, int, 0);
    (void)arg;
    for (int i = 0; i < 3; i++)
        rn_go_with(g, &attr, receive, in);
    return receive(in);
}

TEST(deadlock_report_names_tasks_states_places_and_channels)
{
    check_deadlock(four_waiting, "runnel: 4 tasks\n");
    capture_has(&c, " main [chan receive] at ");
    capture_has(&c, " waiter [chan receive] at ");
    capture_has(&c, "deadlock_test.c:");
    capture_has(&c, " on channel 0x");
    capture_has(&c, ", started at ");
    capture_has(&c, "0 of 0 buffered, 0 sending, 4 receiving, made at ");
}

static int on_nil(rn_group *g, void *arg)
{
    rn_chan(int) nil = NULL;
    (void)g;
    (void)arg;
    return receive(nil);
}
static int on_select(rn_group *g, void *arg)
{
    (void)g;
    (void)arg;
    return rn_select_n(NULL, 0);
}
static int on_mutex(rn_group *g, void *arg)
{
    rn_mutex m = { 0 };
    (void)g;
    (void)arg;
    rn_mutex_lock(&m);
    return rn_mutex_lock(&m);
}
static int on_waitgroup(rn_group *g, void *arg)
{
    rn_waitgroup w = { 0 };
    (void)g;
    (void)arg;
    rn_waitgroup_add(&w, 1);
    return rn_waitgroup_wait(&w);
}
static int on_group(rn_group *g, void *arg)
{
    (void)arg;
    rn_group *h = rn_group_new(NULL);
    rn_go(h, receive, rn_make(g, int, 0));
    return rn_group_wait(h);
}
static int on_sleep_for_ever(rn_group *g, void *arg)
{
    (void)g;
    (void)arg;
    return rn_sleep(RN_FOREVER);
}
static int after_leaving(rn_group *g, void *arg)
{
    (void)arg;
    rn_chan(int) in = rn_make(g, int, 0);
    rn_go(g, receive, in);
    until_dumped(" receive [chan receive] at ", 1);
    return 0; /* this alone is no deadlock: the group is cancelled */
}

TEST(deadlock_is_reported_whatever_the_tasks_wait_for)
{
    check_deadlock(on_nil, "[chan receive (nil chan)] at ");
    check_deadlock(on_select, "[select (no cases)] at ");
    check_deadlock(on_mutex, "[mutex lock] at ");
    check_deadlock(on_waitgroup, "[waitgroup wait] at ");
    check_deadlock(on_group, "[group wait] at ");
    check_deadlock(on_sleep_for_ever, "[sleep] at ");
    check_silent(after_leaving);
}

static int nap_thread(void *arg)
{
    struct timespec ts = { .tv_nsec = 30 * 1000 * 1000 };
    (void)arg;
    nanosleep(&ts, NULL);
    return 0;
}

static int call_and_end(void)
{
    return rn_blocking(nap_thread, NULL);
}
RN_TASK(call_and_end);

static int poll_and_end(void)
{
    int ends[2];
    CHECK_EQ(pipe(ends), 0);
    CHECK_EQ(rn_fd_wait(ends[0], RN_READABLE, rn_now() + 20 * RN_MILLISECOND), -ETIMEDOUT);
    return 0;
}
RN_TASK(poll_and_end);

static int sleep_and_end(void)
{
    return rn_sleep(20 * RN_MILLISECOND);
}
RN_TASK(sleep_and_end);

/* Everything that could have woken somebody goes away one after the other. */
static int late(rn_group *g, void *arg)
{
    (void)arg;
    rn_go(g, sleep_and_end);
    rn_go(g, poll_and_end);
    return receive(rn_make(g, int, 0));
}

TEST(deadlock_is_reported_when_the_last_timer_and_descriptor_are_gone)
{
    check_deadlock(late, "runnel: 1 task\n");
}

static int after_call(rn_group *g, void *arg)
{
    (void)arg;
    rn_go(g, call_and_end);
    return receive(rn_make(g, int, 0));
}

TEST(deadlock_is_reported_when_the_last_blocking_call_has_returned)
{
    for (int i = 0; i < 50; i++)
        check_deadlock(after_call, "runnel: 1 task\n");
}

static void *attach_and_end(void *arg)
{
    rn_yield();
    nap_thread(NULL);
    return arg;
}

static int after_thread(rn_group *g, void *arg)
{
    pthread_t t;
    (void)arg;
    CHECK_EQ(pthread_create(&t, NULL, attach_and_end, NULL), 0);
    CHECK_EQ(pthread_detach(t), 0);
    rn_sleep(10 * RN_MILLISECOND);
    return receive(rn_make(g, int, 0));
}

TEST(deadlock_is_reported_when_the_last_foreign_thread_has_ended)
{
    check_deadlock(after_thread, "runnel: 1 task\n");
}

/* ---- not reported ---- */

static int with_timer(rn_group *g, void *arg)
{
    int v;
    (void)arg;
    CHECK_EQ(rn_recv_until(rn_make(g, int, 0), &v, rn_now() + 30 * RN_MILLISECOND), -ETIMEDOUT);
    return 0;
}

static int with_deadline(rn_group *g, void *arg)
{
    (void)arg;
    rn_ctx *ctx = rn_ctx_with_timeout(rn_group_ctx(g), 30 * RN_MILLISECOND);
    CHECK_EQ(rn_wait(rn_ctx_done(ctx)), -EPIPE);
    rn_ctx_unref(ctx);
    return 0;
}

static int send_later(rn_chan(int) out)
{
    int rc = rn_blocking(nap_thread, NULL);
    return rc ? rc : rn_send(out, 1);
}
RN_TASK(send_later, rn_chan(int));

static int with_blocking_call(rn_group *g, void *arg)
{
    rn_chan(int) in = rn_make(g, int, 0);
    (void)arg;
    rn_go(g, send_later, in);
    return receive(in);
}

static void *write_later(void *arg)
{
    nap_thread(NULL);
    CHECK_EQ(write(*(int *)arg, "x", 1), 1); /* a thread that never uses the library */
    return NULL;
}

static int with_descriptor(rn_group *g, void *arg)
{
    int ends[2];
    pthread_t t;
    (void)g;
    (void)arg;
    CHECK_EQ(pipe(ends), 0);
    CHECK_EQ(pthread_create(&t, NULL, write_later, &ends[1]), 0);
    CHECK_EQ(rn_fd_wait(ends[0], RN_READABLE, RN_FOREVER), RN_READABLE);
    return -pthread_join(t, NULL);
}

struct meeting {
    rn_chan(int) out;
    _Atomic(bool) attached;
    bool attach;
};

static void *send_from_thread(void *arg)
{
    struct meeting *m = arg;
    if (m->attach)
        rn_yield(); /* from its first call on, the library knows of the thread */
    atomic_store(&m->attached, true);
    nap_thread(NULL);
    CHECK_EQ(rn_send(m->out, 1), 0);
    return NULL;
}

static int meet(rn_group *g, bool attach)
{
    struct meeting m = { .out = rn_make(g, int, 0), .attach = attach };
    pthread_t t;
    CHECK_EQ(pthread_create(&t, NULL, send_from_thread, &m), 0);
    while (!atomic_load(&m.attached))
        rn_sleep(RN_MILLISECOND);
    CHECK_EQ(receive(m.out), 0);
    return -pthread_join(t, NULL);
}

static int with_thread(rn_group *g, void *arg)
{
    (void)arg;
    return meet(g, true);
}

TEST(deadlock_is_not_reported_while_a_timer_is_pending)
{
    check_silent(with_timer);
    check_silent(with_deadline);
}

TEST(deadlock_is_not_reported_while_a_blocking_call_is_under_way)
{
    check_silent(with_blocking_call);
}

TEST(deadlock_is_not_reported_while_a_descriptor_is_waited_for)
{
    check_silent(with_descriptor);
}

TEST(deadlock_is_not_reported_while_a_foreign_thread_is_attached)
{
    check_silent(with_thread);
}

/* ---- who owns the process ---- */

static rn_chan(int) from_main;

static int receive_from_main(rn_group *g, void *arg)
{
    from_main = rn_make(g, int, 0);
    __atomic_store_n((bool *)arg, true, __ATOMIC_RELEASE);
    return receive(from_main);
}

static void *run_on_thread(void *arg)
{
    return (void *)(intptr_t)rn_run(receive_from_main, arg);
}

static int run_beside_main(void)
{
    bool ready = false;
    void *result = NULL;
    pthread_t t;
    CHECK_EQ(pthread_create(&t, NULL, run_on_thread, &ready), 0);
    while (!__atomic_load_n(&ready, __ATOMIC_ACQUIRE))
        nap_thread(NULL);
    nap_thread(NULL);
    if (rn_send(from_main, 1) != 0)
        return 1;
    CHECK_EQ(pthread_join(t, &result), 0);
    return (int)(intptr_t)result;
}

TEST(deadlock_is_not_reported_when_rn_run_was_not_called_from_main)
{
    capture(&c, run_beside_main);
    capture_lacks(&c, "deadlock!");
    CHECK_EQ(c.status, 0);
}

/* ---- together with a panic ---- */

static int panic_beside(rn_group *g, void *arg)
{
    rn_chan(int) in = rn_make(g, int, 0);
    (void)arg;
    rn_go(g, receive, in);
    until_dumped(" receive [chan receive] at ", 1);
    rn_panic(RN_HERE, "the tables have %d legs", 3);
}

TEST(deadlock_report_does_not_replace_a_panic)
{
    body = panic_beside;
    capture(&c, run_body);
    CHECK_EQ(c.status, 2);
    capture_lacks(&c, "deadlock!");
    capture_has(&c, "runnel: panic: the tables have 3 legs at ");
    capture_has(&c, " (task main, started at rn_run)");
    capture_has(&c, " receive [chan receive] at ");
}

/* ---- where the system cannot be asked for threads ---- */

static rn_chan(int) awaited;

static void *send_soon(void *unused)
{
    usleep(300 * 1000);
    (void)unused;
    CHECK_EQ(rn_send(awaited, 7), 0);
    return NULL;
}

static int wait_without_a_descriptor_left(rn_group *g, void *unused)
{
    struct rlimit before, none;
    pthread_t thread;
    int v = 0;
    (void)unused;
    awaited = rn_make(g, int, 0);
    CHECK_EQ(getrlimit(RLIMIT_NOFILE, &before), 0);
    none = before;
    none.rlim_cur = 0;
    CHECK_EQ(pthread_create(&thread, NULL, send_soon, NULL), 0);
    CHECK_EQ(setrlimit(RLIMIT_NOFILE, &none), 0);
    CHECK_EQ(rn_recv(awaited, &v), 0);
    CHECK_EQ(setrlimit(RLIMIT_NOFILE, &before), 0);
    CHECK_EQ(pthread_join(thread, NULL), 0);
    return v == 7 ? 0 : -EINVAL;
}

TEST(deadlock_is_not_reported_when_the_threads_cannot_be_counted)
{
    check_silent(wait_without_a_descriptor_left);
}
