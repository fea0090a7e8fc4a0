/* SPDX-License-Identifier: MIT */
/* RUNNEL_STACK_REPORT: what tasks have used of their stacks is what they are known to use. */
#include <runnel.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "kit/capture.h"
#include "kit/kit.h"

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define SANITIZED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer) ||                         \
    __has_feature(memory_sanitizer)
#define SANITIZED 1
#endif
#endif
#ifndef SANITIZED
#define SANITIZED 0
#endif

enum { KIB = 1024 };
static struct capture c;

static __attribute__((noinline)) void use(size_t bytes)
{
    volatile char *p = __builtin_alloca(bytes);
    for (size_t i = 0; i < bytes; i++)
        p[i] = 1;
}

static int dig(int bytes)
{
    use((size_t)bytes);
    return 0;
}
RN_TASK(dig, int);

static int hardly(void)
{
    return 0;
}
RN_TASK(hardly);

/* Deepest before it parks, on a stack that others then do without. */
static int dig_and_wait(rn_receiver(int) in)
{
    int v;
    use(20 * KIB);
    return rn_recv(in, &v);
}
RN_TASK(dig_and_wait, rn_receiver(int));

static int nothing(rn_group *g, void *arg)
{
    (void)g;
    (void)arg;
    return 0;
}

static int some(rn_group *g, void *arg)
{
    (void)arg;
    rn_group *h = rn_group_new(rn_group_ctx(g));
    rn_chan(int) c1 = rn_make(h, int, 0);
    CHECK_EQ(rn_go(h, dig_and_wait, rn_rx(c1)), 0);
    for (int i = 0; i < 1000; i++)
        CHECK_EQ(rn_go(h, hardly), 0);
    for (int i = 0; i < 3; i++)
        CHECK_EQ(rn_go(h, dig, 10 * KIB), 0);
    CHECK_EQ(rn_go_with(h, (&(rn_attr){ .name = "far", .stack = RN_STACK_LARGE }), dig, 100 * KIB),
             0);
    CHECK_EQ(rn_send(c1, 1), 0);
    CHECK_EQ(rn_group_wait(h), 0);
    return rn_group_close(h);
}

static int run_some(void)
{
    setenv("RUNNEL_STACK_REPORT", "1", 1);
    return rn_run(some, NULL);
}

static int run_some_unmeasured(void)
{
    unsetenv("RUNNEL_STACK_REPORT");
    int rc = rn_run(some, NULL);
    return rc ? rc : rn_stack_report(2) == -ENODATA ? 0 : 1;
}

typedef struct line {
    size_t most, typical, has, fits;
    unsigned long long ended, alive;
} line;

/* The line about a task, which must be there once. */
static line line_of(const char *name)
{
    line l;
    char what[64];
    snprintf(what, sizeof what, "  %s, started at ", name);
    const char *at = strstr(c.text, what);
    if (!at)
        capture_has(&c, what);
    CHECK(!strstr(at + 1, what));
    while (at > c.text && at[-1] != '\n')
        at--;
    CHECK_EQ(sscanf(at, "%zu %zu %zuK %zuK %llu %llu", &l.most, &l.typical, &l.has, &l.fits,
                    &l.ended, &l.alive),
             6);
    return l;
}

static bool within(size_t n, size_t low, size_t high)
{
    if (n < low || n > high)
        fprintf(stderr, "%s\n%zu is not within %zu to %zu\n", c.text, n, low, high);
    return n >= low && n <= high;
}

static bool measured(int (*fn)(void))
{
    capture(&c, fn);
    CHECK_EQ(c.status, 0);
    if (SANITIZED)
        capture_has(&c, "runnel: stacks are not measured: a sanitizer is in the process");
    return !SANITIZED;
}

TEST(depths_are_what_tasks_use)
{
    if (!measured(run_some))
        return;
    line l = line_of("dig");
    CHECK_EQ(l.ended, 3);
    CHECK_EQ(l.alive, 0);
    CHECK_EQ(l.has, 64);
    CHECK_EQ(l.fits, 64);
    CHECK(within(l.most, 10 * KIB, 12 * KIB));
    CHECK(within(l.typical, 10 * KIB, l.most));
    l = line_of("far");
    CHECK_EQ(l.ended, 1);
    CHECK_EQ(l.has, 256);
    CHECK_EQ(l.fits, 256);
    CHECK(within(l.most, 100 * KIB, 105 * KIB));
}

TEST(depths_count_what_a_task_used_before_it_waited)
{
    if (!measured(run_some))
        return;
    line l = line_of("dig_and_wait");
    CHECK_EQ(l.ended, 1);
    CHECK(within(l.most, 20 * KIB, 22 * KIB));
    CHECK_EQ(l.fits, 64);
}

TEST(depths_of_small_tasks_are_small_after_deep_ones)
{
    if (!measured(run_some))
        return;
    line l = line_of("hardly");
    CHECK_EQ(l.ended, 1000);
    CHECK(within(l.most, 64, 3 * KIB));
    CHECK_EQ(l.fits, 16);
}

/* One worker runs all of them on one stack. */
static int deep_and_shallow(rn_group *g, void *arg)
{
    (void)arg;
    rn_group *h = rn_group_new(rn_group_ctx(g));
    for (int i = 0; i < 2000; i++) {
        CHECK_EQ(rn_go(h, dig, 10 * KIB), 0);
        CHECK_EQ(rn_go_with(h, (&(rn_attr){ .name = "shallow" }), dig, KIB), 0);
        if (i % 10 == 0)
            rn_yield();
    }
    CHECK_EQ(rn_group_wait(h), 0);
    return rn_group_close(h);
}

static int run_deep_and_shallow(void)
{
    setenv("RUNNEL_STACK_REPORT", "1", 1);
    return rn_run(deep_and_shallow, NULL);
}

TEST(depths_of_many_tasks_on_the_same_stacks_are_kept_apart)
{
    if (!measured(run_deep_and_shallow))
        return;
    line l = line_of("dig");
    CHECK_EQ(l.ended, 2000);
    CHECK(within(l.most, 10 * KIB, 12 * KIB));
    l = line_of("shallow");
    CHECK_EQ(l.ended, 2000);
    CHECK(within(l.most, KIB, 4 * KIB));
    CHECK(within(l.typical, KIB, 3 * KIB));
}

static int while_one_waits(rn_group *g, void *arg)
{
    (void)arg;
    rn_chan(int) c1 = rn_make(g, int, 0);
    rn_group *h = rn_group_new(rn_group_ctx(g));
    CHECK_EQ(rn_go(h, dig_and_wait, rn_rx(c1)), 0);
    CHECK_EQ(rn_go(h, hardly), 0);
    while (rn_task_count() > 2) /* this one and the one that waits */
        rn_yield();
    rn_sleep(RN_MILLISECOND);
    CHECK_EQ(rn_stack_report(2), 0);
    rn_dump(2);
    setenv("RUNNEL_STACK_REPORT", "0", 1); /* the end says nothing */
    CHECK_EQ(rn_send(c1, 1), 0);
    return rn_group_close(h);
}

static int run_while_one_waits(void)
{
    setenv("RUNNEL_STACK_REPORT", "1", 1);
    return SANITIZED ? run_some() : rn_run(while_one_waits, NULL);
}

TEST(depths_of_tasks_that_are_alive_are_in_the_table_and_in_the_dump)
{
    if (!measured(run_while_one_waits))
        return;
    line l = line_of("dig_and_wait");
    CHECK_EQ(l.ended, 0);
    CHECK_EQ(l.alive, 1);
    CHECK(within(l.most, 20 * KIB, 22 * KIB));
    const char *at = strstr(c.text, " dig_and_wait [chan receive] at ");
    CHECK(at != NULL);
    at = strstr(at, ", stack used ");
    CHECK(at != NULL);
    CHECK_EQ((size_t)atoi(at + strlen(", stack used ")), l.most);
}

static int run_nothing_twice(void)
{
    setenv("RUNNEL_STACK_REPORT", "0", 1);
    int rc = rn_run(nothing, NULL);
    setenv("RUNNEL_STACK_REPORT", "1", 1);
    return rc ? rc : rn_run(nothing, NULL);
}

TEST(depths_are_measured_from_the_run_on_that_sees_the_setting)
{
    if (!measured(run_nothing_twice))
        return;
    CHECK_EQ(line_of("main").ended, 1);
}

/* As much as a tiny stack has, but for a margin. */
static int dig_a_little(void)
{
    use(500);
    return rn_yield();
}
RN_TASK(dig_a_little);

static int tiny_ones(rn_group *g, void *arg)
{
    (void)arg;
    rn_group *h = rn_group_new(rn_group_ctx(g));
    for (int i = 0; i < 2000; i++)
        CHECK_EQ(rn_go_with(h, (&(rn_attr){ .stack = RN_STACK_TINY }), dig_a_little), 0);
    CHECK_EQ(rn_group_wait(h), 0);
    return rn_group_close(h);
}

static int run_tiny_ones(void)
{
    setenv("RUNNEL_STACK_REPORT", "1", 1);
    return rn_run(tiny_ones, NULL);
}

TEST(depths_of_tiny_stacks_fit_on_them)
{
    if (!measured(run_tiny_ones))
        return;
    line l = line_of("dig_a_little");
    CHECK_EQ(l.ended, 2000);
    CHECK(within(l.most, 500, l.has == 2 ? 1660 : 3 * KIB)); /* small where tiny is none */
    CHECK_EQ(l.fits, 16);
}

static int run_simulated(void)
{
    setenv("RUNNEL_STACK_REPORT", "1", 1);
    setenv("RUNNEL_SEED", "3", 1);
    return rn_run(some, NULL);
}

TEST(depths_of_simulated_runs_are_not_written_unasked)
{
    capture(&c, run_simulated);
    CHECK_EQ(c.status, 0);
    capture_lacks(&c, "stack used");
}

TEST(depths_are_silent_without_the_setting)
{
    capture(&c, run_some_unmeasured);
    CHECK_EQ(c.status, 0);
    CHECK_STR(c.text, "");
}
