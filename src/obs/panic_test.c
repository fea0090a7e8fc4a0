/* SPDX-License-Identifier: MIT */
/* What happens after a programming error: the line, the handler, and who wins. */
#include <runnel.h>

#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "kit/capture.h"
#include "kit/dumped.h"
#include "kit/kit.h"

static struct capture c;

/* Whoever started it has gone to sleep, so that the report has no choice what to say of it. */
static int panic_here(const char *what)
{
    until_dumped(" main [sleep] at ", 1);
    rn_panic(RN_HERE, "bad %s", what);
}
RN_TASK(panic_here, const char *);

static int start_panic(rn_group *g, void *arg)
{
    rn_attr attr = { .name = "culprit" };
    CHECK_EQ(rn_go_with(g, &attr, panic_here, (const char *)arg), 0);
    return rn_sleep(RN_MINUTE);
}

static int run_panic(void)
{
    return rn_run(start_panic, "luck");
}

TEST(panic_says_what_where_and_which_task_and_prints_the_tables)
{
    capture(&c, run_panic);
    CHECK_EQ(c.status, 2);
    capture_has(&c, "runnel: panic: bad luck at ");
    capture_has(&c, "panic_test.c:");
    capture_has(&c, " (task culprit, started at ");
    capture_has(&c, "runnel: 2 tasks\n");
    capture_has(&c, " main [sleep] at ");
    capture_has(&c, "runnel: channels\n");
}

static int hog(void)
{
    for (volatile int on = 1; on;) {}
    return 0;
}
RN_TASK(hog);

static int calls;

/* The next call that may let others run, does; there is one that never ends. */
static int panic_late(rn_group *g, void *arg)
{
    (void)arg;
    CHECK_EQ(rn_go(g, hog), 0);
    for (int64_t end = rn_now() + RN_MILLISECOND; rn_now() < end;) {}
    for (int i = 0; i < calls; i++)
        (void)rn_len((rn_chan(int))NULL);
    rn_panic(RN_HERE, "late");
}

static int run_panic_late(void)
{
    setenv("RUNNEL_WORKERS", "1", 1);
    alarm(10);
    return rn_run(panic_late, NULL);
}

TEST(panic_lets_no_other_task_run)
{
    for (calls = 0; calls <= 15; calls++) {
        capture(&c, run_panic_late);
        CHECK_EQ(c.status, 2);
        capture_has(&c, "runnel: channels\n");
    }
}

static int panic_outside(void)
{
    rn_panic(NULL, "nobody's fault");
}

TEST(panic_outside_a_task_says_so)
{
    capture(&c, panic_outside);
    CHECK_EQ(c.status, 2);
    capture_has(&c, "runnel: panic: nobody's fault (outside any task)\n");
}

/* ---- the handler ---- */

static void note(const char *line)
{
    CHECK(strchr(line, '\n') == NULL);
    fprintf(stderr, "handler: <%s>\n", line);
}

static void leave(const char *line)
{
    note(line);
    _exit(9);
}

static int run_with_note(void)
{
    rn_set_panic_handler(note);
    return run_panic();
}

static int run_with_leave(void)
{
    rn_set_panic_handler(leave);
    return run_panic();
}

static int run_with_default_again(void)
{
    rn_set_panic_handler(leave);
    rn_set_panic_handler(NULL);
    return run_panic();
}

TEST(panic_handler_gets_the_line_and_the_default_follows)
{
    capture(&c, run_with_note);
    CHECK_EQ(c.status, 2);
    capture_has(&c, "handler: <runnel: panic: bad luck at ");
    capture_has(&c, "runnel: 2 tasks\n");
    capture(&c, run_with_default_again);
    CHECK_EQ(c.status, 2);
    capture_lacks(&c, "handler: ");
}

TEST(panic_handler_may_end_the_process_its_own_way)
{
    capture(&c, run_with_leave);
    CHECK_EQ(c.status, 9);
    capture_has(&c, "handler: <runnel: panic: bad luck at ");
    capture_lacks(&c, "runnel: 2 tasks\n");
}

static void panic_again(const char *line)
{
    rn_panic(NULL, "the handler failed on: %s", line);
}

static int panic_in_handler(void)
{
    rn_set_panic_handler(panic_again);
    return rn_run(start_panic, "luck");
}

TEST(panic_in_the_handler_still_ends_the_process)
{
    capture(&c, panic_in_handler);
    CHECK_EQ(c.status, 2);
    capture_has(&c, "the handler failed on: runnel: panic: bad luck");
}

/* ---- who wins ---- */

static _Atomic(bool) reporting;

static void report_slowly(const char *line)
{
    (void)line;
    atomic_store(&reporting, true);
    usleep(50 * 1000);
}

static int panic_at_once(const char *what)
{
    rn_panic(RN_HERE, "bad %s", what);
}
RN_TASK(panic_at_once, const char *);

static int return_meanwhile(rn_group *g, void *arg)
{
    CHECK_EQ(rn_go(g, panic_at_once, (const char *)arg), 0);
    while (!atomic_load(&reporting))
        rn_yield();
    return 0; /* on another worker, while the report is being made */
}

static int run_return_meanwhile(void)
{
    rn_set_panic_handler(report_slowly);
    return rn_run(return_meanwhile, "timing");
}

TEST(panic_wins_over_mains_return)
{
    capture(&c, run_return_meanwhile);
    CHECK_EQ(c.status, 2);
    capture_has(&c, "runnel: panic: bad timing at ");
}

static int many_panics(rn_group *g, void *arg)
{
    for (int i = 0; i < 8; i++)
        CHECK_EQ(rn_go(g, panic_at_once, (const char *)arg), 0);
    return rn_sleep(RN_MINUTE);
}

static int run_many_panics(void)
{
    rn_set_panic_handler(report_slowly);
    return rn_run(many_panics, "company");
}

TEST(panic_of_several_tasks_at_once_is_reported_once)
{
    capture(&c, run_many_panics);
    CHECK_EQ(c.status, 2);
    const char *first = strstr(c.text, "runnel: panic: ");
    CHECK(first && !strstr(first + 1, "runnel: panic: "));
}
