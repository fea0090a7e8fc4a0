/* SPDX-License-Identifier: MIT */
/* RUNNEL_VERIFY=1: dumps, the one on SIGQUIT, and the report of leaks mark what is leaked. */
/* kit: not-under-tsan */
#define _GNU_SOURCE
#include <runnel.h>

#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <time.h>

#include "kit/capture.h"
#include "kit/dumped.h"
#include "kit/kit.h"
#include "kit/verified.h"

static struct capture c;
static rn_chan(int) volatile reachable;

static int lost(rn_receiver(int) in)
{
    int v;
    return rn_recv(in, &v);
}
RN_TASK(lost, rn_receiver(int));
static int found(rn_receiver(int) in)
{
    int v;
    return rn_recv(in, &v);
}
RN_TASK(found, rn_receiver(int));

NOT_INLINED static void plant(rn_group *g)
{
    reachable = rn_make(g, int, 0);
    CHECK_EQ(rn_go(g, lost, rn_rx(rn_make(g, int, 0))), 0);
    CHECK_EQ(rn_go(g, found, rn_rx(reachable)), 0);
}

NOT_INLINED static void plant_and_wait(rn_group *g)
{
    plant(g);
    until_dumped(" [chan receive", 2);
}

static int dump(rn_group *g, void *arg)
{
    (void)arg;
    plant_and_wait(g);
    rn_dump(2);
    return 0;
}

/* Once the task sleeps: what it has in registers until then counts. */
static void *send_signal(void *arg)
{
    struct timespec pause = { .tv_nsec = 50 * 1000 * 1000 };
    nanosleep(&pause, NULL);
    kill(getpid(), SIGQUIT);
    return arg;
}

static int dump_on_signal(rn_group *g, void *arg)
{
    (void)arg;
    plant_and_wait(g);
    pthread_t t;
    CHECK_EQ(pthread_create(&t, NULL, send_signal, NULL), 0);
    pthread_detach(t);
    rn_sleep(3 * RN_SECOND); /* the thread that dumps stops all others meanwhile */
    return 0;
}

static int (*body)(rn_group *g, void *arg);
static const char *leaks, *quit, *mark;
static int run_body(void)
{
    setenv("RUNNEL_VERIFY", mark, 1);
    setenv("RUNNEL_LEAKS", leaks, 1);
    setenv("RUNNEL_SIGQUIT", quit, 1);
    return rn_run(body, NULL);
}

static void run_with(int (*fn)(rn_group *, void *), const char *l, const char *q, const char *m)
{
    body = fn;
    leaks = l;
    quit = q;
    mark = m;
    capture(&c, run_body);
    CHECK_EQ(c.status, 0);
}

TEST(verify_marks_the_leaked_in_a_dump)
{
    run_with(dump, "off", "0", "1");
    capture_has(&c, " lost [chan receive, leaked] at ");
    capture_has(&c, " found [chan receive] at ");
    run_with(dump, "off", "0", "0");
    capture_has(&c, " lost [chan receive] at ");
    capture_has(&c, " found [chan receive] at ");
}

TEST(verify_marks_the_leaked_on_sigquit)
{
    run_with(dump_on_signal, "off", "1", "1");
    capture_has(&c, " lost [chan receive, leaked] at ");
    capture_has(&c, " found [chan receive] at ");
}

/* At the end the function's own variables are gone; what is in others is not. */
TEST(verify_marks_the_leaked_in_the_report_of_leaks)
{
    run_with(dump, "report", "0", "1");
    char *report = strstr(c.text, "runnel: 2 tasks leaked: still waiting");
    CHECK(report);
    CHECK(strstr(report, " lost [chan receive, leaked] at "));
    CHECK(strstr(report, " found [chan receive] at "));
}

static int choose(rn_receiver(int) a, rn_receiver(int) b)
{
    int v;
    return rn_select(RN_RECV(a, &v, NULL), RN_RECV(b, &v, NULL));
}
RN_TASK(choose, rn_receiver(int), rn_receiver(int));
NOT_INLINED static void plant_choice(rn_group *g)
{
    CHECK_EQ(rn_go(g, choose, rn_rx(rn_make(g, int, 0)), rn_rx(rn_make(g, int, 0))), 0);
    until_dumped(" choose [select]", 1);
}
TASK_TEST(verify_lists_every_channel_that_the_leaked_wait_on)
{
    int channels = 0;
    rn_chan(int) other = rn_make(g, int, 0);
    setenv("RUNNEL_LEAKS", "off", 1);
    plant_choice(g);
    VERIFY(1, "a select");
    for (const char *at = verified_text; (at = strstr(at, "\n  channel ")) != NULL; at++)
        channels++;
    CHECK_EQ(channels, 2); /* and not the other */
    rn_close(other);
    return 0;
}

static int in_simulation(rn_group *g, void *arg)
{
    (void)arg;
    plant(g);
    rn_test_wait();
    CHECK_EQ(rn_verify_none(), 1);
    return 0;
}
static rn_test_options options;
static int run_simulated(void)
{
    setenv("RUNNEL_LEAKS", "off", 1);
    return rn_test_run(in_simulation, NULL, &options);
}
TEST(verify_works_in_simulated_runs)
{
    /* Each in a process of its own: a channel may be where one was that something still names. */
    options = (rn_test_options){ .seed = 7 };
    capture(&c, run_simulated);
    capture_has(&c, " lost [chan receive] at ");
    CHECK_EQ(c.status, 0);
    options = (rn_test_options){ .runs = 20, .strategy = RN_TEST_PCT };
    capture(&c, run_simulated);
    CHECK_EQ(c.status, 0);
}
