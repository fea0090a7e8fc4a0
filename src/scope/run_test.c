/* SPDX-License-Identifier: MIT */
/* rn_run: results, what is left behind, nesting, threads, fork and exit. */
#include <runnel.h>

#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "kit/capture.h"
#include "kit/kit.h"

static int give_back(rn_group *g, void *arg)
{
    CHECK(g == rn_group_current());
    CHECK_STR(rn_name(), "main");
    return *(int *)arg;
}

TEST(run_returns_the_functions_result)
{
    static const int results[] = { 0, 7, -EIO, INT32_MAX, INT32_MIN };
    for (size_t i = 0; i < sizeof results / sizeof *results; i++) {
        int want = results[i];
        CHECK_EQ(rn_run(give_back, &want), want);
        CHECK_EQ(rn_task_count(), 0);
    }
}

static _Atomic(int) ended;

static int until_cancelled(void)
{
    CHECK_EQ(rn_sleep(RN_FOREVER), -ECANCELED);
    rn_shield();
    rn_sleep(RN_MILLISECOND);
    rn_unshield();
    atomic_fetch_add(&ended, 1);
    return -ECANCELED;
}
RN_TASK(until_cancelled);

static int leave_tasks(rn_group *g, void *arg)
{
    (void)arg;
    for (int i = 0; i < 50; i++)
        CHECK_EQ(rn_go(g, until_cancelled), 0);
    rn_group *below = rn_group_new(NULL);
    for (int i = 0; i < 50; i++)
        CHECK_EQ(rn_go(below, until_cancelled), 0);
    return 3;
}

TEST(run_cancels_and_joins_what_is_left_when_its_function_returns)
{
    for (int i = 1; i <= 20; i++) {
        CHECK_EQ(rn_run(leave_tasks, NULL), 3);
        CHECK_EQ(atomic_load(&ended), 100 * i);
        CHECK_EQ(rn_task_count(), 0);
    }
}

static int fails(void)
{
    return -EIO;
}
RN_TASK(fails);

static int with_failing_task(rn_group *g, void *arg)
{
    (void)arg;
    CHECK_EQ(rn_go(g, fails), 0);
    CHECK_EQ(rn_sleep(RN_MINUTE), -ECANCELED); /* the first task is one of the group */
    CHECK_EQ(rn_cancelled(), -EIO);
    return 5;
}

TEST(run_function_is_cancelled_by_a_failing_task_and_decides_the_result)
{
    CHECK_EQ(rn_run(with_failing_task, NULL), 5);
}

/* ---- nesting ---- */

static int inner(rn_group *g, void *arg)
{
    CHECK(g != rn_group_current()); /* inline: still a task of the caller's group */
    CHECK(arg == rn_group_current());
    CHECK_EQ(rn_go(g, until_cancelled), 0);
    return 9;
}

TASK_TEST(run_in_a_task_runs_inline_in_a_group_below)
{
    const char *name = rn_name();
    CHECK_EQ(rn_run(inner, g), 9);
    CHECK_EQ(atomic_load(&ended), 1);
    CHECK_EQ(rn_task_count(), 1);
    CHECK_STR(rn_name(), name);
    CHECK_EQ(rn_cancelled(), 0);
    return 0;
}

/* ---- threads ---- */

static int short_run(rn_group *g, void *arg)
{
    (void)arg;
    CHECK_EQ(rn_go(g, until_cancelled), 0);
    rn_sleep(RN_MILLISECOND);
    return 0;
}

static void *run_often(void *arg)
{
    for (int i = 0; i < 10; i++)
        CHECK_EQ(rn_run(short_run, NULL), 0);
    return arg;
}

TEST(run_from_several_threads_at_once)
{
    pthread_t threads[4];
    for (int i = 0; i < 4; i++)
        CHECK_EQ(pthread_create(&threads[i], NULL, run_often, NULL), 0);
    for (int i = 0; i < 4; i++)
        CHECK_EQ(pthread_join(threads[i], NULL), 0);
    CHECK_EQ(atomic_load(&ended), 40);
    CHECK_EQ(rn_task_count(), 0);
}

static int run_on_helper(void *arg)
{
    run_often(arg);
    return 0;
}

TASK_TEST(run_from_a_foreign_thread_beside_another_run)
{
    CHECK_EQ(rn_blocking(run_on_helper, NULL), 0);
    CHECK_EQ(rn_task_count(), 1);
    return 0;
}

/* ---- fork ---- */

static int in_child(rn_group *g, void *arg)
{
    (void)g;
    (void)arg;
    return 0;
}

static int fork_and_use(rn_group *g, void *arg)
{
    int status = 0;
    (void)g;
    (void)arg;
    pid_t pid = fork();
    if (pid == 0) {
        alarm(20);
        _exit(rn_run(in_child, NULL) == 0 ? 0 : 1);
    }
    CHECK(waitpid(pid, &status, 0) == pid);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 99;
}

static int run_fork_and_use(void)
{
    return rn_run(fork_and_use, NULL);
}

TEST(run_in_a_forks_child_panics)
{
    struct capture c;
    capture(&c, run_fork_and_use);
    CHECK_EQ(c.status, 2);
    capture_has(&c, "in a child made by fork");
}

static int fork_and_exec(rn_group *g, void *arg)
{
    int status = 0;
    (void)g;
    (void)arg;
    pid_t pid = fork();
    if (pid == 0) {
        execl("/bin/sh", "sh", "-c", "exit 6", (char *)NULL);
        _exit(127);
    }
    CHECK(waitpid(pid, &status, 0) == pid);
    CHECK_EQ(rn_sleep(RN_MILLISECOND), 0); /* the parent goes on */
    return WIFEXITED(status) ? WEXITSTATUS(status) : 99;
}

TEST(run_survives_fork_and_exec_in_a_task)
{
    CHECK_EQ(rn_run(fork_and_exec, NULL), 6);
}

/* ---- exit with tasks alive ---- */

static int busy(rn_chan(int) c)
{
    for (int v;;) {
        CHECK_EQ(rn_send(c, 1), 0);
        CHECK_EQ(rn_recv(c, &v), 0);
        rn_yield();
    }
    return 0;
}
RN_TASK(busy, rn_chan(int));

static void at_exit(void)
{
    fprintf(stderr, "exit handler ran\n");
}

static int exit_in_task(rn_group *g, void *arg)
{
    rn_chan(int) c = rn_make(g, int, 4);
    (void)arg;
    for (int i = 0; i < 4; i++)
        rn_go(g, busy, c);
    rn_sleep(RN_MILLISECOND);
    exit(7);
}

TEST_EXIT(run_exit_in_a_task_with_others_alive_is_safe, 7, "exit handler ran")
{
    atexit(at_exit);
    rn_run(exit_in_task, NULL);
}

static int leave_alive(void)
{
    rn_group *g = rn_group_new(NULL); /* on a foreign thread: never closed */
    rn_chan(int) c = rn_make(g, int, 4);
    for (int i = 0; i < 4; i++)
        rn_go(g, busy, c);
    rn_sleep(RN_MILLISECOND);
    return 8;
}

TEST(run_main_may_return_while_tasks_of_a_threads_group_are_alive)
{
    struct capture c;
    capture(&c, leave_alive);
    CHECK_EQ(c.status, 8);
    CHECK_STR(c.text, "");
}

static int no_workers(void)
{
    return rn_run(in_child, NULL);
}

TEST(run_ignores_a_worker_count_that_is_none)
{
    static const char *const odd[] = { "", "0", "-3", "two" };
    struct capture c;
    for (int i = 0; i < 4; i++) {
        setenv("RUNNEL_WORKERS", odd[i], 1);
        capture(&c, no_workers);
        CHECK_EQ(c.status, 0);
    }
}

/* ---- beside tasks of other threads ---- */

static _Atomic(bool) spun, stop_spinning;

static int spin(void)
{
    while (!atomic_load(&stop_spinning)) {
        atomic_store(&spun, true);
        if (rn_yield() != 0)
            break;
    }
    return 0;
}
RN_TASK(spin);

static void *spin_in_own_group(void *arg)
{
    rn_group *g = rn_group_new(NULL);
    (void)arg;
    rn_go(g, spin);
    CHECK_EQ(rn_group_wait(g), 0);
    rn_group_close(g);
    return NULL;
}

static pthread_t spinner;

static int wait_for_spinner(rn_group *g, void *arg)
{
    (void)g;
    (void)arg;
    CHECK_EQ(pthread_create(&spinner, NULL, spin_in_own_group, NULL), 0);
    while (!atomic_load(&spun))
        rn_sleep(100 * RN_MICROSECOND);
    return 7;
}

TEST(run_returns_while_a_foreign_threads_task_never_waits)
{
    CHECK_EQ(rn_run(wait_for_spinner, NULL), 7);
    atomic_store(&stop_spinning, true);
    CHECK_EQ(pthread_join(spinner, NULL), 0);
}

/* ---- the stack of the function ---- */

static int use_stack(rn_group *g, void *arg)
{
    volatile char large[768 << 10];
    (void)g;
    (void)arg;
    for (size_t i = 0; i < sizeof large; i += 4096)
        large[i] = 1;
    return large[4096];
}

TEST(run_gives_its_function_a_large_stack)
{
    CHECK_EQ(rn_run(use_stack, NULL), 1);
}

/* ---- two runs at the same time ---- */

static rn_chan(int) go_on;

static int wait_to_go_on(void)
{
    int v;
    return rn_recv(go_on, &v);
}
RN_TASK(wait_to_go_on);

static void *run_in_thread(void *arg)
{
    int rc = 0;
    (void)arg;
    CHECK_EQ(rn_run(give_back, &rc), 0);
    return NULL;
}

static int join(void *thread)
{
    return pthread_join(*(pthread_t *)thread, NULL);
}

static int run_beside(rn_group *g, void *arg)
{
    pthread_t thread;
    (void)arg;
    go_on = rn_make(g, int, 0);
    rn_group *h = rn_group_new(NULL);
    for (int i = 0; i < 2; i++)
        CHECK_EQ(rn_go(h, wait_to_go_on), 0);
    CHECK_EQ(pthread_create(&thread, NULL, run_in_thread, NULL), 0);
    CHECK_EQ(rn_blocking(join, &thread), 0);
    for (int i = 0; i < 2; i++)
        CHECK_EQ(rn_send(go_on, 1), 0);
    CHECK_EQ(rn_group_wait(h), 0);
    return rn_group_close(h);
}

static int run_two(void)
{
    setenv("RUNNEL_LEAKS", "fail", 1);
    return rn_run(run_beside, NULL);
}

TEST(run_reports_no_task_of_another_run_as_leaked)
{
    static struct capture c;
    capture(&c, run_two);
    CHECK_EQ(c.status, 0);
    CHECK_STR(c.text, "");
}

/* ---- workers that a thread has started ---- */

static int do_nothing(void)
{
    return 0;
}
RN_TASK(do_nothing);

static void start_workers(void)
{
    rn_group *g = rn_group_new(NULL);
    CHECK_EQ(rn_go(g, do_nothing), 0);
    CHECK_EQ(rn_group_wait(g), 0);
    CHECK_EQ(rn_group_close(g), 0);
    while (rn_task_count() > 0)
        usleep(100);
}

static int wait_for_nobody(rn_group *g, void *arg)
{
    int v;
    (void)arg;
    return rn_recv(rn_make(g, int, 0), &v);
}

TEST_EXIT(run_sees_deadlocks_though_the_workers_ran_before, 2, " main [chan receive] at ")
{
    start_workers();
    rn_run(wait_for_nobody, NULL);
}

static int is_virtual(rn_group *g, void *arg)
{
    (void)g;
    (void)arg;
    CHECK_EQ(rn_now(), RN_TEST_START);
    return 0;
}

TEST(run_of_a_test_needs_no_more_than_that_no_task_is_alive)
{
    for (int i = 0; i < 20; i++) {
        start_workers();
        CHECK_EQ(rn_test_run(is_virtual, NULL, NULL), 0);
        CHECK_EQ(rn_run(give_back, &i), i);
    }
}

/* ---- timers that threads set ---- */

TEST(timers_of_threads_fire_without_a_run)
{
    for (int i = 0; i < 20; i++) {
        int rc = 0;
        int64_t when;
        rn_unit unit;
        rn_ctx *ctx = rn_ctx_with_timeout(rn_ctx_background(), RN_MILLISECOND);
        rn_group *g = rn_group_new(NULL);
        rn_receiver(int64_t) after = rn_after(g, 2 * RN_MILLISECOND);
        CHECK_EQ(rn_recv_until(rn_ctx_done(ctx), &unit, rn_now() + RN_MINUTE), -EPIPE);
        CHECK_EQ(rn_ctx_err(ctx), -ETIMEDOUT);
        if (i % 2)
            CHECK_EQ(rn_run(give_back, &rc), 0); /* takes the workers over, with the timer */
        CHECK_EQ(rn_recv_until(after, &when, rn_now() + RN_MINUTE), 0);
        CHECK_EQ(rn_group_close(g), 0);
        rn_ctx_unref(ctx);
    }
}

/* ---- contexts that outlive the run ---- */

static rn_chan(rn_unit) foreign_done;

static rn_channel *done_of(void *self)
{
    (void)self;
    return rn_untyped(foreign_done);
}

static int nothing_to_do(rn_group *g, void *arg)
{
    (void)g;
    (void)arg;
    return 0;
}

TEST(context_of_the_users_own_is_followed_after_the_run)
{
    static const rn_ctx_ops ops = { .done = done_of };
    rn_group *g = rn_group_new(NULL);
    foreign_done = rn_make(g, rn_unit, 0);
    rn_ctx *ctx = rn_ctx_custom(&ops, NULL);
    CHECK_EQ(rn_run(nothing_to_do, NULL), 0);
    rn_close(foreign_done);
    for (int64_t end = rn_now() + RN_MINUTE; rn_ctx_err(ctx) == 0 && rn_now() < end;)
        usleep(100);
    CHECK_EQ(rn_ctx_err(ctx), -ECANCELED);
    rn_ctx_unref(ctx);
    CHECK_EQ(rn_run(nothing_to_do, NULL), 0);
    CHECK_EQ(rn_task_count(), 0);
    rn_group_close(g);
}
