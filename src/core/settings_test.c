/* SPDX-License-Identifier: MIT */
/* kit: not-under-qemu */
/* The environment's settings: what each accepts, and what is said of any other value. */
/* kit: once */
#include <runnel.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "core/stack.h"
#include "kit/capture.h"
#include "kit/dumped.h"
#include "kit/kit.h"

static struct capture c;
static const char *name, *value;

static int nothing(rn_group *g, void *arg)
{
    (void)g;
    (void)arg;
    return 0;
}

/* Two runs; a line that is said once per process must not be said twice. */
static int run_twice(void)
{
    setenv(name, value, 1);
    CHECK_EQ(rn_run(nothing, NULL), 0);
    return rn_run(nothing, NULL);
}

static void run_with(const char *variable, const char *text)
{
    name = variable;
    value = text;
    capture(&c, run_twice);
    CHECK_EQ(c.status, 0);
}

static void accepts(const char *variable, const char *text)
{
    run_with(variable, text);
    CHECK_STR(c.text, "");
}

static void complains(const char *variable, const char *text, const char *accepted)
{
    char line[256];
    run_with(variable, text);
    snprintf(line, sizeof line, "runnel: %s=%s is ignored: it may be %s\n", variable, text,
             accepted);
    CHECK_STR(c.text, line);
}

static int default_class(void)
{
    setenv("RUNNEL_STACK", value, 1);
    return rni_stack_class_of(RN_STACK_DEFAULT);
}

TEST(settings_stack_is_a_class_or_a_size_in_either_case)
{
    static const struct {
        const char *text;
        int cls;
    } cases[] = {
        { "small", 0 }, { "Normal", 1 }, { "LARGE", 2 }, { "huge", 3 },  { "16", 0 },
        { "64", 1 },    { "256", 2 },    { "1024", 3 },  { "16k", 0 },   { "64K", 1 },
        { "256k", 2 },  { "1024K", 3 },  { "1m", 3 },    { "1M", 3 },    { "1", 0 },
        { "17K", 1 },   { "65k", 2 },    { "257k", 3 },  { "00064", 1 }, { "", 1 },
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        value = cases[i].text;
        capture(&c, default_class);
        if (c.status != cases[i].cls)
            fprintf(stderr, "RUNNEL_STACK=%s\n", value);
        CHECK_EQ(c.status, cases[i].cls);
        accepts("RUNNEL_STACK", value);
    }
}

TEST(settings_stack_of_another_value_is_named_and_64_kib)
{
    static const char *const odd[] = { "0",    "1025",  "2M",      "0m",   "-64",
                                       " 64",  "64KB",  "64 K",    "k",    "enormous",
                                       "1.5M", "1024M", "65536kk", "smal", "99999999999999999999" };
    for (size_t i = 0; i < sizeof odd / sizeof *odd; i++) {
        complains("RUNNEL_STACK", odd[i],
                  "small, normal, large, huge, or a size up to 1M such as 64K; 64K is used");
        capture(&c, default_class);
        CHECK_EQ(c.status, 1);
    }
}

static int workers(void)
{
    setenv("RUNNEL_WORKERS", value, 1);
    return (int)rn_worker_count() & 63;
}

TEST(settings_workers_of_another_value_is_named_and_one_a_cpu)
{
    static const char *const odd[] = { "0", "-3", "two", "1025", "4x", " 4", "4294967297" };
    for (size_t i = 0; i < sizeof odd / sizeof *odd; i++)
        complains("RUNNEL_WORKERS", odd[i], "1 to 1024; one worker a CPU is used");
    value = "two";
    capture(&c, workers);
    int usual = c.status;
    value = "";
    capture(&c, workers);
    CHECK_EQ(c.status, usual);
    value = "3";
    capture(&c, workers);
    CHECK_EQ(c.status, 3);
    accepts("RUNNEL_WORKERS", "3");
    accepts("RUNNEL_WORKERS", "");
}

static int leak(rn_chan(int) empty)
{
    int v;
    return rn_recv(empty, &v);
}
RN_TASK(leak, rn_chan(int));

static int leak_one(rn_group *g, void *arg)
{
    (void)arg;
    rn_go(g, leak, rn_make(g, int, 0));
    until_dumped(" leak [chan receive] at ", 1);
    return 0;
}

static int run_leak(void)
{
    setenv("RUNNEL_LEAKS", value, 1);
    return rn_run(leak_one, NULL);
}

TEST(settings_no_terminal_obeys_a_value_that_is_named)
{
    run_with("RUNNEL_LEAKS", "\x1b[31ma\nb\x7f");
    capture_has(&c, "runnel: RUNNEL_LEAKS=?[31ma?b? is ignored: it may be off");
    run_with("RUNNEL_LEAKS", "\xc2\x9b"
                             "31m"); /* the same in UTF-8 */
    capture_has(&c, "runnel: RUNNEL_LEAKS=??31m is ignored: it may be off");
}

TEST(settings_leaks_of_another_value_is_named_and_report)
{
    value = "loud";
    capture(&c, run_leak);
    CHECK_EQ(c.status, 0);
    capture_has(&c, "runnel: RUNNEL_LEAKS=loud is ignored: it may be off, report or fail; report "
                    "is used\nrunnel: 1 task leaked");
    value = "OFF";
    capture(&c, run_leak);
    CHECK_STR(c.text, "");
    value = "Fail";
    capture(&c, run_leak);
    CHECK_EQ(c.status, 3);
    complains("RUNNEL_LEAKS", "1", "off, report or fail; report is used");
}

TEST(settings_sigquit_of_another_value_is_named_and_0)
{
    complains("RUNNEL_VERIFY", "2", "0 or 1; 0 is used");
    accepts("RUNNEL_VERIFY", "1");
    complains("RUNNEL_STACK_REPORT", "yes", "0 or 1; 0 is used");
    accepts("RUNNEL_STACK_REPORT", "0");
    complains("RUNNEL_SIGQUIT", "yes", "0 or 1; 0 is used");
    accepts("RUNNEL_SIGQUIT", "0");
    accepts("RUNNEL_SIGQUIT", "1");
}

static int keep_errno(void)
{
    setenv("RUNNEL_STACK", "odd", 1);
    close(2); /* so that writing the line fails, too */
    errno = 42;
    CHECK_EQ(rn_run(nothing, NULL), 0);
    return errno;
}

TEST(settings_hog_of_another_value_is_named_and_0)
{
    complains("RUNNEL_HOG", "-1", "0 to 60000; 0 is used");
    complains("RUNNEL_HOG", "10s", "0 to 60000; 0 is used");
    complains("RUNNEL_HOG", "60001", "0 to 60000; 0 is used");
    accepts("RUNNEL_HOG", "60000");
    accepts("RUNNEL_HOG", "0");
}

TEST(settings_of_simulation_with_another_value_are_named)
{
    static const char *const numbers[] = { "0", "-1", " 1", "1x", "0xg", "18446744073709551616" };
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
        complains("RUNNEL_SEED", numbers[i], "a number from 1 on");
        complains("RUNNEL_SEEDS", numbers[i], "a number from 1 on");
    }
    static const char *const schedules[] = { "1",       "1:",      ":1",       ",",
                                             "a:1",     "1:1,",    "1:1;2:1",  "1:1,2",
                                             "5:1,1:1", "1:1,1:2", "1048576:1" };
    for (size_t i = 0; i < sizeof schedules / sizeof *schedules; i++)
        complains("RUNNEL_SCHEDULE", schedules[i], "ascending pairs such as 12:1,40:2");
    complains("RUNNEL_STRATEGY", "best", "random, pct or exhaustive");
}

static int seed_after_an_error(void)
{
    setenv("RUNNEL_SEED", "18446744073709551615", 1);
    errno = ERANGE;
    CHECK_EQ(rn_run(nothing, NULL), 0);
    return errno == ERANGE ? 0 : 1;
}

TEST(settings_number_counts_whatever_errno_was)
{
    capture(&c, seed_after_an_error);
    CHECK_EQ(c.status, 0);
    CHECK_STR(c.text, "");
}

TEST(settings_complaints_keep_errno)
{
    capture(&c, keep_errno);
    CHECK_EQ(c.status, 42);
}

static int from_a_thread(void)
{
    setenv("RUNNEL_WORKERS", "many", 1);
    rn_group *g = rn_group_new(NULL);
    rn_chan(int) out = rn_make(g, int, 1);
    CHECK_EQ(rn_send(out, 1), 0);
    rn_go(g, leak, out);
    CHECK_EQ(rn_group_wait(g), 0);
    return rn_group_close(g);
}

TEST(settings_are_checked_when_a_thread_starts_the_workers)
{
    capture(&c, from_a_thread);
    CHECK_EQ(c.status, 0);
    CHECK_STR(c.text, "runnel: RUNNEL_WORKERS=many is ignored: it may be 1 to 1024; one worker a "
                      "CPU is used\n");
}
