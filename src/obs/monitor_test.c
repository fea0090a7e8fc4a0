/* SPDX-License-Identifier: MIT */
/* RUNNEL_HOG: tasks that let no other run are named, once each time; others never are. */
/* kit: once */
#include <runnel.h>

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "kit/capture.h"
#include "kit/kit.h"

enum { LIMIT_MS = 50 };
static struct capture c;
static int times;

static int compute(int64_t ns)
{
    for (int64_t end = rn_now() + ns; rn_now() < end;) {}
    return 0;
}

static int crunch(int n)
{
    for (int i = 0; i < n; i++) {
        compute(5 * LIMIT_MS * RN_MILLISECOND);
        rn_yield();
    }
    return 0;
}
RN_TASK(crunch, int);

static int polite(void)
{
    for (int64_t end = rn_now() + 5 * LIMIT_MS * RN_MILLISECOND; rn_now() < end;) {
        compute(RN_MILLISECOND);
        rn_yield();
    }
    return 0;
}
RN_TASK(polite);

static int sleeps(void *arg)
{
    (void)arg;
    return usleep(5 * LIMIT_MS * 1000);
}

static int helped(void)
{
    return rn_blocking(sleeps, NULL);
}
RN_TASK(helped);

static int waits(void)
{
    return rn_sleep(5 * LIMIT_MS * RN_MILLISECOND);
}
RN_TASK(waits);

static int hogs(rn_group *g, void *arg)
{
    (void)arg;
    rn_group *h = rn_group_new(rn_group_ctx(g));
    CHECK_EQ(rn_go(h, crunch, times), 0);
    CHECK_EQ(rn_group_wait(h), 0);
    return rn_group_close(h);
}

static int others(rn_group *g, void *arg)
{
    (void)arg;
    rn_group *h = rn_group_new(rn_group_ctx(g));
    CHECK_EQ(rn_go(h, polite), 0);
    CHECK_EQ(rn_go(h, helped), 0);
    CHECK_EQ(rn_go(h, waits), 0);
    CHECK_EQ(rn_group_wait(h), 0);
    return rn_group_close(h);
}

static int run_hogs(void)
{
    setenv("RUNNEL_HOG", "50", 1);
    return rn_run(hogs, NULL);
}

static int run_others(void)
{
    setenv("RUNNEL_HOG", "50", 1);
    return rn_run(others, NULL);
}

static int run_unwatched(void)
{
    setenv("RUNNEL_HOG", "50", 1);
    CHECK_EQ(rn_run(others, NULL), 0);
    setenv("RUNNEL_HOG", "0", 1);
    return rn_run(hogs, NULL);
}

static int lines_about(const char *who)
{
    int n = 0;
    for (const char *p = c.text; (p = strstr(p, who)) != NULL; p++)
        n++;
    return n;
}

TEST(monitor_names_a_task_that_lets_no_other_run_once_each_time)
{
    for (times = 1; times <= 3; times++) {
        capture(&c, run_hogs);
        CHECK_EQ(c.status, 0);
        CHECK_EQ(lines_about("runnel: task crunch, started at "), times);
        CHECK_EQ(lines_about("\n"), times);
        capture_has(&c, "monitor_test.c:");
        capture_has(&c, ", has let no other task run on its worker for ");
    }
}

TEST(monitor_is_silent_about_tasks_that_wait_or_yield)
{
    capture(&c, run_others);
    CHECK_EQ(c.status, 0);
    CHECK_STR(c.text, "");
}

TEST(monitor_is_off_without_the_setting)
{
    times = 1;
    capture(&c, run_unwatched);
    CHECK_EQ(c.status, 0);
    CHECK_STR(c.text, "");
}
