/* SPDX-License-Identifier: MIT */
/* Idle workers: they use no CPU, miss no wake-up, and are as many as asked for. */
/* kit: once */
/* kit: serial */
#define _GNU_SOURCE
#include <runnel.h>

#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "kit/kit.h"
#include "kit/run_with.h"

/* ---- idling ---- */

static int64_t cpu_ns(void)
{
    struct timespec ts;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &ts);
    return ts.tv_sec * RN_SECOND + ts.tv_nsec;
}

static _Atomic(int) waiting;

static int wait_for_nothing(rn_chan(int) c)
{
    atomic_fetch_add(&waiting, 1);
    int v, rc = rn_recv(c, &v);
    CHECK_EQ(rc, -ECANCELED);
    return 0;
}
RN_TASK(wait_for_nothing, rn_chan(int));

static int idle(rn_group *g, int parked)
{
    int ends[2];
    rn_group *h = rn_group_new(NULL);
    rn_chan(int) c = rn_make(g, int, 0);
    for (int i = 0; i < parked; i++)
        CHECK_EQ(rn_go(h, wait_for_nothing, c), 0);
    while (atomic_load(&waiting) < parked)
        rn_yield();
    CHECK_EQ(rn_sleep(50 * RN_MILLISECOND), 0);
    int64_t before = cpu_ns();
    CHECK_EQ(rn_sleep(300 * RN_MILLISECOND), 0);
    int64_t used = cpu_ns() - before;
    CHECK_EQ(pipe(ends), 0);
    before = cpu_ns();
    CHECK_EQ(rn_fd_wait(ends[0], RN_READABLE, rn_now() + 300 * RN_MILLISECOND), -ETIMEDOUT);
    int64_t used_io = cpu_ns() - before;
    if (kit_is_interactive())
        fprintf(stderr, "%d parked: %lld us asleep, %lld us on a pipe\n", parked,
                (long long)used / 1000, (long long)used_io / 1000);
    CHECK(used < 20 * RN_MILLISECOND);
    CHECK(used_io < 20 * RN_MILLISECOND);
    close(ends[0]);
    close(ends[1]);
    return rn_group_close(h);
}

static int idle_alone(rn_group *g, void *arg)
{
    (void)arg;
    return idle(g, 0);
}
WITH_WORKERS(1, idle_program_uses_no_cpu, idle_alone)
WITH_WORKERS(4, idle_program_uses_no_cpu, idle_alone)

static int idle_crowd(rn_group *g, void *arg)
{
    (void)arg;
    return idle(g, 10000);
}
WITH_WORKERS(2, idle_parked_tasks_use_no_cpu, idle_crowd)

struct rally {
    rn_chan(int) there, back;
};

static _Atomic(bool) attached;

static void *answer(void *arg)
{
    struct rally *r = arg;
    rn_yield(); /* from its first call on, the library knows of this thread */
    atomic_store(&attached, true);
    for (int v; rn_recv(r->there, &v) == 0;)
        if (rn_send(r->back, v + 1) != 0)
            break;
    return NULL;
}

/* Each round the workers go idle and are woken from outside. */
static int rally_with_thread(rn_group *g, void *arg)
{
    struct rally r = { rn_make(g, int, 0), rn_make(g, int, 0) };
    pthread_t t;
    (void)arg;
    CHECK_EQ(pthread_create(&t, NULL, answer, &r), 0);
    while (!atomic_load(&attached))
        sched_yield();
    for (int i = 0, v; i < 1000; i++) {
        CHECK_EQ(rn_send(r.there, i), 0);
        CHECK_EQ(rn_recv(r.back, &v), 0);
        CHECK_EQ(v, i + 1);
    }
    rn_close(r.there);
    CHECK_EQ(pthread_join(t, NULL), 0);
    return 0;
}

WITH_WORKERS(1, idle_no_wake_up_is_lost_between_idle_workers_and_a_thread, rally_with_thread)
WITH_WORKERS(2, idle_no_wake_up_is_lost_between_idle_workers_and_a_thread, rally_with_thread)
WITH_WORKERS(4, idle_no_wake_up_is_lost_between_idle_workers_and_a_thread, rally_with_thread)

static int count_workers(rn_group *g, void *arg)
{
    (void)g;
    CHECK_EQ(rn_worker_count(), *(unsigned *)arg);
    return 0;
}

TEST(idle_workers_default_to_the_cpus_of_the_process)
{
    cpu_set_t set;
    CHECK_EQ(sched_getaffinity(0, sizeof set, &set), 0);
    unsigned n = (unsigned)CPU_COUNT(&set);
    unsetenv("RUNNEL_WORKERS");
    CHECK_EQ(rn_run(count_workers, &n), 0);
}

TEST(idle_workers_are_as_many_as_the_environment_says)
{
    unsigned n = 200;
    run_with(n, count_workers, &n);
}
