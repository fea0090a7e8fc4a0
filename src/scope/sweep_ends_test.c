/* SPDX-License-Identifier: MIT */
/* What a sweep makes of runs that end the process, or do not end, and of wrong calls. */
/* kit: not-under-qemu */
#include <runnel.h>

#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/time.h>
#include <unistd.h>

#include "kit/capture.h"
#include "kit/kit.h"
#include "scope/trial.h"

static int idle(void)
{
    return 0;
}
RN_TASK(idle);

static int starts_one(rn_group *g, void *arg)
{
    (void)arg;
    rn_go(g, idle);
    return rn_yield();
}

TEST(sweep_refuses_what_makes_no_sense)
{
    rn_test_options o = { .strategy = (rn_test_strategy)3 };
    CHECK_EQ(rn_test_run(starts_one, NULL, &o), -EINVAL);
    o.strategy = (rn_test_strategy)-1;
    CHECK_EQ(rn_test_run(starts_one, NULL, &o), -EINVAL);
    CHECK_EQ(rn_test_run(NULL, NULL, NULL), -EINVAL);
}

/* ---- runs that end the process ---- */

static pid_t home; /* where the last run is made */

static int ends_with_0(rn_group *g, void *arg)
{
    (void)g;
    (void)arg;
    if (getpid() != home)
        exit(0);
    return 0;
}

static int sweep_of_exits(bool together)
{
    rn_test_report r;
    rn_test_options o = { .runs = 5, .together = together, .report = &r };
    home = getpid();
    int rc = rn_test_run(ends_with_0, NULL, &o);
    CHECK_EQ(rc, -ECHILD); /* here it does not happen */
    CHECK(r.failed);
    CHECK_EQ(r.seed, 1);
    CHECK_STR(r.schedule, "0:0");
    return 0;
}

static int exits(void)
{
    return sweep_of_exits(false);
}

static int exits_together(void)
{
    return sweep_of_exits(true);
}

TEST(sweep_tells_that_a_run_has_ended_the_process_without_an_error)
{
    struct capture c;
    capture(&c, exits);
    CHECK_EQ(c.status, 0);
    capture_has(&c, "run 1 failed: the process ended with status 0\n");
    capture(&c, exits_together);
    CHECK_EQ(c.status, 0);
    capture_has(&c, "run 1 failed: the process ended with status 0\n");
}

static int status_is_taken(void)
{
    signal(SIGCHLD, SIG_IGN); /* then waitpid has nothing to tell */
    return exits();
}

static int sweep_without_statuses(void)
{
    rn_test_report r;
    signal(SIGCHLD, SIG_IGN);
    CHECK_EQ(rn_test_run(starts_one, NULL, &(rn_test_options){ .runs = 5, .report = &r }), 0);
    CHECK_EQ(r.runs, 5);
    return 0;
}

TEST(sweep_works_where_the_program_ignores_its_children)
{
    struct capture c;
    capture(&c, status_is_taken);
    CHECK_EQ(c.status, 0);
    capture_has(&c, "run 1 failed: the process ended (how is not known: ");
    capture(&c, sweep_without_statuses);
    CHECK_EQ(c.status, 0);
}

static int returns_1(rn_group *g, void *arg)
{
    (void)g;
    (void)arg;
    return 1;
}

static int result_of_1(void)
{
    return rn_test_run(returns_1, NULL, &(rn_test_options){ .runs = 5 });
}

TEST(sweep_takes_no_positive_result_for_an_error_code)
{
    struct capture c;
    capture(&c, result_of_1);
    CHECK_EQ(c.status, 1);
    capture_has(&c, "run 1 failed: the result was 1\n");
    capture_has(&c, "RUNNEL_SCHEDULE=0:0 ");
    capture_lacks(&c, "decision"); /* there was none but the default */
}

static int has_bad_luck(rn_group *g, void *arg)
{
    (void)g;
    (void)arg;
    return RN_BUGGIFY ? -EPROTO : 0;
}

static int sweep_of_bad_luck(void)
{
    return -rn_test_run(has_bad_luck, NULL, &(rn_test_options){ .runs = 100, .faults = 1 });
}

TEST(sweep_tells_where_bad_luck_was)
{
    struct capture c;
    capture(&c, sweep_of_bad_luck);
    CHECK_EQ(c.status, EPROTO);
    capture_has(&c, "main has bad luck at ");
    capture_has(&c, "sweep_ends_test.c:");
}

static int one_by_pct(void)
{
    rn_test_options o = { .strategy = RN_TEST_PCT, .seed = 7 };
    return rn_test_run(returns_1, NULL, &o);
}

static int one_exhaustive(void)
{
    return rn_test_run(returns_1, NULL, &(rn_test_options){ .strategy = RN_TEST_EXHAUSTIVE });
}

TEST(sim_tells_the_whole_setting_that_repeats_a_run)
{
    struct capture c;
    capture(&c, one_by_pct);
    capture_has(&c, "repeated by RUNNEL_STRATEGY=pct RUNNEL_SEED=7 ");
    capture(&c, one_exhaustive);
    capture_has(&c, "repeated by RUNNEL_SCHEDULE=0:0 ");
}

static int fails_the_second_time(rn_group *g, void *arg)
{
    static int times;
    (void)g;
    (void)arg;
    return ++times == 2 ? -EPROTO : 0;
}

static int sweep_from_the_last_seed(void)
{
    rn_test_report r;
    rn_test_options o = { .seed = UINT64_MAX, .runs = 3, .together = true, .report = &r };
    CHECK_EQ(rn_test_run(fails_the_second_time, NULL, &o), -EPROTO);
    CHECK_EQ(r.seed, 1);
    return 0;
}

TEST(sim_seeds_go_on_at_one_after_the_last)
{
    struct capture c;
    capture(&c, sweep_from_the_last_seed);
    CHECK_EQ(c.status, 0);
}

TEST(sim_exhaustive_search_ends_when_its_bound_keeps_nothing_out)
{
    rn_test_report r;
    rn_test_options o = { .strategy = RN_TEST_EXHAUSTIVE,
                          .preemptions = UINT32_MAX,
                          .runs = 10000,
                          .together = true,
                          .report = &r };
    CHECK_EQ(rn_test_run(starts_one, NULL, &o), 0);
    CHECK(r.exhausted);
    CHECK(r.runs < 1000);
}

/* ---- runs that do not end ---- */

static void nothing(int sig)
{
    (void)sig;
}

static int computes_for_ever(rn_group *g, void *arg)
{
    (void)g;
    (void)arg;
    for (volatile unsigned i = 1; i != 0; i |= 1)
        continue;
    return 0;
}

/* A profiler's timer must not give the run more time, nor may the run be repeated here. */
static int sweep_without_end(void)
{
    struct itimerval often = { { 0, 20000 }, { 0, 20000 } };
    rn_test_report r;
    rni_trial_patience_ms = 1000;
    signal(SIGALRM, nothing);
    setitimer(ITIMER_REAL, &often, NULL);
    rn_test_options o = { .runs = 3, .report = &r };
    CHECK_EQ(rn_test_run(computes_for_ever, NULL, &o), -ETIMEDOUT);
    CHECK(r.failed);
    CHECK_EQ(r.seed, 1);
    return 0;
}

TEST(sweep_ends_when_a_run_does_not)
{
    struct capture c;
    capture(&c, sweep_without_end);
    CHECK_EQ(c.status, 0);
    capture_has(&c, "run 1 failed: it did not end within 1 s\n");
}

static struct seen {
    _Atomic(pid_t) child;
} * seen;

static int says_that_it_runs(rn_group *g, void *arg)
{
    atomic_store(&seen->child, getpid());
    return computes_for_ever(g, arg);
}

TEST(sweep_leaves_no_run_behind_when_it_is_killed)
{
    enum { PATIENCE = 500 };
    seen = mmap(NULL, sizeof *seen, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    CHECK(seen != MAP_FAILED);
    pid_t sweep = fork();
    if (sweep == 0)
        _exit(rn_test_run(says_that_it_runs, NULL, &(rn_test_options){ .runs = 3 }) != 0);
    pid_t child;
    while ((child = atomic_load(&seen->child)) == 0)
        usleep(1000);
    kill(sweep, SIGKILL);
    CHECK_EQ(waitpid(sweep, NULL, 0), sweep);
    for (int i = 0; i < PATIENCE; i++) { /* somebody else reaps it: its state is what ends */
        char path[64], text[512] = "";
        snprintf(path, sizeof path, "/proc/%d/stat", child);
        FILE *f = fopen(path, "r");
        size_t n = f ? fread(text, 1, sizeof text - 1, f) : 0;
        text[n] = '\0';
        if (f)
            fclose(f);
        const char *state = strrchr(text, ')');
        if (!f || (state && state[2] == 'Z'))
            return;
        usleep(10000);
    }
    kill(child, SIGKILL);
    kit_fail(__FILE__, __LINE__, "the child still runs");
}

/* ---- threads ---- */

static void *sleeps(void *ready)
{
    atomic_store((_Atomic(bool) *)ready, true);
    while (rn_sleep(RN_MILLISECOND) == 0)
        continue;
    return NULL;
}

static int waits_in_vain(rn_group *g, void *arg)
{
    (void)arg;
    return getpid() == home ? 0 : rn_wait(rn_make(g, int, 0));
}

static int sweep_beside_a_thread(void)
{
    static _Atomic(bool) ready;
    pthread_t t;
    CHECK_EQ(pthread_create(&t, NULL, sleeps, (void *)&ready), 0);
    while (!atomic_load(&ready))
        usleep(1000);
    usleep(10000); /* it sleeps when the children are made */
    home = getpid();
    return rn_test_run(waits_in_vain, NULL, &(rn_test_options){ .runs = 3 }) == -ECHILD ? 0 : 1;
}

TEST(sweep_counts_no_threads_that_its_children_do_not_have)
{
    struct capture c;
    capture(&c, sweep_beside_a_thread);
    CHECK_EQ(c.status, 0);
    capture_has(&c, "run 1 failed: the process ended with status 2\n"); /* a deadlock, at once */
}
