/* SPDX-License-Identifier: MIT */
/*
 * Names for status codes and the last words of a failed assert. Knows no tasks.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <runnel/base.h>

#include "base/check.h"
#include "base/say.h"

/* The codes that runnel gives a meaning of its own; the rest are the system's. */
static const struct {
    int rc;
    const char *name;
} own_names[] = {
    { 0, "ok" },
    { EPIPE, "closed" },
    { ECANCELED, "cancelled" },
    { ETIMEDOUT, "deadline exceeded" },
    { EAGAIN, "would wait" },
    { ENOMEM, "out of memory" },
    { EDEADLK, "would wait for itself" },
    { EINVAL, "invalid argument" },
};

const char *rn_strerror(int rc)
{
    int code = rc < 0 && rc != INT_MIN ? -rc : rc;
    for (size_t i = 0; i < sizeof own_names / sizeof own_names[0]; i++)
        if (own_names[i].rc == code)
            return own_names[i].name;
    const char *name = strerrordesc_np(code);
    return name ? name : "unknown error";
}

void rni_assert_failed(const char *expr, const char *where)
{
    static const char head[] = "runnel: internal error, please report: ";
    rni_say(2, head, sizeof head - 1);
    rni_say(2, where, strlen(where));
    rni_say(2, ": ", 2);
    rni_say(2, expr, strlen(expr));
    rni_say(2, "\n", 1);
    abort();
}
