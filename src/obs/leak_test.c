/* SPDX-License-Identifier: MIT */
/* The leak report: tasks that still wait for others when rn_run's function returns. */
#include <runnel.h>

#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "kit/capture.h"
#include "kit/dumped.h"
#include "kit/kit.h"

static struct capture c;
static const char *mode;
static int (*body)(rn_group *g, void *arg);

static int run_body(void)
{
    if (mode)
        setenv("RUNNEL_LEAKS", mode, 1);
    else
        unsetenv("RUNNEL_LEAKS");
    CHECK_EQ(rn_run(body, NULL), 0);
    CHECK_EQ(rn_task_count(), 0); /* reported, then cancelled like any other */
    return 0;
}

static void run_with(const char *leaks, int (*fn)(rn_group *g, void *arg))
{
    mode = leaks;
    body = fn;
    capture(&c, run_body);
}

/* ---- one task of each kind ---- */

struct world {
    rn_chan(int) empty, nil;
    rn_mutex mutex, cond_mutex;
    rn_rwmutex rw;
    rn_waitgroup wg;
    rn_cond cond;
    rn_semaphore sem;
};
static struct world w;

static int leak(int how)
{
    int v;
    switch (how) {
    case 0: return rn_recv(w.empty, &v);
    case 1: return rn_send(w.empty, 1);
    case 2: return rn_recv(w.nil, &v);
    case 3: return rn_send(w.nil, 1);
    case 4: return rn_select(RN_RECV(w.nil, &v, NULL), RN_DONE(w.empty));
    case 5: return rn_select_n(NULL, 0);
    case 6: return rn_mutex_lock(&w.mutex);
    case 7: return rn_rwmutex_lock(&w.rw);
    case 8: return rn_rwmutex_rlock(&w.rw);
    case 9: return rn_waitgroup_wait(&w.wg);
    case 10: return rn_semaphore_acquire(&w.sem, 1);
    default: CHECK_EQ(rn_mutex_lock(&w.cond_mutex), 0); return rn_cond_wait(&w.cond, &w.cond_mutex);
    }
}
RN_TASK(leak, int);

static const char *const reasons[] = {
    "[chan receive] at ",
    "[chan send] at ",
    "[chan receive (nil chan)] at ",
    "[chan send (nil chan)] at ",
    "[select] at ",
    "[select (no cases)] at ",
    "[mutex lock] at ",
    "[rwmutex write lock] at ",
    "[rwmutex read lock] at ",
    "[waitgroup wait] at ",
    "[semaphore acquire] at ",
    "[cond wait] at ",
};

static int leak_one(rn_group *g, void *arg)
{
    static int how;
    (void)arg;
    how = atoi(getenv("LEAK"));
    w.empty = rn_make(g, int, 0);
    CHECK_EQ(rn_mutex_lock(&w.mutex), 0);
    CHECK_EQ(rn_rwmutex_lock(&w.rw), 0);
    rn_waitgroup_add(&w.wg, 1);
    rn_attr attr = { .name = "leaky" };
    CHECK_EQ(rn_go_with(g, &attr, leak, how), 0);
    until_dumped(reasons[how], 1);
    return 0;
}

TEST(leak_report_names_the_task_its_reason_and_its_spawn_site)
{
    for (int i = 0; i < (int)(sizeof reasons / sizeof *reasons); i++) {
        char text[16];
        snprintf(text, sizeof text, "%d", i);
        setenv("LEAK", text, 1);
        run_with(NULL, leak_one);
        CHECK_EQ(c.status, 0);
        capture_has(&c, "runnel: 1 task leaked: still waiting when rn_run's function returned\n");
        capture_has(&c, " leaky [");
        capture_has(&c, reasons[i]);
        capture_has(&c, "leak_test.c:");
        capture_has(&c, ", started at ");
    }
}

/* ---- patterns ---- */

static int double_send(rn_chan(int) out)
{
    int rc = rn_send(out, 1);
    return rc ? rc : rn_send(out, 2);
}
RN_TASK(double_send, rn_chan(int));

static int ncast(rn_group *g, void *arg)
{
    rn_chan(int) out = rn_make(g, int, 0);
    int v;
    (void)arg;
    for (int i = 0; i < 5; i++)
        CHECK_EQ(rn_go(g, double_send, out), 0);
    for (int i = 0; i < 3; i++)
        CHECK_EQ(rn_recv(out, &v), 0);
    for (const char *text = dumped();
         lines_with(text, " double_send [chan send]") < lines_with(text, "double_send"); dumped())
        rn_yield();
    return 0; /* seven values nobody takes: five senders wait, or one has sent both and ended */
}

static int drain(rn_chan(int) in)
{
    for (int v; rn_recv(in, &v) == 0;)
        ;
    return 0;
}
RN_TASK(drain, rn_chan(int));

static int never_closed(rn_group *g, void *arg)
{
    (void)arg;
    rn_group *below = rn_group_new(NULL); /* not closed either */
    rn_chan(int) c2 = rn_make(below, int, 0);
    CHECK_EQ(rn_go(below, drain, c2), 0);
    CHECK_EQ(rn_go(g, drain, c2), 0);
    CHECK_EQ(rn_send(c2, 1), 0);
    until_dumped(" drain [chan receive] at ", 2);
    return 0;
}

TEST(leak_report_counts_all_also_in_groups_below)
{
    run_with(NULL, never_closed);
    CHECK_EQ(c.status, 0);
    capture_has(&c, "runnel: 2 tasks leaked");
    capture_has(&c, " drain [chan receive] at ");
    run_with("report", ncast);
    CHECK_EQ(c.status, 0);
    capture_has(&c, "leaked: still waiting");
    capture_has(&c, " double_send [chan send] at ");
}

TEST(leak_report_can_be_switched_off_or_made_a_failure)
{
    run_with("off", never_closed);
    CHECK_EQ(c.status, 0);
    CHECK_STR(c.text, "");
    run_with("fail", never_closed);
    CHECK_EQ(c.status, 3);
    capture_has(&c, "runnel: 2 tasks leaked");
}

/* ---- not leaks ---- */

static int wait_in_background(rn_receiver(int) never)
{
    int v;
    return rn_recv(never, &v) == 0;
}
RN_TASK(wait_in_background, rn_receiver(int));

static int first_of_many(rn_group *g, void *arg)
{
    int sum = 0, v;
    (void)arg;
    rn_receiver(int) ones = rn_take(g, rn_repeat(g, int, 1), 10);
    while (rn_recv(ones, &v) == 0)
        sum += v;
    rn_attr attr = { .background = true };
    CHECK_EQ(rn_go_with(g, &attr, wait_in_background, rn_rx(rn_make(g, int, 0))), 0);
    CHECK_EQ(rn_yield(), 0);
    return sum == 10 ? 0 : -1;
}

static int stages_program(void)
{
    setenv("RUNNEL_LEAKS", "fail", 1);
    return rn_run(first_of_many, NULL);
}

TEST(leak_is_not_what_serves_its_group_in_the_background)
{
    capture(&c, stages_program);
    CHECK_EQ(c.status, 0);
    CHECK_EQ(strcmp(c.text, ""), 0);
}

static int snore(void)
{
    return rn_sleep(RN_MINUTE);
}
RN_TASK(snore);

static int nap_thread(void *arg)
{
    struct timespec ts = { .tv_nsec = 5 * 1000 * 1000 };
    (void)arg;
    nanosleep(&ts, NULL);
    return 0;
}

static int call(void)
{
    return rn_blocking(nap_thread, NULL);
}
RN_TASK(call);

static int close_and_return(rn_group *g, void *arg)
{
    (void)arg;
    rn_chan(int) in = rn_make(g, int, 0);
    for (int i = 0; i < 20; i++)
        CHECK_EQ(rn_go(g, drain, in), 0);
    until_dumped("[chan receive]", 20);
    rn_close(in); /* they are about to end */
    return 0;
}

static int ends_by_itself(rn_group *g, void *arg)
{
    (void)arg;
    CHECK_EQ(rn_go(g, snore), 0);
    CHECK_EQ(rn_go(g, call), 0);
    until_dumped(" snore [sleep]", 1);
    return 0;
}

static int cancelled_before(rn_group *g, void *arg)
{
    (void)arg;
    rn_group *h = rn_group_new(NULL);
    CHECK_EQ(rn_go(h, drain, rn_make(g, int, 0)), 0);
    until_dumped("[chan receive]", 1);
    rn_group_cancel(h, 0);
    return 0;
}

TEST(leak_report_is_silent_about_tasks_that_end_by_themselves)
{
    int (*const programs[])(rn_group *, void *) = { close_and_return, ends_by_itself,
                                                    cancelled_before };
    for (int i = 0; i < 3; i++) {
        run_with("fail", programs[i]);
        CHECK_STR(c.text, "");
        CHECK_EQ(c.status, 0);
    }
}

static int count_leaks(void)
{
    rn_stats stats;
    unsetenv("RUNNEL_LEAKS");
    CHECK_EQ(rn_run(never_closed, NULL), 0);
    rn_stats_read(&stats);
    return (int)stats.tasks_leaked;
}

TEST(leak_statistics_count_them)
{
    capture(&c, count_leaks);
    CHECK_EQ(c.status, 2);
}
