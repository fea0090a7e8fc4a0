/* SPDX-License-Identifier: MIT */
/* The nil channel: never ready, never an error, and a way to switch off a case. */
#include "kit/kit.h"

#include <stdio.h>

#include "sync/chan_peek.h"

static rn_chan(int) nil;

enum { WAYS = 9 };

/* Waits on nil in one of several ways; only the cancellation of the task can end it. */
static int wait_on_nil(int way, _Atomic(int) *begun)
{
    int v = 5, rc = 0;
    size_t n = 0;
    atomic_fetch_add_explicit(begun, 1, memory_order_release);
    switch (way) {
    case 0: rc = rn_send(nil, 1); break;
    case 1: rc = rn_recv(nil, &v); break;
    case 2: rc = rn_wait(nil); break;
    case 3: rc = rn_recv_until(nil, &v, RN_FOREVER); break;
    case 4: rc = rn_send_until(nil, RN_FOREVER, 1); break;
    case 5: rc = rn_select(RN_RECV(nil, &v, NULL), RN_SEND(nil, 1)); break;
    case 6: rc = rn_select_n(NULL, 0); break;
    case 7: rc = rn_recv_n(nil, &v, 1, &n); break;
    default: rc = rn_send_n(nil, &v, 1, &n);
    }
    CHECK_EQ(v, 5);
    CHECK_EQ(n, 0);
    return rc;
}
RN_TASK(wait_on_nil, int, _Atomic(int) *);

TASK_TEST(nil_operations_wait_until_cancelled)
{
    (void)g;
    for (int way = 0; way < WAYS; way++) {
        static _Atomic(int) begun;
        atomic_store_explicit(&begun, 0, memory_order_relaxed);
        size_t before = rn_task_count();
        rn_group *s = rn_group_new(NULL);
        for (int i = 0; i < 3; i++)
            rn_go(s, wait_on_nil, way, &begun);
        while (atomic_load_explicit(&begun, memory_order_acquire) < 3)
            (void)rn_yield();
        for (int i = 0; i < 50; i++)
            (void)rn_yield();
        CHECK_EQ(rn_task_count(), before + 3); /* all still wait */
        rn_group_cancel(s, -ENOENT);
        CHECK_EQ(rn_group_wait(s), -ENOENT);
        rn_group_close(s);
    }
    return 0;
}

TASK_TEST(nil_operations_with_a_limit_give_up)
{
    (void)g;
    int v = 5;
    int64_t start = rn_now();
    CHECK_EQ(rn_try_send(nil, 1), -EAGAIN);
    CHECK_EQ(rn_try_recv(nil, &v), -EAGAIN);
    CHECK_EQ(rn_recv_until(nil, &v, start - 1), -ETIMEDOUT);
    CHECK_EQ(rn_recv_until(nil, &v, start + 2 * RN_MILLISECOND), -ETIMEDOUT);
    CHECK_EQ(rn_send_until(nil, start + 4 * RN_MILLISECOND, 1), -ETIMEDOUT);
    CHECK(rn_now() >= start + 4 * RN_MILLISECOND);
    CHECK_EQ(v, 5);
    return 0;
}

TASK_TEST(nil_case_is_never_chosen)
{
    rn_chan(int) c = rn_make(g, int, 1);
    for (int i = 0; i < 300; i++) {
        int v = 5;
        CHECK_EQ(rn_select(RN_RECV(nil, &v, NULL), RN_SEND(c, i), RN_SEND(nil, 1)), 1);
        CHECK_EQ(rn_select(RN_SEND(nil, 1), RN_DONE(nil), RN_RECV(c, &v, NULL)), 2);
        CHECK_EQ(v, i);
        CHECK_EQ(rn_select_ordered(RN_RECV(nil, &v, NULL), RN_DEFAULT), 1);
    }
    return 0;
}

TASK_TEST(select_of_nil_cases_takes_the_default)
{
    (void)g;
    for (int i = 0; i < 100; i++) {
        CHECK_EQ(rn_select(RN_DEFAULT), 0);
        CHECK_EQ(rn_select(RN_DONE(nil), RN_SEND(nil, 1), RN_DEFAULT), 2);
        CHECK_EQ(rn_select(RN_DONE(nil), RN_DEFAULT, RN_SEND(nil, 1)), 1);
    }
    return 0;
}

TASK_TEST(nil_has_no_length_and_can_be_counted)
{
    (void)g;
    CHECK_EQ(rn_len(nil), 0);
    CHECK_EQ(rn_cap(nil), 0);
    rn_ref(nil);
    rn_unref(nil);
    rn_unref(nil);
    rn_free(nil);
    CHECK(!rn_tx(nil) && !rn_rx(nil));
    return 0;
}

/* ---- 66: a case is switched off by making its variable nil ---- */

static int odd_or_even(rn_sender(int) out, int first)
{
    int rc = 0;
    for (int i = first; i < 400 && rc == 0; i += 2)
        rc = rn_send(out, i);
    rn_close(out);
    return rc;
}
RN_TASK(odd_or_even, rn_sender(int), int);

TASK_TEST(merge_switches_off_what_has_ended)
{
    rn_chan(int) a = rn_make(g, int, 0), b = rn_make(g, int, 3);
    rn_receiver(int) from[2] = { rn_rx(a), rn_rx(b) };
    int next[2] = { 0, 1 }, v;
    rn_go(g, odd_or_even, rn_tx(a), 0);
    rn_go(g, odd_or_even, rn_tx(b), 1);
    while (from[0] || from[1]) {
        bool ok;
        int i = rn_select(RN_RECV(from[0], &v, &ok), RN_RECV(from[1], &v, &ok));
        CHECK(i == 0 || i == 1);
        if (!ok) {
            from[i] = NULL;
            continue;
        }
        CHECK_EQ(v, next[i]);
        next[i] += 2;
    }
    CHECK_EQ(next[0], 400);
    CHECK_EQ(next[1], 401);
    return 0;
}

/* One value at a time: while there is one to send, the receive is off, and the other way round. */
static int copy_each(rn_receiver(int) in, rn_sender(int) out)
{
    rn_receiver(int) from = in;
    rn_sender(int) to = NULL;
    int v = 0, rc;
    bool ok = true;
    for (;;) {
        rc = rn_select(RN_RECV(from, &v, &ok), RN_SEND(to, v));
        if (rc < 0)
            return rc;
        if (rc == 0 && !ok)
            break;
        from = rc == 0 ? NULL : in;
        to = rc == 0 ? out : NULL;
    }
    rn_close(out);
    return 0;
}
RN_TASK(copy_each, rn_receiver(int), rn_sender(int));

TASK_TEST(proxy_alternates_by_nil)
{
    rn_chan(int) in = rn_make(g, int, 0), out = rn_make(g, int, 0);
    rn_go(g, odd_or_even, rn_tx(in), 0);
    rn_go(g, copy_each, rn_rx(in), rn_tx(out));
    int expected = 0;
    for (int v; rn_recv(out, &v) == 0; expected += 2)
        CHECK_EQ(v, expected);
    CHECK_EQ(expected, 400);
    return 0;
}

/* ---- 63, 69, 88: the wait reasons, as a deadlock report tells them ---- */

static int wait_for_ever(rn_group *g, void *way)
{
    static _Atomic(int) begun;
    (void)g;
    return wait_on_nil(*(int *)way, &begun);
}

#define REPORTS(name, way, reason)                                                                 \
    TEST_EXIT(name, 2, reason)                                                                     \
    {                                                                                              \
        int chosen = way;                                                                          \
        (void)rn_run(wait_for_ever, &chosen);                                                      \
    }

REPORTS(nil_send_has_its_own_reason, 0, "chan send (nil chan)")
REPORTS(nil_recv_has_its_own_reason, 1, "chan receive (nil chan)")
REPORTS(nil_range_has_its_own_reason, 2, "chan receive (nil chan)")
REPORTS(select_of_nil_cases_has_its_own_reason, 5, "select (no cases)")
REPORTS(select_without_cases_has_its_own_reason, 6, "select (no cases)")
