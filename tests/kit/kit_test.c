/* SPDX-License-Identifier: MIT */
/* The kit tests itself: a test that must fail does so only when its own runner asks for it. */
/* kit: once */
/* kit: not-under-qemu */
#include "kit/kit.h"

#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static bool provoked(void)
{
    return getenv("KIT_SELF_TEST") != NULL;
}

/* Runs one of this file's tests in a runner of its own; returns its status, and what it printed. */
static int run_self(const char *settings, const char *name, char *output, size_t size)
{
    char self[PATH_MAX] = "", command[PATH_MAX + 256];
    FILE *pipe;
    size_t used;

    CHECK(readlink("/proc/self/exe", self, sizeof self - 1) > 0);
    snprintf(command, sizeof command, "KIT_SELF_TEST=1 %s '%s' %s 2>&1", settings, self, name);
    pipe = popen(command, "r");
    CHECK(pipe != NULL);
    used = fread(output, 1, size - 1, pipe);
    output[used] = '\0';
    return pclose(pipe);
}

static void expect_failure(const char *settings, const char *name, const char *text)
{
    char output[8192];
    int status = run_self(settings, name, output, sizeof output);

    if (status == 0 || !strstr(output, text)) {
        fprintf(stderr, "%s\n", output);
        kit_fail(__FILE__, __LINE__, text);
    }
}

TEST(passing_checks_pass)
{
    unsigned char small = 255;
    size_t big = 255;

    CHECK(small == 255);
    CHECK_EQ(small, big);
    CHECK_EQ(-1, -1L);
    CHECK_STR("a", "a");
    CHECK_STR(NULL, NULL);
}

TEST_EXIT(failed_check_prints_expression, 1, "CHECK(1 > 2)")
{
    CHECK(1 > 2);
}

TEST_EXIT(failed_check_eq_prints_both, 1, "CHECK_EQ(-7, 9223372036854775807): -7 != 92233720368")
{
    CHECK_EQ(-7, 9223372036854775807);
}

TEST_EXIT(failed_check_str_prints_both, 1, ": \"a\" != \"(null)\"")
{
    CHECK_STR("a", NULL);
}

static void *fail(void *arg)
{
    CHECK(arg);
    return NULL;
}

TEST_EXIT(check_on_a_small_stack_ends_the_process, 1, "CHECK(arg)")
{
    pthread_attr_t attr;
    pthread_t thread;

    pthread_attr_init(&attr);
    pthread_attr_setstacksize(&attr, 64 * 1024);
    CHECK(pthread_create(&thread, &attr, fail, NULL) == 0);
    for (;;)
        pause();
}

TEST_EXIT(exit_of_a_signal_is_128_more, 128 + SIGTERM, NULL)
{
    raise(SIGTERM);
}

TEST_EXIT(exit_status_is_seen, 3, "three")
{
    fputs("one two three\n", stderr);
    exit(3);
}

TEST(leaks_descriptor_if_provoked)
{
    if (provoked())
        CHECK(open("/dev/null", O_RDONLY) >= 0);
}

TEST(descriptor_leak_fails)
{
    expect_failure("", "leaks_descriptor_if_provoked", "is left open: /dev/null");
}

TEST(closes_descriptor_if_provoked)
{
    if (provoked())
        close(STDIN_FILENO);
}

TEST(closing_a_foreign_descriptor_fails)
{
    expect_failure("", "closes_descriptor_if_provoked", "descriptor 0 was closed");
}

TEST(hangs_if_provoked)
{
    while (provoked())
        pause();
}

TEST(hang_fails)
{
    expect_failure("KIT_TIMEOUT_SECONDS=1", "hangs_if_provoked", "FAIL hangs_if_provoked");
}

TEST(crashes_if_provoked)
{
    if (provoked())
        raise(SIGKILL);
}

TEST(crash_fails_and_is_named)
{
    expect_failure("", "crashes_if_provoked", "crashes_if_provoked: killed by signal 9");
}

TEST_EXIT(exits_otherwise_if_provoked, 0, NULL)
{
    exit(provoked() ? 4 : 0);
}

TEST(wrong_exit_status_fails)
{
    expect_failure("", "exits_otherwise_if_provoked", "exit status 4, expected 0");
}

TEST_EXIT(says_otherwise_if_provoked, 0, "hello")
{
    fputs(provoked() ? "bye" : "hello", stderr);
}

TEST(wrong_message_fails)
{
    expect_failure("", "says_otherwise_if_provoked", "stderr does not say \"hello\"");
}

TEST(skips_if_provoked)
{
    if (provoked())
        kit_skip("asked to");
}

TEST(skip_is_not_a_failure)
{
    char output[4096];

    CHECK_EQ(run_self("", "skips_if_provoked", output, sizeof output), 0);
    CHECK(strstr(output, "skipped: asked to"));
}

TEST(unknown_test_fails)
{
    expect_failure("", "no_such_name", "no such test: no_such_name");
}
