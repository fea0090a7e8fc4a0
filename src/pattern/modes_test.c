/* SPDX-License-Identifier: MIT */
/*
 * Stages as values: composing, starting several times, what is taken, and that the three modes do
 * the same.
 */
#include <runnel.h>

#include <stdatomic.h>
#include <stdlib.h>

#include "kit/kit.h"
#include "sync/chan.h"

static int times(int v, int by)
{
    return v * by;
}
RN_STAGE(times, int, int, int);

static int plus(int v, int n)
{
    return v + n;
}
RN_STAGE(plus, int, int, int);

static int64_t widen(int v)
{
    return v;
}
RN_STAGE(widen, int64_t, int);

static bool is_odd(int v)
{
    return v % 2 != 0;
}
RN_STAGE(is_odd, bool, int);

static int twice(int v, rn_sender(int) out)
{
    int rc = rn_send(out, v);
    return rc ? rc : rn_send(out, v);
}
RN_FLAT(twice, int, int);

static int unpack(rn_batch b, rn_sender(int) out)
{
    int rc = 0;
    for (size_t i = 0; i < b.count && rc == 0; i++)
        rc = rn_send(out, RN_BATCH_AT(b, int, i));
    rn_batch_free(&b);
    return rc;
}
RN_FLAT(unpack, int, rn_batch);

static const rn_mode modes[] = { RN_TASKS, RN_FUSED, RN_BATCHED };

static int sum(int a, int b)
{
    return a + b;
}
RN_ZIP(sum, int, int, int);

static void expect(rn_receiver(int) in, const int *numbers, size_t n)
{
    int v;
    for (size_t i = 0; i < n; i++) {
        CHECK_EQ(rn_recv(in, &v), 0);
        CHECK_EQ(v, numbers[i]);
    }
    CHECK_EQ(rn_recv(in, &v), -EPIPE);
}
#define EXPECT(in_, ...)                                                                           \
    expect((in_), (int[]){ __VA_ARGS__ }, sizeof((int[]){ __VA_ARGS__ }) / sizeof(int))

static void count_channel(rn_channel *c, void *arg)
{
    (void)c;
    ++*(int *)arg;
}

static int channels(void)
{
    int n = 0;
    rni_channel_each(count_channel, &n);
    return n;
}

TASK_TEST(stages_can_be_stored_passed_and_composed)
{
    rn_stage(int, int) list[] = { rn_stage_map(g, plus, 1),   rn_stage_filter(g, is_odd),
                                  rn_stage_skip(g, int, 1),   rn_stage_flat_map(g, twice),
                                  rn_stage_buffer(g, int, 3), rn_stage_take(g, int, 3) };
    rn_stage(int, int) all = rn_compose(int, list[0], list[1], list[2], list[3], list[4], list[5]);
    rn_stage(int, int) one = rn_compose(int, list[0]);
    rn_stage(int, int64_t) wide = rn_compose(int, rn_compose(int, rn_stage_map(g, times, 2), one),
                                             rn_stage_map(g, widen));
    for (size_t m = 0; m < 3; m++) {
        EXPECT(rn_start_with(g, rn_generator(g, int, 0, 1, 2, 3, 4, 5, 6), all, modes[m]), 3, 3, 5);
        EXPECT(rn_start_with(g, rn_generator(g, int, 4, 5), list[0], modes[m]), 5, 6);
        rn_receiver(int64_t) out = rn_start_with(g, rn_generator(g, int, 20), wide, modes[m]);
        int64_t v;
        CHECK_EQ(rn_recv(out, &v), 0);
        CHECK_EQ(v, 41);
    }
    EXPECT(rn_start(g, rn_generator(g, int, 1),
                    rn_compose(int, one, one, one, one, one, one, one, one)),
           9);
    return 0;
}

TASK_TEST(batches_and_parallel_maps_are_stages_like_others)
{
    rn_stage(int, rn_batch) threes = rn_stage_batch(g, int, 3, RN_FOREVER);
    rn_stage(int, rn_batch) some = rn_compose(int, rn_stage_ordered_map(g, 2, plus, 10),
                                              rn_stage_zip(g, rn_repeat(g, int, 100), sum), threes);
    for (size_t m = 0; m < 3; m++) {
        rn_receiver(rn_batch) out = rn_start_with(g, rn_generator(g, int, 1, 2, 3, 4), some,
                                                  modes[m]);
        rn_batch b;
        CHECK_EQ(rn_recv(out, &b), 0);
        CHECK_EQ(b.count, 3);
        CHECK_EQ(RN_BATCH_AT(b, int, 2), 113);
        rn_batch_free(&b);
        CHECK_EQ(rn_recv(out, &b), 0);
        CHECK_EQ(b.count, 1);
        CHECK_EQ(RN_BATCH_AT(b, int, 0), 114);
        rn_batch_free(&b);
        CHECK_EQ(rn_recv(out, &b), -EPIPE);
    }
    return 0;
}

TASK_TEST(a_stage_may_be_started_many_times)
{
    rn_stage(int, int) first = rn_stage_take(g, int, 2);
    rn_receiver(int) in = rn_generator(g, int, 1, 2, 3, 4, 5);
    for (int i = 0; i < 2; i++)
        EXPECT(rn_start(g, in, first), 2 * i + 1, 2 * i + 2);
    EXPECT(rn_start(g, in, first), 5);
    return 0;
}

TASK_TEST(a_run_outlives_its_stage)
{
    rn_group *h = rn_group_new(NULL);
    rn_receiver(int) out = rn_start(g, rn_generator(g, int, 1, 2), rn_stage_map(h, plus, 7));
    rn_group_close(h);
    EXPECT(out, 8, 9);
    return 0;
}

TASK_TEST(a_source_may_go_before_the_run)
{
    rn_group *h = rn_group_new(NULL);
    rn_receiver(int) out = rn_map(g, rn_make(h, int, 0), plus, 1);
    rn_batch b;
    rn_receiver(int) zipped = rn_ordered_map(g, rn_make(h, int, 0), 2, plus, 1);
    rn_receiver(rn_batch) batches = rn_batch(g, rn_make(h, int, 0), 2, 0);
    rn_group_close(h);
    expect(out, NULL, 0);
    expect(zipped, NULL, 0);
    CHECK_EQ(rn_recv(batches, &b), -EPIPE);
    return 0;
}

TASK_TEST(a_stage_that_could_not_be_made_fails_the_group)
{
    (void)g;
    rn_group *h = rn_group_new(NULL);
    rn_stage(int, int) none = NULL;
    CHECK(rn_compose(int, rn_stage_map(h, plus, 1), none) == NULL);
    rn_receiver(int) out = rn_start(h, rn_generator(h, int, 1), none);
    CHECK_EQ(rn_recv(out, &(int){ 0 }), -EPIPE);
    CHECK_EQ(rn_group_wait(h), -ENOMEM);
    CHECK_EQ(rn_recv(rn_map(h, out, plus, 1), &(int){ 0 }), -EPIPE);
    CHECK_EQ(rn_for_each(out, plus, 1), 0);
    rn_group_close(h);
    return 0;
}

static int wait_for_end(void)
{
    return rn_sleep(RN_FOREVER);
}
RN_TASK(wait_for_end);

static void drop_none(void *element)
{
    (void)element;
}

/* What could not be started can be used like what has ended, in every form. */
TASK_TEST(the_receiver_of_a_failed_start_is_an_ended_stream)
{
    rn_group *h = rn_group_new(NULL);
    rn_receiver(int) ended = rn_buffer(h, rn_make(h, int, 1), INT64_MAX), outs[2];
    rn_receiver(rn_receiver(int)) carrier = rn_buffer(h, rn_make(h, rn_receiver(int), 1),
                                                      INT64_MAX);
    rn_batch b;
    int v;
    CHECK_EQ(rn_group_close(h), -ENOMEM);
    ended = rn_take(g, rn_skip(g, rn_buffer(g, ended, 2), 1), 3);
    CHECK_EQ(rn_recv(rn_map(g, ended, plus, 1), &v), -EPIPE);
    CHECK_EQ(rn_recv(rn_throttle(g, ended, 1, 1), &v), -EPIPE);
    CHECK_EQ(rn_recv(rn_or_done(g, ended, ended), &v), -EPIPE);
    rn_chan(int) open = rn_make_drop(g, int, 0, drop_none);
    rn_close(open);
    CHECK_EQ(rn_recv(rn_merge(g, ended, open), &v), -EPIPE);
    CHECK_EQ(rn_recv(rn_merge(g, ended, ended), &v), -EPIPE);
    CHECK_EQ(rn_recv(rn_bridge(g, carrier), &v), -EPIPE);
    CHECK_EQ(rn_recv(rn_bridge(g, rn_generator(g, rn_receiver(int), ended)), &v), -EPIPE);
    CHECK_EQ(rn_recv(rn_zip(g, rn_generator(g, int, 1), ended, sum), &v), -EPIPE);
    CHECK_EQ(rn_recv(rn_batch(g, ended, 2, 0), &b), -EPIPE);
    CHECK_EQ(rn_wait(rn_or(g, ended)), -EPIPE);
    CHECK_EQ(rn_tee(g, ended, outs, 2), 0);
    CHECK_EQ(rn_recv(outs[1], &v), -EPIPE);
    CHECK_EQ(rn_fan_out(g, ended, outs, 2), 0);
    CHECK_EQ(rn_recv(outs[0], &v), -EPIPE);
    CHECK_EQ(rn_recv(rn_subscribe(g, rn_broadcast_new(g, ended), 1, RN_SLOW_WAIT), &v), -EPIPE);
    CHECK_EQ(rn_for_each(ended, plus, 1), 0);
    CHECK_EQ(rn_measure(ended), -EINVAL);
    CHECK_EQ(rn_len(ended) + rn_cap(ended), 0);
    rn_ref(ended);
    rn_unref(ended);
    rn_free(ended);
    return 0;
}

/* What serves a group waits for none of its places and takes none. */
TASK_TEST(stages_need_no_place_in_a_group_with_a_limit)
{
    (void)g;
    for (int limit = 0; limit < 3; limit++) {
        rn_group *h = rn_group_new(NULL);
        rn_receiver(int) outs[2];
        CHECK_EQ(rn_group_limit(h, limit), 0);
        rn_receiver(int) out = rn_map(h, rn_generator(h, int, 1, 2), plus, 1);
        CHECK_EQ(rn_tee(h, rn_ordered_map(h, out, 4, plus, 1), outs, 2), 0);
        rn_receiver(int) both = rn_merge(h, outs[0], outs[1]);
        int all = 0;
        for (int v; rn_recv(both, &v) == 0;)
            all += v;
        CHECK_EQ(all, 14);
        CHECK_EQ(rn_group_wait(h), 0);
        for (int i = 0; i < limit; i++)
            CHECK_EQ(rn_try_go(h, wait_for_end), 0);
        CHECK_EQ(rn_try_go(h, wait_for_end), -EAGAIN);
        rn_group_close(h);
    }
    return 0;
}

/* Stands for a machine without memory: nobody has room for that many. */
TASK_TEST(stages_without_memory_fail_the_group_and_lose_nothing)
{
    rn_stage(int, int) add = rn_stage_map(g, plus, 1);
    for (int i = 0; i < 4; i++) {
        rn_group *h = rn_group_new(NULL);
        rn_chan(int) in = rn_make(h, int, 1);
        int before = channels(), v;
        rn_stage(int, int) huge = rn_compose(int, add, rn_stage_buffer(h, int, INT64_MAX), add);
        rn_receiver(int) out = i == 0   ? rn_start(h, in, huge)
                               : i == 1 ? rn_buffer(h, in, INT64_MAX)
                               : i == 2 ? rn_parallel_map(h, in, INT64_MAX, plus, 1)
                                        : rn_ordered_map(h, in, INT64_MAX, plus, 1);
        CHECK_EQ(rn_recv(out, &v), -EPIPE);
        CHECK_EQ(channels(), before);
        CHECK_EQ(rn_group_wait(h), -ENOMEM);
        rn_free(in); /* nobody keeps it */
        rn_group_close(h);
    }
    return 0;
}

TEST_EXIT(untyped_stages_are_checked_when_they_start, 2, "a stage for elements of 4 bytes on a")
{
    rn_group *g = rn_group_new(NULL);
    rn_chain *chain = rn_chain_new(g, &(rn_step){ .fn = &plus_rn_stage, .captured = &(int){ 1 } });
    rn_chan(double) in = rn_make(g, double, 0);
    (void)!rn_chain_start(g, (rn_channel *)(void *)in, chain, RN_TASKS, RN_HERE);
}

TEST_EXIT(untyped_stages_are_checked_when_joined, 2, "joined to one of 8")
{
    rn_group *g = rn_group_new(NULL);
    rn_chain *parts[] = { rn_chain_new(g, &(rn_step){ .fn = &widen_rn_stage }),
                          rn_chain_new(g, &(rn_step){ .fn = &is_odd_rn_stage }) };
    (void)!rn_chain_join(parts, 2);
}

TASK_TEST(a_run_that_has_ended_keeps_its_output_only)
{
    rn_stage(int, int) add = rn_stage_map(g, plus, 1), four = rn_compose(int, add, add, add, add);
    rn_group *h = rn_group_new(NULL);
    int before = channels();
    EXPECT(rn_start(h, rn_generator(h, int, 1), four), 5);
    CHECK_EQ(rn_group_wait(h), 0);
    CHECK_EQ(channels(), before + 2); /* the generator's and the run's */
    rn_group_close(h);
    CHECK_EQ(channels(), before);
    return 0;
}

static _Atomic(int) calls;

static int count_calls(int v)
{
    atomic_fetch_add(&calls, 1);
    return v;
}
RN_STAGE(count_calls, int, int);

static int buffers_decouple(rn_group *g, void *arg)
{
    (void)arg;
    rn_stage(int, int) s = rn_compose(int, rn_stage_map(g, count_calls), rn_stage_buffer(g, int, 3),
                                      rn_stage_map(g, plus, 1));
    for (size_t m = 0; m < 2; m++) {
        rn_group *h = rn_group_new(NULL);
        atomic_store(&calls, 0);
        CHECK_EQ(rn_cap(rn_start_with(h, rn_repeat(h, int, 1), s, modes[m])), 0);
        CHECK_EQ(rn_test_wait(), 0);
        /* three are queued, one waits behind them and one, or two of two tasks, before */
        CHECK_EQ(atomic_load(&calls), m ? 5 : 6);
        rn_group_close(h);
    }
    return 0;
}

TEST(a_buffer_within_a_fused_chain_is_one)
{
    CHECK_EQ(rn_test_run(buffers_decouple, NULL, NULL), 0);
}

/* The numbers from 0 on, closed. */
static rn_receiver(int) numbers(rn_group *g, int n)
{
    rn_chan(int) in = rn_make(g, int, n);
    for (int i = 0; i < n; i++)
        CHECK_EQ(rn_send(in, i), 0);
    rn_close(in);
    return rn_rx(in);
}

/* How far a function is ahead of what has been sent. */
static _Atomic(rn_channel *) watched;
static int farthest;

static int look_ahead(int v)
{
    while (!atomic_load(&watched))
        (void)rn_yield();
    int ahead = v - (int)rn_len((rn_receiver(int))atomic_load(&watched));
    farthest = ahead > farthest ? ahead : farthest;
    return v;
}
RN_STAGE(look_ahead, int, int);

static int many_at_a_time(rn_group *g, void *arg)
{
    (void)arg;
    rn_receiver(int) out = rn_start_with(
        g, numbers(g, 40),
        rn_compose(int, rn_stage_map(g, look_ahead), rn_stage_buffer(g, int, 40)), RN_FUSED);
    atomic_store(&watched, (rn_channel *)(void *)out);
    CHECK_EQ(rn_test_wait(), 0);
    CHECK_EQ(rn_len(out), 40);
    CHECK(farthest > 0 && farthest < 32);
    int v;
    for (int i = 0; i < 40; i++) {
        CHECK_EQ(rn_recv(out, &v), 0);
        CHECK_EQ(v, i);
    }
    return rn_recv(out, &v) == -EPIPE ? 0 : -1;
}

TEST(a_fused_chain_before_a_buffer_takes_many_elements_at_a_time)
{
    CHECK_EQ(rn_test_run(many_at_a_time, NULL, NULL), 0);
}

static int nap(int v)
{
    (void)rn_sleep(v < 20 ? 0 : RN_MILLISECOND);
    return v;
}
RN_STAGE(nap, int, int);

/* Once it is slow; it has been quick before, so that many are in hand at first. */
static int as_they_are_ready(rn_group *g, void *arg)
{
    (void)arg;
    rn_receiver(int) out = rn_start_with(
        g, numbers(g, 200), rn_compose(int, rn_stage_map(g, nap), rn_stage_buffer(g, int, 64)),
        RN_FUSED);
    int v, late = 0;
    for (int i = 0; rn_recv(out, &v) == 0; i++) {
        CHECK_EQ(v, i);
        int64_t ready = v < 20 ? 0 : (v - 19) * RN_MILLISECOND;
        late += rn_now() - RN_TEST_START != ready;
    }
    CHECK(late < 64);
    CHECK_EQ(rn_now() - RN_TEST_START, 180 * RN_MILLISECOND);
    return 0;
}

TEST(a_slow_fused_chain_passes_each_element_on_when_it_is_ready)
{
    CHECK_EQ(rn_test_run(as_they_are_ready, NULL, NULL), 0);
}

/* ---- what is taken ---- */

static int left_of(rn_group *g, rn_stage(int, int) s, rn_mode mode)
{
    rn_chan(int) in = rn_make(g, int, 50);
    for (int i = 0; i < 50; i++)
        CHECK_EQ(rn_send(in, i), 0);
    rn_receiver(int) out = rn_start_with(g, in, s, mode);
    for (int v; rn_recv(out, &v) == 0;)
        continue;
    CHECK_EQ(rn_test_wait(), 0);
    return (int)rn_len(in);
}

static int nothing_in_vain(rn_group *g, void *arg)
{
    (void)arg;
    rn_stage(int, int) add = rn_stage_map(g, plus, 0), odd = rn_stage_filter(g, is_odd),
                       take3 = rn_stage_take(g, int, 3), flat = rn_stage_flat_map(g, twice),
                       skip2 = rn_stage_skip(g, int, 2), none = rn_stage_take(g, int, 0),
                       hold = rn_stage_buffer(g, int, 9),
                       pool = rn_stage_parallel_map(g, 4, plus, 0),
                       row = rn_stage_ordered_map(g, 4, plus, 0),
                       rate = rn_stage_throttle(g, int, RN_SECOND, 1),
                       pairs = rn_stage_zip(g, rn_repeat(g, int, 1), sum);
    for (size_t m = 0; m < 3; m++) {
        CHECK_EQ(left_of(g, rn_compose(int, add, add, take3, add), modes[m]), 47);
        CHECK_EQ(left_of(g, rn_compose(int, add, odd, add, hold, take3), modes[m]), 44);
        CHECK_EQ(left_of(g, rn_compose(int, hold, skip2, odd, take3), modes[m]), 42);
        CHECK_EQ(left_of(g, rn_compose(int, take3, add, take3, hold, flat), modes[m]), 47);
        CHECK_EQ(left_of(g, rn_compose(int, add, add, none), modes[m]), 50);
        CHECK_EQ(left_of(g, none, modes[m]), 50);
        CHECK_EQ(left_of(g, rn_compose(int, pool, odd, row, take3), modes[m]), 44);
        CHECK_EQ(left_of(g, rn_compose(int, add, rate, pairs, take3, row), modes[m]), 47);
        /* three of two each need two; the flat-map and the steps behind it may each hold one */
        CHECK(left_of(g, rn_compose(int, add, flat, take3), modes[m]) >= 47);
        CHECK(left_of(g, rn_compose(int, flat, add, take3), modes[m]) >= 46);
    }
    return 0;
}

/* The source says nothing more, and yet all ends. */
static int take_one_of(rn_group *g, void *arg)
{
    (void)arg;
    rn_stage(int, int) one = rn_stage_take(g, int, 1);
    rn_stage(int, int)
        befores[] = { rn_stage_parallel_map(g, 3, plus, 0), rn_stage_ordered_map(g, 3, plus, 0),
                      rn_stage_throttle(g, int, RN_SECOND, 1),
                      rn_stage_zip(g, rn_repeat(g, int, 1), sum) };
    for (size_t i = 0; i < 4; i++) {
        for (size_t m = 0; m < 3; m++) {
            rn_group *h = rn_group_new(NULL);
            rn_chan(int) in = rn_make(g, int, 0);
            int v;
            rn_receiver(int) out = rn_start_with(h, in, rn_compose(int, befores[i], one), modes[m]);
            CHECK_EQ(rn_send(in, 5), 0);
            CHECK_EQ(rn_recv(out, &v), 0);
            CHECK_EQ(rn_recv(out, &v), -EPIPE);
            CHECK_EQ(rn_group_wait(h), 0);
            rn_group_close(h);
        }
    }
    return 0;
}

/* The worker whose turn comes too late gives it on to the others, which have results, too. */
static int take_one_of_many(rn_group *g, void *arg)
{
    (void)g;
    (void)arg;
    for (size_t m = 0; m < 3; m++) {
        rn_group *h = rn_group_new(NULL);
        rn_stage(int, int)
            row = rn_compose(int, rn_stage_flat_map(h, twice), rn_stage_flat_map(h, twice),
                             rn_stage_ordered_map(h, 3, plus, 0), rn_stage_take(h, int, 1));
        rn_chan(int) in = rn_make(h, int, 2);
        int v;
        CHECK_EQ(rn_send(in, 1), 0);
        CHECK_EQ(rn_send(in, 2), 0);
        rn_close(in);
        rn_receiver(int) out = rn_start_with(h, in, row, modes[m]);
        CHECK_EQ(rn_test_wait(), 0);
        CHECK_EQ(rn_recv(out, &v), 0);
        CHECK_EQ(rn_recv(out, &v), -EPIPE);
        CHECK_EQ(rn_test_wait(), 0);
        CHECK_EQ(rn_task_count(), 1);
        CHECK_EQ(rn_group_close(h), 0);
    }
    return 0;
}

/* A flat-map and a batch hide what is needed; yet all ends when the take is full, whatever it
 * waits for: the silent source, the other channel of a zip, the next token. */
static int take_behind_what_hides(rn_group *g, void *arg)
{
    (void)arg;
    rn_stage(int, int) one = rn_stage_take(g, int, 1), flat = rn_stage_flat_map(g, twice),
                       add = rn_stage_map(g, plus, 0), slow = rn_stage_throttle(g, int, RN_HOUR, 1);
    rn_chan(int) other = rn_make(g, int, 1);
    rn_stage(int, int) pairs = rn_stage_zip(g, other, sum);
    rn_stage(int, int) chains[] = {
        rn_compose(int, flat, one),
        rn_compose(int, add, flat, add, one),
        rn_compose(int, rn_stage_batch(g, int, 1, 0), rn_stage_flat_map(g, unpack), add, one),
        rn_compose(int, flat, pairs, one),
        rn_compose(int, flat, slow, one),
    };
    for (size_t i = 0; i < sizeof chains / sizeof *chains; i++) {
        for (size_t m = 0; m < 3; m++) {
            rn_group *h = rn_group_new(NULL);
            rn_chan(int) in = rn_make(g, int, 5);
            int v;
            rn_receiver(int) out = rn_start_with(h, in, chains[i], modes[m]);
            if (rn_try_send(other, 0) != 0)
                CHECK_EQ(rn_len(other), 1);
            CHECK_EQ(rn_send(in, 5), 0);
            CHECK_EQ(rn_recv(out, &v), 0);
            CHECK_EQ(v, 5);
            CHECK_EQ(rn_recv(out, &v), -EPIPE);
            CHECK_EQ(rn_test_wait(), 0);
            CHECK_EQ(rn_task_count(), 1);
            CHECK_EQ(rn_send(in, 6), 0);
            CHECK_EQ(rn_test_wait(), 0);
            CHECK_EQ(rn_len(in), 1);
            rn_group_close(h);
        }
    }
    return rn_now() == RN_TEST_START ? 0 : -1;
}

TEST(a_take_that_is_full_ends_what_is_before_it)
{
    CHECK_EQ(rn_test_run(take_behind_what_hides, NULL, NULL), 0);
    CHECK_EQ(rn_test_run(take_one_of, NULL, NULL), 0);
    CHECK_EQ(rn_test_run(take_one_of_many, NULL, NULL), 0);
}

TEST(takes_leave_to_others_what_they_cannot_use)
{
    CHECK_EQ(rn_test_run(nothing_in_vain, NULL, NULL), 0);
}
