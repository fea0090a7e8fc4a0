/* SPDX-License-Identifier: MIT */
/*
 * rn_verify_none with what it has written, for tests that look at it. A test plants its tasks in a
 * function of its own that is not inlined: what is left of the caller's variables would count as a
 * reference.
 */
#ifndef RUNNEL_TESTS_VERIFIED_H
#define RUNNEL_TESTS_VERIFIED_H

#include <runnel.h>

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "kit/kit.h"

#define NOT_INLINED __attribute__((noinline))

/* With that, ASan keeps locals in memory of its own, which counts as the program's: next to nothing
 * would be found. */
const char *__asan_default_options(void);
__attribute__((used)) const char *__asan_default_options(void)
{
    return "detect_stack_use_after_return=0";
}

static char verified_text[1 << 16];

/* One caller at a time. */
NOT_INLINED static int verified(void)
{
    FILE *file = tmpfile();
    CHECK(file);
    int saved = dup(2);
    CHECK(saved >= 0);
    CHECK_EQ(dup2(fileno(file), 2), 2);
    int n = rn_verify_none();
    CHECK_EQ(dup2(saved, 2), 2);
    close(saved);
    ssize_t got = pread(fileno(file), verified_text, sizeof verified_text - 1, 0);
    CHECK(got >= 0);
    verified_text[got] = '\0';
    fclose(file);
    return n;
}

/* Overwrites what the calls before this one have left below the caller's frame. */
NOT_INLINED static void forget_calls(void)
{
    volatile char left[4096];
    for (size_t i = 0; i < sizeof left; i++)
        left[i] = 0;
}

/* Fails, and shows the report, if there are not as many. */
static inline void verify(int expected, const char *file, int line, const char *what)
{
    forget_calls();
    int n = verified();
    if (n == expected)
        return;
    fprintf(stderr, "%s: %d found, %d expected\n%s", what, n, expected, verified_text);
    kit_fail(file, line, "as many leaked tasks as expected");
}
#define VERIFY(expected, what) verify((expected), __FILE__, __LINE__, (what))

#endif
