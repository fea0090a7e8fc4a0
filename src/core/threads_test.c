/* SPDX-License-Identifier: MIT */
/*
 * Running out of threads: it is reported, nothing hangs, and it is over when there are threads
 * again. This file's pthread_create takes the place of the system's and refuses on request, because
 * no limit of the system binds every user in every container; one test uses the real limit.
 */
#define _GNU_SOURCE
#include <runnel.h>

#include <dlfcn.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include "kit/kit.h"
#include "os/os.h"

/* How many more threads may be made, and how many were. */
static _Atomic(int) allowance = 1 << 20, made;
/* How many were refused; and how many must have asked before the first is. */
static _Atomic(int) refused, refuse_together;

/* A sanitizer must see new threads; clang's give their own pthread_create this second name. */
extern __attribute__((weak)) __typeof__(pthread_create) __interceptor_pthread_create;

int pthread_create(pthread_t *restrict t, const pthread_attr_t *restrict attr, void *(*fn)(void *),
                   void *restrict arg)
{
    if (atomic_fetch_sub(&allowance, 1) <= 0) {
        int n = atomic_fetch_add(&refused, 1) + 1;
        while (n < atomic_load(&refuse_together) && atomic_load(&refused) < n + 1)
            ; /* until there is another */
        return EAGAIN;
    }
    atomic_fetch_add(&made, 1);
    __typeof__(pthread_create) *next = __interceptor_pthread_create;
    if (!next)
        *(void **)&next = dlsym(RTLD_NEXT, "pthread_create");
    return next(t, attr, fn, arg);
}

static void allow(int threads)
{
    atomic_store(&allowance, threads);
    atomic_store(&made, 0);
}

static void use_workers(const char *count)
{
    CHECK_EQ(setenv("RUNNEL_WORKERS", count, 1), 0);
}

static int note_run(rn_group *g, void *arg)
{
    (void)g;
    ++*(int *)arg;
    return 0;
}

/* A joined thread is still counted for a moment, until the system has buried it. */
static void expect_threads(unsigned n)
{
    for (int i = 0; i < 5000 && rni_os_thread_count() != n; i++)
        usleep(1000);
    CHECK_EQ(rni_os_thread_count(), n);
}

static void *waits_at(void *barrier)
{
    pthread_barrier_wait(barrier);
    return NULL;
}

/* How many threads there are once one has been made: with the first, a sanitizer may start one of
 * its own. */
static unsigned threads_before(void)
{
    pthread_barrier_t barrier;
    pthread_t t;
    pthread_barrier_init(&barrier, NULL, 2);
    CHECK_EQ(pthread_create(&t, NULL, waits_at, &barrier), 0);
    unsigned with = rni_os_thread_count();
    pthread_barrier_wait(&barrier);
    CHECK_EQ(pthread_join(t, NULL), 0);
    pthread_barrier_destroy(&barrier);
    expect_threads(with - 1);
    return with - 1;
}

TEST(threads_that_run_out_make_a_run_return_and_the_next_one_works)
{
    int runs = 0;
    use_workers("4");
    unsigned before = threads_before();
    for (int allowed = 0; allowed < 3; allowed++) {
        allow(allowed);
        CHECK_EQ(rn_run(note_run, &runs), -EAGAIN);
        CHECK_EQ(atomic_load(&made), allowed);
        CHECK_EQ(runs, 0);
        CHECK_EQ(rn_task_count(), 0);
        expect_threads(before); /* those that had started have ended */
    }
    for (int i = 1; i <= 2; i++) {
        allow(3);
        CHECK_EQ(rn_run(note_run, &runs), 0);
        CHECK_EQ(runs, i);
    }
}

TEST(threads_are_not_needed_by_one_worker)
{
    int runs = 0;
    use_workers("1");
    allow(0);
    CHECK_EQ(rn_run(note_run, &runs), 0);
    CHECK_EQ(runs, 1);
}

/* ---- the program's own ---- */

static void *sends_late(void *arg)
{
    rn_chan(int) c = *(rn_chan(int) *)arg;
    usleep(250 * 1000); /* the workers ask every tenth of a second */
    CHECK_EQ(rn_send(c, 7), 0);
    return NULL;
}

/* All tasks are asleep, and nothing has told the library of the thread that will wake one. */
TASK_TEST(threads_that_have_yet_to_call_are_waited_for)
{
    rn_chan(int) c = rn_make(g, int, 0);
    pthread_t t;
    int v = 0;
    CHECK_EQ(pthread_create(&t, NULL, sends_late, &c), 0);
    CHECK_EQ(rn_recv(c, &v), 0);
    CHECK_EQ(v, 7);
    CHECK_EQ(pthread_join(t, NULL), 0);
    return 0;
}

/* ---- blocking calls ---- */

static int count_call(void *arg)
{
    return ++*(int *)arg;
}

TASK_TEST(threads_that_run_out_make_a_blocking_call_return)
{
    int calls = 0;
    allow(0);
    for (int i = 0; i < 100; i++)
        CHECK_EQ(rn_blocking(count_call, &calls), -EAGAIN);
    CHECK_EQ(calls, 0);
    allow(1);
    CHECK_EQ(rn_blocking(count_call, &calls), 1);
    allow(0);
    CHECK_EQ(rn_blocking(count_call, &calls), 2); /* the helper is still there */
    return 0;
}

static int wait_for_flag(void *arg)
{
    while (!atomic_load((_Atomic(bool) *)arg))
        usleep(1000);
    return 0;
}

static int block_on_flag(_Atomic(bool) *flag)
{
    return rn_blocking(wait_for_flag, flag);
}
RN_TASK(block_on_flag, _Atomic(bool) *);

static int block_and_count(int *calls)
{
    return rn_blocking(count_call, calls) == 1 ? 0 : -EINVAL;
}
RN_TASK(block_and_count, int *);

/* With one helper at work and no thread for a second, the call waits its turn. */
TASK_TEST(threads_that_run_out_leave_a_blocking_call_to_the_helper_that_is_there)
{
    _Atomic(bool) flag = false;
    int calls = 0;
    allow(1);
    CHECK_EQ(rn_go(g, block_on_flag, &flag), 0);
    while (atomic_load(&made) == 0)
        rn_yield();
    rn_group *h = rn_group_new(NULL);
    CHECK_EQ(rn_go(h, block_and_count, &calls), 0);
    CHECK_EQ(rn_sleep(5 * RN_MILLISECOND), 0);
    atomic_store(&flag, true);
    CHECK_EQ(rn_group_wait(h), 0);
    CHECK_EQ(calls, 1);
    CHECK_EQ(rn_group_close(h), 0);
    return 0;
}

static int block_in_vain(_Atomic(int) *failed)
{
    int calls = 0;
    CHECK_EQ(rn_blocking(count_call, &calls), -EAGAIN);
    atomic_fetch_add(failed, 1);
    return 0;
}
RN_TASK(block_in_vain, _Atomic(int) *);

static int two_calls(rn_group *g, void *arg)
{
    _Atomic(int) failed = 0;
    (void)g;
    (void)arg;
    rn_group *h = rn_group_new(NULL);
    allow(0);
    atomic_store(&refused, 0);
    atomic_store(&refuse_together, 2);
    CHECK_EQ(rn_go(h, block_in_vain, &failed), 0);
    CHECK_EQ(rn_go(h, block_in_vain, &failed), 0);
    CHECK_EQ(rn_group_wait(h), 0);
    CHECK_EQ(atomic_load(&failed), 2);
    rn_group_close(h);
    atomic_store(&refuse_together, 0);
    allow(1 << 20);
    return 0;
}

/* Two calls ask for a helper each; while the first is refused the second's seems to be coming. */
TEST(threads_that_run_out_for_two_calls_at_once_fail_both)
{
    use_workers("2");
    for (int i = 0; i < 20; i++)
        CHECK_EQ(rn_run(two_calls, NULL), 0);
}

/* ---- where no result can be returned ---- */

static int succeed(void)
{
    return 0;
}
RN_TASK(succeed);

TEST_EXIT(threads_that_run_out_end_a_process_whose_thread_starts_a_task, 2,
          "the workers cannot be started: ")
{
    rn_group *g = rn_group_new(NULL);
    CHECK(g != NULL);
    allow(0);
    (void)rn_go(g, succeed);
    rn_group_close(g);
}

static int outlive(void)
{
    return rn_sleep(RN_MINUTE);
}
RN_TASK(outlive);

static void *open_a_group(void *arg)
{
    rn_group *g = rn_group_new(NULL);
    (void)arg;
    CHECK_EQ(rn_go(g, outlive), 0);
    return NULL;
}

static int leave_a_task_behind(rn_group *g, void *arg)
{
    pthread_t t;
    (void)g;
    (void)arg;
    CHECK_EQ(pthread_create(&t, NULL, open_a_group, NULL), 0);
    CHECK_EQ(pthread_join(t, NULL), 0);
    allow(0);
    return 0;
}

/* main's thread was worker 0, and a task of another thread's group goes on. */
TEST_EXIT(threads_that_run_out_end_a_process_that_needs_one_for_mains_worker, 2,
          "no thread for worker 0: ")
{
    (void)rn_run(leave_a_task_behind, NULL);
}

/* ---- the system's own limit ---- */

static void *do_nothing(void *arg)
{
    return arg;
}

TEST(threads_of_a_user_at_the_systems_limit_run_out)
{
    int runs = 0;
    struct rlimit old, limit;
    pthread_t t;
    if (getuid() == 0 && setuid(65534) != 0) /* the limit does not bind root */
        kit_skip("cannot give up being root");
    CHECK_EQ(prctl(PR_SET_DUMPABLE, 1), 0); /* for the leak sanitizer, which traces at the end */
    CHECK_EQ(getrlimit(RLIMIT_NPROC, &old), 0);
    limit = old;
    limit.rlim_cur = 1;
    CHECK_EQ(setrlimit(RLIMIT_NPROC, &limit), 0);
    if (pthread_create(&t, NULL, do_nothing, NULL) == 0) {
        pthread_join(t, NULL);
        kit_skip("RLIMIT_NPROC does not bind this user here");
    }
    use_workers("2");
    CHECK_EQ(rn_run(note_run, &runs), -EAGAIN);
    CHECK_EQ(runs, 0);
    CHECK_EQ(setrlimit(RLIMIT_NPROC, &old), 0);
    CHECK_EQ(rn_run(note_run, &runs), 0);
    CHECK_EQ(runs, 1);
}

TEST(threads_that_run_out_leave_sigquit_as_it_was)
{
    allow(0);
    CHECK_EQ(rn_dump_on_sigquit(), -EAGAIN);
    CHECK_EQ(rn_dump_on_sigquit(), -EAGAIN);
    CHECK(signal(SIGQUIT, SIG_DFL) == SIG_DFL);
}
