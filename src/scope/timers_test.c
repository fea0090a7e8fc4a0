/* SPDX-License-Identifier: MIT */
/* Timers and tickers, mostly on the virtual clock. */
#include <runnel.h>

#include <stdatomic.h>

#include "kit/capture.h"
#include "kit/kit.h"

static int64_t elapsed(void)
{
    return rn_now() - RN_TEST_START;
}

/* A test in a test run. */
#define TIMED_TEST(name)                                                                           \
    static int name##_body(rn_group *g);                                                           \
    static int name##_run(rn_group *g, void *arg)                                                  \
    {                                                                                              \
        (void)arg;                                                                                 \
        return name##_body(g);                                                                     \
    }                                                                                              \
    TEST(name)                                                                                     \
    {                                                                                              \
        CHECK_EQ(rn_test_run(name##_run, NULL, NULL), 0);                                          \
        CHECK_EQ(rn_task_count(), 0);                                                              \
    }                                                                                              \
    static int name##_body(__attribute__((unused)) rn_group *g)

static bool empty(rn_receiver(int64_t) c)
{
    int64_t v;
    return rn_try_recv(c, &v) == -EAGAIN;
}

/* ---- after ---- */

TIMED_TEST(after_delivers_the_instant_it_was_due)
{
    rn_receiver(int64_t) c = rn_after(g, RN_SECOND), late = rn_after(g, 2 * RN_SECOND);
    int64_t v;
    CHECK_EQ(rn_recv(c, &v), 0);
    CHECK_EQ(v - RN_TEST_START, RN_SECOND);
    CHECK_EQ(elapsed(), RN_SECOND);
    CHECK_EQ(rn_sleep(RN_HOUR), 0);
    CHECK_EQ(rn_recv(late, &v), 0);
    CHECK_EQ(v - RN_TEST_START, 2 * RN_SECOND); /* read much later */
    CHECK(empty(c) && empty(late));
    return 0;
}

TIMED_TEST(after_of_nothing_or_less_fires_at_once)
{
    int64_t v;
    for (int i = 0; i < 1000; i++) {
        rn_receiver(int64_t) c = rn_after(g, i % 2 ? 0 : INT64_MIN);
        CHECK_EQ(rn_recv(c, &v), 0);
        rn_free(c);
    }
    CHECK_EQ(elapsed(), 0);
    return 0;
}

TIMED_TEST(after_for_ever_never_fires)
{
    rn_receiver(int64_t) never = rn_after(g, RN_FOREVER), late = rn_after(g, INT64_MAX - 5);
    int64_t v;
    CHECK_EQ(rn_select(RN_RECV(never, &v, NULL), RN_RECV(late, &v, NULL), RN_AFTER(RN_HOUR)), 2);
    return 0;
}

TIMED_TEST(timers_fire_in_the_order_of_their_deadlines)
{
    enum { N = 100 };
    rn_receiver(int64_t) c[N];
    int64_t v, last = 0;
    for (int i = 0; i < N; i++)
        c[i] = rn_after(g, (1 + i * 37 % N) * RN_MILLISECOND);
    for (int n = 0; n < N; n++) {
        rn_case cases[N];
        for (int i = 0; i < N; i++)
            cases[i] = RN_RECV(c[i], &v, NULL);
        CHECK(rn_select_n(cases, N) >= 0);
        CHECK(v > last);
        CHECK_EQ(v, rn_now());
        last = v;
    }
    return 0;
}

TIMED_TEST(timer_channel_shows_no_length_and_no_capacity)
{
    rn_receiver(int64_t) c = rn_after(g, 1);
    CHECK_EQ(rn_len(c), 0);
    CHECK_EQ(rn_cap(c), 0);
    CHECK_EQ(rn_sleep(2), 0);
    CHECK_EQ(rn_len(c), 0);
    CHECK_EQ(rn_cap(c), 0);
    CHECK(!empty(c));
    return 0;
}

static int ask_until_closed(rn_receiver(int64_t) c)
{
    int64_t v;
    do {
        CHECK_EQ(rn_cap(c), 0);
        CHECK_EQ(rn_len(c), 0);
    } while (rn_try_recv(c, &v) != -EPIPE);
    return 0;
}
RN_TASK(ask_until_closed, rn_receiver(int64_t));

TASK_TEST(timer_channel_shows_no_capacity_beyond_its_group)
{
    for (int i = 0; i < 20; i++) {
        rn_group *h = rn_group_new(NULL), *readers = rn_group_new(NULL);
        rn_receiver(int64_t) c = rn_ticker_chan(rn_ticker_new(h, RN_MICROSECOND));
        rn_ref(c);
        CHECK_EQ(rn_go(readers, ask_until_closed, c), 0);
        CHECK_EQ(rn_sleep(10 * RN_MICROSECOND), 0);
        rn_group_close(h);
        CHECK_EQ(rn_group_wait(readers), 0);
        CHECK_EQ(rn_cap(c), 0);
        CHECK_EQ(rn_len(c), 0);
        rn_group_close(readers);
        rn_unref(c);
    }
    (void)g;
    return 0;
}

/* ---- stop and reset ---- */

TIMED_TEST(timer_stop_tells_whether_it_prevented_the_firing)
{
    rn_timer *t = rn_timer_new(g, RN_SECOND);
    int64_t v;
    CHECK(rn_timer_stop(t));
    CHECK(!rn_timer_stop(t));
    CHECK_EQ(rn_sleep(RN_HOUR), 0);
    CHECK(empty(rn_timer_chan(t)));
    CHECK(!rn_timer_reset(t, RN_SECOND));
    CHECK_EQ(rn_recv(rn_timer_chan(t), &v), 0);
    CHECK_EQ(elapsed(), RN_HOUR + RN_SECOND);
    CHECK(!rn_timer_stop(t));
    return 0;
}

TIMED_TEST(timer_stop_and_reset_leave_no_stale_value)
{
    rn_timer *t = rn_timer_new(g, RN_SECOND);
    int64_t v;
    CHECK_EQ(rn_sleep(2 * RN_SECOND), 0); /* it has fired into the channel */
    CHECK(rn_timer_stop(t));
    CHECK(empty(rn_timer_chan(t)));
    rn_timer_reset(t, RN_SECOND);
    CHECK_EQ(rn_sleep(2 * RN_SECOND), 0);
    CHECK(rn_timer_reset(t, RN_SECOND));
    CHECK_EQ(rn_recv(rn_timer_chan(t), &v), 0);
    CHECK_EQ(v - RN_TEST_START, 5 * RN_SECOND);
    CHECK(empty(rn_timer_chan(t)));
    rn_timer_free(t);
    return 0;
}

TIMED_TEST(timer_reset_to_earlier_and_later_loses_no_firing)
{
    rn_timer *t = rn_timer_new(g, RN_HOUR);
    int64_t v;
    for (int i = 0; i < 1000; i++) {
        CHECK(rn_timer_reset(t, RN_MINUTE));
        CHECK(rn_timer_reset(t, 5));
        CHECK(rn_timer_reset(t, 10));
        int64_t before = rn_now();
        CHECK_EQ(rn_recv(rn_timer_chan(t), &v), 0);
        CHECK_EQ(rn_now() - before, 10);
        CHECK(!rn_timer_reset(t, RN_HOUR));
    }
    return 0;
}

/* ---- tickers ---- */

TIMED_TEST(ticker_ticks_at_intervals)
{
    rn_ticker *t = rn_ticker_new(g, 3 * RN_SECOND);
    int64_t v;
    for (int i = 1; i <= 100; i++) {
        CHECK_EQ(rn_recv(rn_ticker_chan(t), &v), 0);
        CHECK_EQ(v - RN_TEST_START, i * 3 * RN_SECOND);
        CHECK_EQ(elapsed(), i * 3 * RN_SECOND);
    }
    CHECK_EQ(rn_sleep(100 * RN_SECOND), 0); /* a slow receiver loses ticks, but one */
    CHECK_EQ(rn_try_recv(rn_ticker_chan(t), &v), 0);
    CHECK_EQ(v - RN_TEST_START, 303 * RN_SECOND);
    CHECK(empty(rn_ticker_chan(t)));
    CHECK_EQ(rn_recv(rn_ticker_chan(t), &v), 0);
    CHECK_EQ(elapsed(), 402 * RN_SECOND);
    return 0;
}

TIMED_TEST(ticker_stops_and_starts_anew)
{
    rn_ticker *t = rn_ticker_new(g, RN_SECOND);
    int64_t v;
    CHECK_EQ(rn_sleep(2500 * RN_MILLISECOND), 0);
    rn_ticker_stop(t);
    CHECK(empty(rn_ticker_chan(t)));
    CHECK_EQ(rn_sleep(RN_HOUR), 0);
    CHECK(empty(rn_ticker_chan(t))); /* and it is not closed */
    CHECK_EQ(rn_ticker_reset(t, 2 * RN_SECOND), 0);
    int64_t before = rn_now();
    CHECK_EQ(rn_recv(rn_ticker_chan(t), &v), 0);
    CHECK_EQ(rn_now() - before, 2 * RN_SECOND);
    CHECK_EQ(rn_ticker_reset(t, 0), -EINVAL);
    rn_ticker_free(t);
    rn_ticker_free(NULL);
    rn_timer_free(NULL);
    CHECK(rn_ticker_new(g, 0) == NULL);
    CHECK(rn_ticker_new(g, -1) == NULL);
    CHECK(rn_tick(g, 0) == NULL);
    CHECK(rn_tick(g, RN_SECOND) != NULL);
    return 0;
}

static int tick_for_nobody(rn_group *g, void *arg)
{
    (void)arg;
    CHECK(rn_tick(g, RN_SECOND) != NULL);
    return rn_wait(rn_make(g, int, 0));
}

static int ticking_deadlock(void)
{
    return rn_test_run(tick_for_nobody, NULL, NULL);
}

TEST(ticker_that_nobody_listens_to_does_not_hide_a_deadlock_for_ever)
{
    struct capture c;
    capture(&c, ticking_deadlock);
    CHECK_EQ(c.status, 2);
    capture_has(&c, "all tasks are asleep");
}

/* ---- functions ---- */

static int add_one(_Atomic(int) *n, int64_t due)
{
    CHECK_EQ(elapsed(), due);
    atomic_fetch_add(n, 1);
    return 0;
}
RN_TASK(add_one, _Atomic(int) *, int64_t);

TIMED_TEST(timer_starts_a_task)
{
    static _Atomic(int) n;
    atomic_store(&n, 0);
    rn_group *h = rn_group_new(NULL);
    rn_timer *a = rn_timer_go(h, RN_SECOND, add_one, &n, RN_SECOND);
    rn_timer *b = rn_timer_go(h, RN_SECOND, add_one, &n, RN_SECOND);
    CHECK(rn_timer_channel(a) == NULL);
    CHECK(rn_timer_stop(b));
    CHECK_EQ(rn_sleep(2 * RN_SECOND), 0);
    CHECK_EQ(atomic_load(&n), 1);
    CHECK(!rn_timer_stop(a));
    CHECK_EQ(rn_group_wait(h), 0);
    CHECK(rn_timer_go(h, RN_HOUR, add_one, &n, 0) != NULL); /* the close stops it */
    CHECK_EQ(rn_group_close(h), 0);
    CHECK_EQ(atomic_load(&n), 1);
    return 0;
}

/* ---- groups ---- */

static int wait_for_tick(rn_receiver(int64_t) c)
{
    int64_t v;
    CHECK_EQ(rn_recv(c, &v), -ECANCELED);
    return 0;
}
RN_TASK(wait_for_tick, rn_receiver(int64_t));

TIMED_TEST(timers_end_with_their_group)
{
    (void)g;
    for (int i = 0; i < 100; i++) {
        rn_group *h = rn_group_new(NULL);
        rn_receiver(int64_t) never = rn_after(h, RN_FOREVER), hour = rn_tick(h, RN_HOUR);
        CHECK_EQ(rn_go(h, wait_for_tick, never), 0);
        CHECK_EQ(rn_go(h, wait_for_tick, hour), 0);
        CHECK(rn_timer_new(h, 1) != NULL);
        CHECK_EQ(rn_test_wait(), 0);
        CHECK_EQ(rn_group_close(h), 0);
    }
    CHECK_EQ(elapsed(), 0);
    return 0;
}

TIMED_TEST(timer_channel_may_be_kept_beyond_its_group)
{
    (void)g;
    rn_group *h = rn_group_new(NULL);
    rn_receiver(int64_t) c = rn_tick(h, RN_SECOND);
    int64_t v;
    rn_ref(c);
    CHECK_EQ(rn_sleep(RN_SECOND), 0);
    CHECK_EQ(rn_group_close(h), 0);
    CHECK_EQ(rn_recv(c, &v), -EPIPE); /* the close has stopped it: the tick is taken back */
    rn_unref(c);
    return 0;
}

static int wait_for_close(rn_receiver(int64_t) c)
{
    int64_t v;
    CHECK_EQ(rn_recv(c, &v), -EPIPE);
    return 0;
}
RN_TASK(wait_for_close, rn_receiver(int64_t));

TIMED_TEST(timer_channel_that_is_kept_is_closed_for_who_waits)
{
    (void)g;
    rn_group *h = rn_group_new(NULL), *other = rn_group_new(NULL);
    rn_receiver(int64_t) c = rn_after(h, RN_FOREVER);
    rn_ref(c);
    CHECK_EQ(rn_go(other, wait_for_close, c), 0);
    CHECK_EQ(rn_test_wait(), 0);
    CHECK_EQ(rn_group_close(h), 0);
    CHECK_EQ(rn_group_wait(other), 0);
    rn_unref(c);
    return rn_group_close(other);
}

/* ---- races, in real time ---- */

/* If stop says that it prevented the firing there is no value, else there was exactly one. */
static int race_stop(int rounds)
{
    for (int i = 0; i < rounds; i++) {
        rn_timer *t = rn_timer_new(rn_group_current(), i % 20 * RN_MICROSECOND);
        int64_t v;
        rn_receiver(int64_t) c = rn_timer_chan(t);
        bool got = false;
        if (i % 3 == 0)
            rn_yield();
        else
            got = rn_select(RN_RECV(c, &v, NULL), RN_AFTER(i % 7 * RN_MICROSECOND)) == 0;
        bool prevented = rn_timer_stop(t);
        CHECK(prevented != got);
        CHECK(rn_try_recv(c, &v) == -EAGAIN);
        rn_timer_free(t);
    }
    return 0;
}
RN_TASK(race_stop, int);

TASK_TEST(timer_stop_racing_with_the_firing_agrees_with_the_channel)
{
    (void)g;
    rn_group *h = rn_group_new(NULL);
    for (int i = 0; i < 50; i++)
        CHECK_EQ(rn_go(h, race_stop, 100), 0);
    CHECK_EQ(rn_group_wait(h), 0);
    return rn_group_close(h);
}

static int count_ticks(rn_receiver(int64_t) c, _Atomic(int) *n)
{
    for (int64_t v; rn_recv(c, &v) == 0;)
        atomic_fetch_add(n, 1);
    return 0;
}
RN_TASK(count_ticks, rn_receiver(int64_t), _Atomic(int) *);

TASK_TEST(ticker_with_many_receivers_gives_each_tick_to_one)
{
    static _Atomic(int) n;
    (void)g;
    atomic_store(&n, 0);
    rn_group *h = rn_group_new(NULL);
    int64_t begun = rn_now();
    rn_ticker *t = rn_ticker_new(h, RN_MILLISECOND);
    for (int i = 0; i < 10; i++)
        CHECK_EQ(rn_go(h, count_ticks, rn_ticker_chan(t), &n), 0);
    while (atomic_load(&n) < 10)
        CHECK_EQ(rn_sleep(RN_MILLISECOND), 0);
    rn_ticker_stop(t);
    int64_t most = (rn_now() - begun) / RN_MILLISECOND;
    int ticks = atomic_load(&n);
    CHECK(ticks <= most);
    return rn_group_close(h);
}

TASK_TEST(timers_by_the_thousand_are_made_reset_stopped_and_freed)
{
    enum { N = 5000 };
    static rn_timer *t[N];
    (void)g;
    rn_group *h = rn_group_new(NULL);
    for (int i = 0; i < N; i++)
        CHECK((t[i] = rn_timer_new(h, RN_HOUR + i * 7919 % N)) != NULL);
    for (int i = 0; i < N; i++)
        CHECK(rn_timer_reset(t[i * 13 % N], RN_MINUTE + i));
    for (int i = 0; i < N; i += 2)
        CHECK(rn_timer_stop(t[i]));
    for (int i = 0; i < N; i += 3)
        rn_timer_free(t[i]);
    return rn_group_close(h);
}

TEST_EXIT(timer_stop_of_null, 2, "rn_timer_stop of a NULL timer")
{
    rn_timer_stop(NULL);
}

TEST_EXIT(timer_reset_of_null, 2, "rn_timer_reset of a NULL timer")
{
    rn_timer_reset(NULL, 1);
}

TEST_EXIT(timer_chan_of_null, 2, "rn_timer_chan of a NULL timer")
{
    CHECK(rn_timer_chan((rn_timer *)NULL));
}

TEST_EXIT(ticker_stop_of_null, 2, "rn_ticker_stop of a NULL timer")
{
    rn_ticker_stop(NULL);
}

TEST_EXIT(ticker_reset_of_null, 2, "rn_ticker_reset of a NULL timer")
{
    CHECK_EQ(rn_ticker_reset(NULL, 0), -EINVAL);
}

TEST_EXIT(ticker_chan_of_null, 2, "rn_ticker_chan of a NULL timer")
{
    CHECK(rn_ticker_chan((rn_ticker *)NULL));
}

/* ---- due, and not fired yet ---- */

static int look_at_due_timers(rn_group *g, void *arg)
{
    (void)arg;
    int64_t v;
    for (int i = 0; i < 200; i++) {
        rn_timer *t = rn_timer_new(g, 0);
        CHECK_EQ(rn_try_recv(rn_timer_chan(t), &v), 0);
        CHECK(v <= rn_now());
        CHECK_EQ(rn_try_recv(rn_timer_chan(t), &v), -EAGAIN); /* once */
        CHECK(!rn_timer_stop(t));

        CHECK(!rn_timer_reset(t, 0));
        CHECK_EQ(rn_select(RN_RECV(rn_timer_chan(t), &v, NULL), RN_DEFAULT), 0);
        CHECK(!rn_timer_reset(t, -5));
        CHECK_EQ(rn_recv_until(rn_timer_chan(t), &v, rn_now()), 0);
        CHECK(!rn_timer_reset(t, 0));
        CHECK(rn_timer_stop(t)); /* it was there to be received */
        CHECK_EQ(rn_try_recv(rn_timer_chan(t), &v), -EAGAIN);
        rn_timer_free(t);
    }
    return 0;
}

TASK_TEST(timer_that_is_due_is_received_before_it_has_fired)
{
    return look_at_due_timers(g, NULL);
}

TEST(timer_that_is_due_is_received_under_the_virtual_clock_too)
{
    rn_test_options o = { .seed = 5 };
    CHECK_EQ(rn_test_run(look_at_due_timers, NULL, NULL), 0);
    CHECK_EQ(rn_test_run(look_at_due_timers, NULL, &o), 0);
}

TASK_TEST(timer_is_received_at_its_instant_while_its_worker_computes)
{
    int64_t v;
    rn_timer *t = rn_timer_new(g, 300 * RN_MICROSECOND);
    int64_t due = rn_now() + 300 * RN_MICROSECOND;
    while (rn_now() <= due)
        continue; /* nothing of the library's runs here */
    CHECK_EQ(rn_try_recv(rn_timer_chan(t), &v), 0);
    rn_timer_free(t);
    return 0;
}

TASK_TEST(ticker_taken_early_ticks_on_in_step)
{
    int64_t first, v, period = 2 * RN_MILLISECOND;
    rn_ticker *t = rn_ticker_new(g, period);
    CHECK_EQ(rn_recv(rn_ticker_chan(t), &first), 0);
    bool in_time = rn_now() < first + period / 2; /* else this machine is too loaded */
    for (int i = 0; i < 20 && in_time; i++) {
        int64_t due = first + (i + 1) * period;
        while (rn_now() <= due)
            continue;
        int rc = rn_try_recv(rn_ticker_chan(t), &v);
        in_time = rn_now() < due + period / 2;
        CHECK(!in_time || rc == 0);
        CHECK(!in_time || v == due);
    }
    rn_ticker_free(t);
    return 0;
}
