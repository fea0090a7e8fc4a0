/* SPDX-License-Identifier: MIT */
/* The channel forms: what each stage passes on, when it ends, and the chapter's own chains. */
#include <runnel.h>

#include <stdatomic.h>
#include <string.h>

#include "kit/kit.h"

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

static bool is_odd(int v)
{
    return v % 2 != 0;
}
RN_STAGE(is_odd, bool, int);

static int count_up(_Atomic(int) *next, int step)
{
    return atomic_fetch_add(next, step);
}
RN_SOURCE(count_up, int, _Atomic(int) *, int);

static int seven(void)
{
    return 7;
}
RN_SOURCE(seven, int);

static int so_many(int v, rn_sender(int) out, int less)
{
    int rc = 0;
    for (int i = 0; rc == 0 && i < v - less; i++)
        rc = rn_send(out, v);
    return rc;
}
RN_FLAT(so_many, int, int, int);

typedef struct six {
    char a;
    double b;
    const char *c;
    short d;
    int64_t e;
    float f;
} six;

static six gather(char v, char a, double b, const char *c, short d, int64_t e, float f)
{
    CHECK_EQ(v, 'v');
    return (six){ a, b, c, d, e, f };
}
RN_STAGE(gather, six, char, char, double, const char *, short, int64_t, float);

/* Checks that in delivers the n numbers and then ends. */
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

TASK_TEST(generator_sends_its_values_and_ends)
{
    EXPECT(rn_generator(g, int, 1, 2, 3), 1, 2, 3);
    EXPECT(rn_generator(g, int, 5), 5);
    int many[100];
    for (int i = 0; i < 100; i++)
        many[i] = i * i;
    rn_receiver(int) all = rn_generator_n(g, many, 100), none = rn_generator_n(g, many, 0);
    int copy[100];
    memcpy(copy, many, sizeof copy);
    memset(many, 0, sizeof many); /* the list was copied */
    expect(all, copy, 100);
    expect(none, NULL, 0);
    const int fixed[2] = { 4, 5 };
    EXPECT(rn_generator_n(g, fixed, 2), 4, 5);
    rn_unit three[3];
    rn_receiver(rn_unit) units = rn_generator_n(g, three, 3);
    for (int i = 0; i < 3; i++)
        CHECK_EQ(rn_recv(units, three), 0);
    CHECK_EQ(rn_recv(units, three), -EPIPE);
    CHECK_EQ(rn_recv(rn_take(g, rn_repeat(g, rn_unit, RN_UNIT), 1), three), 0);
    return 0;
}

TASK_TEST(repeat_repeats_until_the_group_ends)
{
    (void)g;
    rn_group *h = rn_group_new(NULL);
    rn_receiver(int) in = rn_repeat(h, int, 1, 2, 3);
    for (int v, i = 0; i < 1000; i++) {
        CHECK_EQ(rn_recv(in, &v), 0);
        CHECK_EQ(v, i % 3 + 1);
    }
    rn_group_cancel(h, 0);
    for (int v; rn_recv(in, &v) == 0;)
        continue;
    CHECK_EQ(rn_recv(in, &(int){ 0 }), -EPIPE); /* it closed its output */
    rn_group_close(h);
    return 0;
}

TASK_TEST(repeat_fn_sends_what_the_function_returns)
{
    _Atomic(int) next = 10;
    rn_group *h = rn_group_new(rn_group_ctx(g));
    EXPECT(rn_take(h, rn_repeat_fn(h, count_up, &next, 3), 4), 10, 13, 16, 19);
    EXPECT(rn_take(h, rn_repeat_fn(h, seven), 2), 7, 7);
    rn_group_close(h);
    return 0;
}

TASK_TEST(take_of_repeat_is_the_books)
{
    char text[64] = "";
    rn_receiver(int) ones = rn_take(g, rn_repeat(g, int, 1), 10);
    for (int v; rn_recv(ones, &v) == 0;)
        strcat(text, v == 1 ? "1 " : "?");
    CHECK_STR(text, "1 1 1 1 1 1 1 1 1 1 ");
    return 0;
}

TASK_TEST(take_and_skip_count)
{
    rn_receiver(int) in = rn_generator(g, int, 1, 2, 3, 4, 5, 6);
    EXPECT(rn_take(g, in, 2), 1, 2);
    expect(rn_take(g, in, 0), NULL, 0);
    expect(rn_take(g, in, -5), NULL, 0);
    EXPECT(rn_take(g, in, 1), 3);
    EXPECT(rn_skip(g, in, 2), 6);
    EXPECT(rn_take(g, rn_generator(g, int, 1, 2), 5), 1, 2);
    expect(rn_skip(g, rn_generator(g, int, 1, 2), 5), NULL, 0);
    EXPECT(rn_skip(g, rn_generator(g, int, 1, 2), 0), 1, 2);
    EXPECT(rn_skip(g, rn_generator(g, int, 1, 2), -1), 1, 2);
    return 0;
}

TASK_TEST(map_filter_and_flat_map)
{
    EXPECT(rn_map(g, rn_generator(g, int, 1, 2, 3, 4), times, 3), 3, 6, 9, 12);
    EXPECT(rn_filter(g, rn_generator(g, int, 1, 2, 3, 4, 5), is_odd), 1, 3, 5);
    EXPECT(rn_flat_map(g, rn_generator(g, int, 0, 1, 3, 2), so_many, 0), 1, 3, 3, 3, 2, 2);
    expect(rn_flat_map(g, rn_generator(g, int, 1, 1), so_many, 1), NULL, 0);
    rn_chan(int) both = rn_make(g, int, 2); /* a channel will do for a receiver */
    CHECK_EQ(rn_send(both, 1), 0);
    rn_close(both);
    EXPECT(rn_take(g, rn_map(g, both, plus, 1), 9), 2);
    return 0;
}

TASK_TEST(pipelines_of_the_chapter)
{
    rn_receiver(int) in = rn_generator(g, int, 1, 2, 3, 4);
    EXPECT(rn_map(g, rn_map(g, in, plus, 1), times, 2), 4, 6, 8, 10);
    in = rn_generator(g, int, 1, 2, 3, 4);
    EXPECT(rn_map(g, rn_map(g, rn_map(g, in, times, 2), plus, 1), times, 2), 6, 10, 14, 18);
    return 0;
}

TASK_TEST(six_values_are_captured_by_copy)
{
    double b = 0.5;
    rn_receiver(six) out = rn_map(g, rn_generator(g, char, 'v'), gather, 'a', b, "text", -3,
                                  INT64_C(1) << 40, 0.25f);
    b = 0;
    six v;
    CHECK_EQ(rn_recv(out, &v), 0);
    CHECK(v.a == 'a' && v.b == 0.5 && v.d == -3 && v.e == INT64_C(1) << 40 && v.f == 0.25f);
    CHECK_STR(v.c, "text");
    CHECK_EQ(rn_recv(out, &v), -EPIPE);
    return 0;
}

/* ---- for-each ---- */

static int add_to(int v, int *sum, int stop_at)
{
    *sum += v;
    return v == stop_at ? -EDOM : 0;
}
RN_STAGE(add_to, int, int, int *, int);

static int positive(int v)
{
    return v;
}
RN_STAGE(positive, int, int);

TASK_TEST(for_each_ends_with_its_input_or_its_function)
{
    int sum = 0, v;
    CHECK_EQ(rn_for_each(rn_generator(g, int, 1, 2, 3), add_to, &sum, 0), 0);
    CHECK_EQ(sum, 6);
    rn_receiver(int) in = rn_generator(g, int, 1, 2, 3, 4);
    CHECK_EQ(rn_for_each(in, add_to, &sum, 2), -EDOM);
    CHECK_EQ(sum, 9);
    CHECK_EQ(rn_recv(in, &v), 0);
    CHECK_EQ(v, 3); /* nothing was taken after the error */
    CHECK_EQ(rn_for_each(in, positive), 4);
    return 0;
}

static int each_of(rn_receiver(int) in)
{
    int sum = 0, rc = rn_for_each(in, add_to, &sum, 0);
    CHECK_EQ(rc, -ECANCELED);
    return 0;
}
RN_TASK(each_of, rn_receiver(int));

TASK_TEST(for_each_ends_when_its_caller_is_cancelled)
{
    rn_group *h = rn_group_new(NULL);
    rn_chan(int) silent = rn_make(g, int, 0);
    rn_go(h, each_of, rn_rx(silent));
    rn_go(h, each_of, (rn_receiver(int))NULL);
    rn_sleep(RN_MILLISECOND);
    rn_group_close(h);
    return 0;
}

/* ---- buffers, on exact times ---- */

static int64_t now(void)
{
    return (rn_now() - RN_TEST_START) / RN_SECOND;
}

static int linger(int v, int64_t seconds, int64_t *last)
{
    rn_sleep(seconds * RN_SECOND);
    *last = now();
    return v;
}
RN_STAGE(linger, int, int, int64_t, int64_t *);

/* Queuing, program 1: the short stage lets go earlier, the whole takes as long. */
static int queue(rn_group *g, void *arg)
{
    int64_t short_end = 0, long_end = 0, buffered = *(int *)arg, n = 0;
    rn_receiver(int) in = rn_take(g, rn_repeat(g, int, 0), 3);
    in = rn_map(g, in, linger, 1, &short_end);
    if (buffered)
        in = rn_buffer(g, in, 2);
    in = rn_map(g, in, linger, 4, &long_end);
    for (int v; rn_recv(in, &v) == 0; n++)
        CHECK_EQ(now(), 1 + 4 * (n + 1));
    CHECK_EQ(n, 3);
    CHECK_EQ(now(), 13);
    CHECK_EQ(short_end, buffered ? 3 : 6); /* its third nap; then it may have to wait */
    return 0;
}

TEST(buffers_let_the_stage_before_run_ahead)
{
    for (int buffered = 0; buffered < 2; buffered++)
        CHECK_EQ(rn_test_run(queue, &buffered, NULL), 0);
}

static int run_ahead(rn_group *g, void *arg)
{
    (void)arg;
    int v;
    _Atomic(int) calls = 0;
    rn_group *h = rn_group_new(rn_group_ctx(g));
    rn_receiver(int) in = rn_buffer(h, rn_repeat_fn(h, count_up, &calls, 1), 3);
    CHECK_EQ(rn_test_wait(), 0);
    CHECK_EQ(atomic_load(&calls), 5); /* three queued, one held by the buffer, one by its source */
    CHECK_EQ(rn_recv(in, &v), 0);
    CHECK_EQ(rn_test_wait(), 0);
    CHECK_EQ(atomic_load(&calls), 6);
    CHECK_EQ(rn_cap(in), 3);
    CHECK_EQ(rn_cap(rn_buffer(h, in, -1)), 0);
    rn_group_close(h);
    return 0;
}

TEST(a_buffer_holds_as_many_as_it_says)
{
    CHECK_EQ(rn_test_run(run_ahead, NULL, NULL), 0);
}

/* ---- ends ---- */

TASK_TEST(stages_end_with_their_group_and_close_their_outputs)
{
    rn_chan(int) silent = rn_make(g, int, 0);
    rn_group *h = rn_group_new(NULL);
    rn_receiver(int) outs[] = {
        rn_map(h, silent, plus, 1),
        rn_filter(h, silent, is_odd),
        rn_take(h, silent, 2),
        rn_skip(h, silent, 2),
        rn_buffer(h, silent, 2),
        rn_flat_map(h, silent, so_many, 0),
        rn_map(h, (rn_receiver(int))NULL, plus, 1),
    };
    rn_group_cancel(h, 0);
    for (size_t i = 0; i < sizeof outs / sizeof outs[0]; i++)
        expect(outs[i], NULL, 0);
    expect(rn_map(h, silent, plus, 1), NULL, 0); /* too late to start */
    expect(rn_generator(h, int, 1), NULL, 0);
    CHECK_EQ(rn_group_close(h), -ECANCELED);
    return 0;
}

TASK_TEST(who_stops_reading_leaves_nothing_behind)
{
    (void)g;
    size_t before = rn_task_count();
    rn_group *h = rn_group_new(NULL);
    rn_receiver(int) in = rn_map(h, rn_filter(h, rn_repeat(h, int, 1, 2), is_odd), plus, 1);
    CHECK_EQ(rn_recv(in, &(int){ 0 }), 0);
    CHECK_EQ(rn_group_close(h), 0);
    CHECK_EQ(rn_task_count(), before);
    return 0;
}

static int fail_at(int v, rn_sender(int) out, int n)
{
    return v == n ? -EDOM : rn_send(out, v);
}
RN_FLAT(fail_at, int, int, int);

TASK_TEST(a_flat_maps_error_fails_the_group)
{
    (void)g;
    rn_group *h = rn_group_new(NULL);
    EXPECT(rn_flat_map(h, rn_generator(h, int, 1, 2, 3), fail_at, 2), 1);
    CHECK_EQ(rn_group_wait(h), -EDOM);
    rn_group_close(h);
    return 0;
}
