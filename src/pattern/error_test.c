/* SPDX-License-Identifier: MIT */
/* Errors as values. */
#define _GNU_SOURCE
#include <runnel.h>

#include <limits.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "kit/kit.h"

static const char *printed(const rn_error *e)
{
    static char text[4096];
    int fd = memfd_create("error", MFD_CLOEXEC);
    CHECK(fd >= 0);
    rn_error_print(e, fd);
    ssize_t n = pread(fd, text, sizeof text - 1, 0);
    CHECK(n >= 0);
    text[n] = '\0';
    close(fd);
    return text;
}

TEST(error_tells_what_why_and_where)
{
    rn_error *e = rn_error_new(-ENOENT, "no file %s%d", "job", 1);
    CHECK_EQ(rn_error_set(e, "id", "7"), 0);
    CHECK_EQ(rn_error_set(e, "id", "8"), 0);
    CHECK_EQ(rn_error_set(e, "path", "/bad/job"), 0);
    rn_error *w = rn_error_wrap(e, 0, "cannot run job \"%d\"", 1);
    CHECK_EQ(rn_error_set(w, "path", "outer"), 0);
    CHECK_EQ(strcmp(rn_error_message(w), "cannot run job \"1\""), 0);
    CHECK_EQ(rn_error_rc(w), -ENOENT);
    CHECK(rn_error_cause(w) == e);
    CHECK(rn_error_is(w, -ENOENT) && !rn_error_is(w, -EIO));
    CHECK_EQ(strcmp(rn_error_get(w, "id"), "8"), 0);
    CHECK_EQ(strcmp(rn_error_get(w, "path"), "outer"), 0);
    CHECK(rn_error_get(w, "none") == NULL);
    const char *text = printed(w);
    CHECK(strstr(text, "cannot run job \"1\" ("));
    CHECK(strstr(text, ") at ") && strstr(text, "error_test.c:"));
    CHECK(strstr(text, "\n  because: no file job1 ("));
    CHECK(strstr(text, "path=/bad/job") && strstr(text, "id=8") && !strstr(text, "id=7"));
    rn_error_unref(w);
}

TEST(error_of_nothing_is_none)
{
    CHECK_EQ(rn_error_rc(NULL), 0);
    CHECK(rn_error_message(NULL) == NULL && rn_error_cause(NULL) == NULL);
    CHECK(!rn_error_is(NULL, -EIO) && rn_error_get(NULL, "a") == NULL);
    CHECK(rn_error_ref(NULL) == NULL);
    rn_error_unref(NULL);
    CHECK_EQ(strcmp(printed(NULL), ""), 0);
    rn_error *e = rn_error_wrap(NULL, -EIO, "alone");
    CHECK(rn_error_cause(e) == NULL);
    rn_error_unref(e);
}

TEST(error_has_a_negative_code_whatever_it_is_given)
{
    static const int no_error[] = { 0, 1, 5, INT_MAX };
    for (size_t i = 0; i < sizeof no_error / sizeof no_error[0]; i++) {
        rn_error *e = rn_error_new(no_error[i], "of no code");
        CHECK_EQ(rn_error_rc(e), -EINVAL);
        CHECK(!rn_error_is(e, no_error[i]) && rn_error_is(e, -EINVAL));
        rn_error *w = rn_error_wrap(rn_error_new(-EIO, "below"), no_error[i], "above");
        CHECK_EQ(rn_error_rc(w), -EIO);
        rn_error_unref(w);
        rn_error_unref(e);
    }
    rn_error *least = rn_error_new(INT_MIN, "the least");
    CHECK_EQ(rn_error_rc(least), INT_MIN);
    rn_error_unref(least);
}

typedef RN_RESULT(int) counted;

static int count(rn_sender(counted) results, rn_sender(rn_error *) errors)
{
    CHECK_EQ(rn_send(results, { .value = 42 }), 0);
    CHECK_EQ(rn_send(results, { .rc = -EIO }), 0);
    rn_error *e = rn_error_new(-EIO, "the disk is on fire");
    int rc = rn_send(errors, e);
    if (rc != 0)
        rn_error_unref(e); /* not sent: still ours */
    e = rn_error_new(-EIO, "and nobody comes");
    if (rn_send(errors, e) != 0)
        rn_error_unref(e);
    return rc;
}
RN_TASK(count, rn_sender(counted), rn_sender(rn_error *));

/* The second error is never received: the channel's drop frees it (a sanitizer would tell). */
TASK_TEST(errors_travel_as_values)
{
    rn_group *h = rn_group_new(NULL);
    rn_chan(counted) results = rn_make(h, counted, 0);
    rn_chan(rn_error *) errors = rn_make_drop(h, rn_error *, 2, rn_error_drop);
    counted r;
    rn_error *e;
    (void)g;
    CHECK_EQ(rn_go(h, count, rn_tx(results), rn_tx(errors)), 0);
    CHECK_EQ(rn_recv(results, &r), 0);
    CHECK(r.rc == 0 && r.value == 42);
    CHECK_EQ(rn_recv(results, &r), 0);
    CHECK_EQ(r.rc, -EIO);
    CHECK_EQ(rn_recv(errors, &e), 0);
    CHECK(strstr(printed(e), " in task count"));
    rn_error_unref(rn_error_ref(e));
    rn_error_unref(e);
    CHECK_EQ(rn_group_wait(h), 0);
    return rn_group_close(h);
}
