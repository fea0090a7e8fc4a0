/* SPDX-License-Identifier: MIT */
/*
 * The C library's __assert_fail, once more. The executable's definition comes before libc's, also
 * for shared libraries: the linker exports it because they refer to it. gumbo is built with its
 * assertions, and 31 bytes of HTML suffice to fail one; that must cost a page and not the run.
 *
 * Elsewhere an assertion does what it does in glibc. Rejected: a process for each page (a fork of a
 * threaded program for every few kilobytes), and catching SIGABRT, which may come from anywhere.
 */
#define _GNU_SOURCE
#include "assertion.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

/* Of one thread, not of a task: who catches stays on its thread until it is done. */
static __thread void (*catcher)(void *arg);
static __thread void *catcher_arg;

/* <assert.h> declares it only without NDEBUG. */
_Noreturn void __assert_fail(const char *text, const char *file, unsigned line,
                             const char *function);

void assertion_catch(void (*leave)(void *arg), void *arg)
{
    catcher = leave;
    catcher_arg = arg;
}

_Noreturn void __assert_fail(const char *text, const char *file, unsigned line,
                             const char *function)
{
    if (catcher)
        catcher(catcher_arg);
    fprintf(stderr, "%s: %s:%u: %s%sAssertion `%s' failed.\n", program_invocation_short_name, file,
            line, function ? function : "", function ? ": " : "", text);
    abort();
}
