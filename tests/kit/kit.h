/* SPDX-License-Identifier: MIT */
/*
 * The test kit. One *_test.c file is one executable; every test in it runs in a process of its own,
 * so that a crash or a hang names its test and each starts with fresh global state.
 *
 *     #include "kit/kit.h"
 *
 *     TEST(chan_close_unblocks_receivers)          plain code on the main thread
 *     {
 *         CHECK(1 + 1 == 2);
 *         CHECK_EQ(rc, -EPIPE);
 *         CHECK_STR(rn_strerror(0), "success");
 *     }
 *     TASK_TEST(chan_sends)                        the first task of an rn_run; needs <runnel.h>
 *     {
 *         rn_chan(int) c = rn_make(g, int, 0);     g is the root group
 *         return 0;                                anything else fails
 *     }
 *     TEST_EXIT(close_twice, 2, "close of a closed channel")     ends its process like that:
 *     {                                            an exit status (or 128 + signal), and a part
 *         ...                                      of what is on stderr (NULL: whatever)
 *     }
 *
 * A failed check prints file:line and ends the process at once, from whatever thread or task it is
 * in: it needs about 1 KiB of stack, takes no lock and allocates nothing. A test also fails when it
 * leaves other descriptors open than it found, and a TASK_TEST when a task is alive after the run.
 *
 *     foo_test                   runs all         --list          names them
 *     foo_test NAME...           runs these       --repeat N      each N times (or KIT_REPEAT=N)
 *     foo_test --child NAME      in this process, for gdb
 *
 * KIT_TIMEOUT_SECONDS (30) limits one test. KIT_EMULATOR is put before the child's command line.
 * What a file says to the build (once, serial, timeout N ...) is told in cmake/tests.cmake.
 */
#ifndef RUNNEL_TESTS_KIT_H
#define RUNNEL_TESTS_KIT_H

#include <stdbool.h>
#include <stddef.h>

struct kit_test {
    const char *name;
    void (*body)(void);
    bool exits;            /* made by TEST_EXIT */
    int status;            /* then: the exit status, or 128 + signal */
    const char *message;   /* and a part of stderr, or NULL */
    struct kit_test *next; /* set by kit_register */
};

void kit_register(struct kit_test *test);

/* Ends the process: FAIL with the place and the text, exit status 1. */
_Noreturn void kit_fail(const char *file, int line, const char *text);
_Noreturn void kit_fail_values(const char *file, int line, const char *text, long long left,
                               long long right);
_Noreturn void kit_fail_strings(const char *file, int line, const char *text, const char *left,
                                const char *right);

/* Ends the process as neither passed nor failed; say which thing the machine lacks. */
_Noreturn void kit_skip(const char *reason);

/* True in a child that was not started by the runner (--child), to print more than usual. */
bool kit_is_interactive(void);

#define KIT_TEST_(name_, ...)                                                                      \
    static void kit_body_##name_(void);                                                            \
    __attribute__((constructor)) static void kit_add_##name_(void)                                 \
    {                                                                                              \
        static struct kit_test test = { .name = #name_, .body = kit_body_##name_, __VA_ARGS__ };   \
        kit_register(&test);                                                                       \
    }                                                                                              \
    static void kit_body_##name_(void)

#define TEST(name_) KIT_TEST_(name_, .exits = false)

#define TEST_EXIT(name_, status_, message_)                                                        \
    KIT_TEST_(name_, .exits = true, .status = (status_), .message = (message_))

#define TASK_TEST(name_)                                                                           \
    static int kit_task_##name_(rn_group *g, void *arg);                                           \
    TEST(name_)                                                                                    \
    {                                                                                              \
        CHECK_EQ(rn_run(kit_task_##name_, NULL), 0);                                               \
        CHECK_EQ(rn_task_count(), 0); /* a task outlived its run */                                \
    }                                                                                              \
    static int kit_task_##name_(__attribute__((unused)) rn_group *g,                               \
                                __attribute__((unused)) void *arg)

#define CHECK(expr_) ((expr_) ? (void)0 : kit_fail(__FILE__, __LINE__, "CHECK(" #expr_ ")"))

/* Compares as long long, so mixed signedness needs no cast; pointers need CHECK(a == b). */
#define CHECK_EQ(a_, b_)                                                                           \
    kit_check_eq((long long)(a_), (long long)(b_), __FILE__, __LINE__, "CHECK_EQ(" #a_ ", " #b_ ")")

#define CHECK_STR(a_, b_)                                                                          \
    kit_check_str((a_), (b_), __FILE__, __LINE__, "CHECK_STR(" #a_ ", " #b_ ")")

static inline void kit_check_eq(long long left, long long right, const char *file, int line,
                                const char *text)
{
    if (left != right)
        kit_fail_values(file, line, text, left, right);
}

/* Two NULLs are equal; a NULL and a string are not. */
static inline void kit_check_str(const char *left, const char *right, const char *file, int line,
                                 const char *text)
{
    if (left != right && (!left || !right || __builtin_strcmp(left, right) != 0))
        kit_fail_strings(file, line, text, left, right);
}

#endif
