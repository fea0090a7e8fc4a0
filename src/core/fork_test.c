/* SPDX-License-Identifier: MIT */
/* Forked calls: their results, whoever makes them, when they wait, fork and are cancelled; what
 * stays with its task; and what is refused. */
#include <runnel.h>

#include <pthread.h>
#include <stdatomic.h>
#include <string.h>

#include "kit/kit.h"

static int64_t fib(int k);
RN_FORK(fib, int64_t, int);

static int64_t fib(int k)
{
    if (k < 2)
        return k;
    rn_forked(fib) half;
    rn_fork(fib, &half, k - 1);
    int64_t b = fib(k - 2);
    return rn_join(fib, &half) + b;
}

TASK_TEST(fork_join_returns_the_results)
{
    CHECK_EQ(fib(1), 1);
    CHECK_EQ(fib(24), 46368);
    return 0;
}

/* ---- several records, no parameters, all of them ---- */

typedef struct board {
    unsigned columns, left, right, all;
} board;

static int queens(board b);
RN_FORK(queens, int, board);

static int queens(board b)
{
    if (b.columns == b.all)
        return 1;
    rn_forked(queens) places[16];
    int n = 0, found = 0;
    for (unsigned free = b.all & ~(b.columns | b.left | b.right); free; free &= free - 1) {
        unsigned at = free & -free;
        rn_fork(queens, &places[n++],
                (board){ b.columns | at, (b.left | at) << 1, (b.right | at) >> 1, b.all });
    }
    while (n-- > 0)
        found += rn_join(queens, &places[n]);
    return found;
}

TASK_TEST(fork_joins_an_array_in_reverse)
{
    CHECK_EQ(queens((board){ .all = 0xff }), 92);
    return 0;
}

static const char *name(void)
{
    return rn_name();
}
RN_FORK(name, const char *);

static double eight(char a, short b, int c, long d, float e, double f, const char *s, int *out)
{
    *out = (int)strlen(s);
    return a + b + c + (double)d + (double)e + f;
}
RN_FORK(eight, double, char, short, int, long, float, double, const char *, int *);

TASK_TEST(fork_passes_no_arguments_or_eight)
{
    int length = 0;
    rn_forked(name) first;
    rn_forked(eight) second;
    rn_fork(name, &first);
    rn_fork(eight, &second, 1, 2, 3, 4, 5, 6, "seven", &length);
    CHECK(rn_join(eight, &second) > 20.9);
    CHECK_EQ(length, 5);
    CHECK(rn_join(name, &first) != NULL);
    return 0;
}

/* ---- who makes the call ---- */

static _Atomic(int) running; /* calls of `mark` that have begun */

static int mark(int result)
{
    atomic_fetch_add(&running, 1);
    return result;
}
RN_FORK(mark, int, int);

/* Computes, without any call of the library, until a forked call has begun, or for so long. */
static bool begins_within(int64_t ns)
{
    for (int64_t end = rn_now() + ns; rn_now() < end;)
        if (atomic_load(&running) > 0)
            return true;
    return atomic_load(&running) > 0;
}

TASK_TEST(fork_is_taken_while_its_task_computes)
{
    rn_forked(mark) call;
    rn_fork(mark, &call, 7);
    CHECK_EQ(begins_within(rn_worker_count() > 1 ? 10 * RN_SECOND : RN_MILLISECOND),
             rn_worker_count() > 1);
    CHECK_EQ(rn_join(mark, &call), 7);
    return 0;
}

TASK_TEST(fork_of_a_pinned_task_stays)
{
    rn_pin();
    rn_forked(mark) call;
    rn_fork(mark, &call, 7);
    CHECK(!begins_within(30 * RN_MILLISECOND));
    CHECK_EQ(rn_join(mark, &call), 7);
    rn_unpin();
    return 0;
}

TASK_TEST(fork_under_a_shield_stays)
{
    rn_shield();
    rn_forked(mark) call;
    rn_fork(mark, &call, 7);
    CHECK(!begins_within(30 * RN_MILLISECOND));
    CHECK_EQ(rn_join(mark, &call), 7);
    rn_unshield();
    return 0;
}

/* ---- waiting ---- */

static int64_t slow_tree(int depth, rn_chan(int) c)
{
    int v = depth;
    CHECK_EQ(rn_send(c, v), 0);
    CHECK_EQ(rn_recv(c, &v), 0);
    if (depth % 3 == 0)
        rn_sleep(20 * RN_MICROSECOND);
    else
        rn_yield();
    return 1;
}

static int64_t waiting_tree(int depth, rn_chan(int) c);
RN_FORK(waiting_tree, int64_t, int, rn_chan(int));

static int64_t waiting_tree(int depth, rn_chan(int) c)
{
    if (depth == 0)
        return slow_tree(depth, c);
    rn_forked(waiting_tree) left, right;
    rn_fork(waiting_tree, &left, depth - 1, c);
    int64_t n = slow_tree(depth, c);
    rn_fork(waiting_tree, &right, depth - 1, c);
    n += slow_tree(depth, c);
    n += rn_join(waiting_tree, &right);
    return n + rn_join(waiting_tree, &left);
}

TASK_TEST(fork_tasks_that_wait_go_on_elsewhere)
{
    rn_chan(int) c = rn_make(g, int, 4096);
    CHECK_EQ(waiting_tree(8, c), 256 + 2 * 255);
    return 0;
}

static _Atomic(int) slept; /* calls of `sleeper` that are about to return */

static int sleeper(int64_t ns)
{
    atomic_fetch_add(&running, 1);
    int rc = rn_sleep(ns);
    atomic_fetch_add(&slept, 1);
    return rc;
}
RN_FORK(sleeper, int, int64_t);

TASK_TEST(fork_join_waits_for_a_taken_call)
{
    rn_forked(sleeper) call;
    rn_fork(sleeper, &call, 20 * RN_MILLISECOND);
    begins_within(rn_worker_count() > 1 ? 10 * RN_SECOND : 0);
    CHECK_EQ(rn_join(sleeper, &call), 0);
    CHECK_EQ(atomic_load(&slept), 1);
    return 0;
}

/* ---- groups ---- */

static bool is_inside(rn_group *g, rn_ctx *ctx)
{
    atomic_fetch_add(&running, 1);
    return rn_group_current() == g && rn_ctx_current() == ctx;
}
RN_FORK(is_inside, bool, rn_group *, rn_ctx *);

static int fork_inside(bool wait)
{
    rn_forked(is_inside) call;
    rn_fork(is_inside, &call, rn_group_current(), rn_ctx_current());
    if (wait)
        begins_within(rn_worker_count() > 1 ? 10 * RN_SECOND : 0);
    return rn_join(is_inside, &call) ? 0 : -EINVAL;
}
RN_TASK(fork_inside, bool);

TASK_TEST(fork_belongs_to_the_group)
{
    for (int wait = 0; wait < 2; wait++) {
        rn_group *inner = rn_group_new(NULL);
        CHECK_EQ(rn_group_limit(inner, 1), 0);
        CHECK_EQ(rn_go(inner, fork_inside, wait != 0), 0);
        CHECK_EQ(rn_group_wait(inner), 0);
        rn_group_close(inner);
        running = 0;
    }
    return 0;
}

static int fork_for_ever(void)
{
    rn_forked(sleeper) call;
    rn_fork(sleeper, &call, RN_FOREVER);
    begins_within(rn_worker_count() > 1 ? 10 * RN_SECOND : 0);
    CHECK_EQ(rn_join(sleeper, &call), -ECANCELED);
    return 0;
}
RN_TASK(fork_for_ever);

TASK_TEST(fork_is_cancelled_with_its_group)
{
    rn_group *inner = rn_group_new(NULL);
    CHECK_EQ(rn_go(inner, fork_for_ever), 0);
    while (running == 0)
        rn_sleep(RN_MILLISECOND);
    rn_sleep(2 * RN_MILLISECOND);
    rn_group_cancel(inner, -ETIMEDOUT);
    CHECK_EQ(rn_group_wait(inner), -ETIMEDOUT);
    rn_group_close(inner);
    return 0;
}

static int fib_task(int k, int64_t expected)
{
    return fib(k) == expected ? 0 : -EIO;
}
RN_TASK(fib_task, int, int64_t);

TASK_TEST(fork_serves_many_tasks)
{
    for (int i = 0; i < 200; i++)
        CHECK_EQ(rn_go(g, fib_task, 10 + i % 8, fib(10 + i % 8)), 0);
    return 0;
}

/* ---- depth, threads ---- */

static int deep(int n);
RN_FORK(deep, int, int);

static int deep(int n)
{
    if (n == 0)
        return 0;
    rn_forked(deep) next;
    rn_fork(deep, &next, n - 1);
    return rn_join(deep, &next) + 1;
}

TASK_TEST(fork_goes_as_deep_as_the_stack)
{
    CHECK_EQ(deep(2000), 2000);
    return 0;
}

TEST(fork_outside_of_a_run_calls)
{
    CHECK_EQ(fib(15), 610);
}

static void *fib_thread(void *arg)
{
    *(int64_t *)arg = fib(18);
    return NULL;
}

TASK_TEST(fork_on_a_foreign_thread_calls)
{
    pthread_t thread;
    int64_t result = 0;
    CHECK_EQ(pthread_create(&thread, NULL, fib_thread, &result), 0);
    CHECK_EQ(fib(20), 6765);
    pthread_join(thread, NULL);
    CHECK_EQ(result, 2584);
    return 0;
}

/* ---- what is refused ---- */

static int never(rn_receiver(int) c)
{
    atomic_fetch_add(&running, 1);
    return rn_wait(c);
}
RN_FORK(never, int, rn_receiver(int));

static int waits_for_never(rn_group *g, void *arg)
{
    (void)arg;
    rn_chan(int) c = rn_make(g, int, 0);
    rn_forked(never) call;
    rn_fork(never, &call, rn_rx(c));
    begins_within(rn_worker_count() > 1 ? 10 * RN_SECOND : 0);
    return rn_join(never, &call);
}

TEST_EXIT(fork_that_waits_for_ever_is_a_deadlock, 2, "all tasks are asleep - deadlock!")
{
    rn_run(waits_for_never, NULL);
}

static int joins_the_older_first(rn_group *g, void *arg)
{
    (void)g;
    (void)arg;
    rn_forked(mark) older, newer;
    rn_fork(mark, &older, 1);
    rn_fork(mark, &newer, 2);
    return rn_join(mark, &older);
}

TEST_EXIT(fork_joined_out_of_order_panics, 2, "a join of a call that is not the task's last fork")
{
    rn_run(joins_the_older_first, NULL);
}

static int joins_nothing(rn_group *g, void *arg)
{
    (void)g;
    rn_fork(mark, (rn_forked(mark) *)arg, 1);
    return 0;
}

TEST_EXIT(fork_without_a_join_panics, 2, "a task has ended without joining what it has forked")
{
    static rn_forked(mark) call;
    rn_run(joins_nothing, &call);
}

static void *forks_and_ends(void *call)
{
    rn_fork(mark, (rn_forked(mark) *)call, 1);
    return NULL;
}

TEST_EXIT(fork_without_a_join_in_a_thread_panics, 2,
          "a thread has ended without joining what it has forked")
{
    static rn_forked(mark) call;
    pthread_t thread;
    CHECK_EQ(pthread_create(&thread, NULL, forks_and_ends, &call), 0);
    CHECK_EQ(pthread_join(thread, NULL), 0);
}
