/* SPDX-License-Identifier: MIT */
/*
 * Stages as values: composing, starting several times, and that the three modes do the same.
 *
 * The modes are compared with a plain loop on random chains of random steps over random input.
 * Every value is a number of its own in a table that counts how often it was dropped, so that the
 * same chains tell what is lost or dropped twice, also when they are cancelled.
 */
/* kit: timeout 120 */
#include <runnel.h>

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "base/rand.h"
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

static const rn_mode modes[] = { RN_TASKS, RN_FUSED, RN_BATCHED };

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

/* ---- random chains ---- */

enum { VALUES = 4096, STEPS = 6, INPUT = 300 };

static _Atomic(int) made, dropped[VALUES], seen[VALUES];

static void drop(void *element)
{
    atomic_fetch_add(&dropped[*(int *)element], 1);
}

/* A value of its own; its payload is looked up. */
static int payload[VALUES];

static int make(int number)
{
    int id = atomic_fetch_add(&made, 1);
    CHECK(id < VALUES);
    payload[id] = number;
    return id;
}

/* Owns its argument and makes a value. */
static int change(int id, int add)
{
    int number = payload[id] + add;
    drop(&id);
    return make(number);
}
RN_STAGE(change, int, int, int);

static bool select_some(int id, int modulus)
{
    return payload[id] % modulus != 0;
}
RN_STAGE(select_some, bool, int, int);

static int spread(int id, rn_sender(int) out, int modulus)
{
    int n = payload[id] % modulus, number = payload[id], rc = 0;
    drop(&id);
    for (int i = 0; i < n && rc == 0; i++) {
        int v = make(number + i);
        rc = rn_send(out, v);
        if (rc)
            drop(&v);
    }
    return rc;
}
RN_FLAT(spread, int, int, int);

typedef struct plan {
    int n;
    struct {
        rn_step_kind kind;
        int arg;
    } steps[STEPS];
    int input[INPUT];
    int inputs;
    int expected[INPUT * 64];
    int outputs, taken; /* what comes out and how much is needed for it */
} plan;

/* Takes a number through the steps from i on, as a plain loop would. False when a take is full. */
static bool push(plan *p, int i, int v, int *left)
{
    if (i == p->n) {
        p->expected[p->outputs++] = v;
        return true;
    }
    int arg = p->steps[i].arg;
    bool more = true;
    switch (p->steps[i].kind) {
    case RN_STEP_MAP: return push(p, i + 1, v + arg, left);
    case RN_STEP_FILTER: return v % arg == 0 || push(p, i + 1, v, left);
    case RN_STEP_SKIP:
        if (left[i] > 0)
            return left[i]--, true;
        return push(p, i + 1, v, left);
    case RN_STEP_TAKE:
        left[i]--;
        more = push(p, i + 1, v, left);
        return more && left[i] > 0;
    case RN_STEP_BUFFER: return push(p, i + 1, v, left);
    case RN_STEP_FLAT_MAP:
        for (int k = 0; k < v % arg && more; k++)
            more = push(p, i + 1, v + k, left);
        return more;
    }
    return false;
}

static void work_out(plan *p)
{
    int left[STEPS];
    bool more = true;
    p->outputs = p->taken = 0;
    for (int i = 0; i < p->n; i++) {
        left[i] = p->steps[i].arg;
        more = more && (p->steps[i].kind != RN_STEP_TAKE || left[i] > 0);
    }
    while (more && p->taken < p->inputs)
        more = push(p, 0, p->input[p->taken++], left);
}

static bool has(const plan *p, rn_step_kind kind)
{
    for (int i = 0; i < p->n; i++)
        if (p->steps[i].kind == kind)
            return true;
    return false;
}

static void make_plan(plan *p, rni_rand *random)
{
    int flats = 0;
    p->n = 1 + (int)rni_rand_below(random, STEPS);
    for (int i = 0; i < p->n; i++) {
        rn_step_kind kind = (rn_step_kind)rni_rand_below(random, RN_STEP_BUFFER + 1);
        if (kind == RN_STEP_FLAT_MAP && flats++)
            kind = RN_STEP_MAP;
        p->steps[i].kind = kind;
        p->steps[i].arg = kind == RN_STEP_FILTER || kind == RN_STEP_FLAT_MAP
                              ? 2 + (int)rni_rand_below(random, 3)
                          : kind == RN_STEP_TAKE ? (int)rni_rand_below(random, 200)
                                                 : (int)rni_rand_below(random, 9);
    }
    p->inputs = (int)rni_rand_below(random, flats ? 100 : INPUT);
    for (int i = 0; i < p->inputs; i++)
        p->input[i] = (int)rni_rand_below(random, 1000);
    work_out(p);
}

static rn_stage(int, int) build(rn_group *g, const plan *p)
{
    rn_stage(int, int) all = NULL;
    for (int i = 0; i < p->n; i++) {
        int arg = p->steps[i].arg;
        rn_stage(int, int) one = NULL;
        switch (p->steps[i].kind) {
        case RN_STEP_MAP: one = rn_stage_map_drop(g, drop, change, arg); break;
        case RN_STEP_FILTER: one = rn_stage_filter(g, select_some, arg); break;
        case RN_STEP_SKIP: one = rn_stage_skip(g, int, arg); break;
        case RN_STEP_TAKE: one = rn_stage_take(g, int, arg); break;
        case RN_STEP_BUFFER: one = rn_stage_buffer(g, int, arg); break;
        case RN_STEP_FLAT_MAP: one = rn_stage_flat_map_drop(g, drop, spread, arg); break;
        }
        all = all ? rn_compose(int, all, one) : one;
    }
    CHECK(all != NULL);
    return all;
}

static void forget_values(void)
{
    atomic_store(&made, 0);
    memset(dropped, 0, sizeof dropped);
    memset(seen, 0, sizeof seen);
}

/* Every value that was made has come out or was dropped, once. */
static void account(void)
{
    for (int i = 0; i < atomic_load(&made); i++)
        CHECK_EQ(atomic_load(&seen[i]) + atomic_load(&dropped[i]), 1);
}

static rn_chan(int) fill(rn_group *g, const plan *p)
{
    rn_chan(int) in = rn_make_drop(g, int, INPUT, drop);
    for (int i = 0; i < p->inputs; i++)
        CHECK_EQ(rn_send(in, make(p->input[i])), 0);
    return in;
}

static void run_plan(plan *p, rn_mode mode)
{
    rn_group *h = rn_group_new(NULL);
    int id, n = 0;
    forget_values();
    rn_chan(int) in = fill(h, p);
    rn_close(in);
    rn_receiver(int) out = rn_start_with(h, in, build(h, p), mode);
    for (; rn_recv(out, &id) == 0; n++) {
        CHECK(n < p->outputs);
        CHECK_EQ(payload[id], p->expected[n]);
        atomic_fetch_add(&seen[id], 1);
    }
    CHECK_EQ(n, p->outputs);
    CHECK_EQ(rn_group_wait(h), 0); /* all of the chain has ended */
    int taken = p->inputs - (int)rn_len(in);
    bool flat = has(p, RN_STEP_FLAT_MAP);
    CHECK(flat ? taken >= p->taken : taken == p->taken);
    rn_group_close(h);
    account();
}

TASK_TEST(all_modes_do_what_a_plain_loop_does)
{
    (void)g;
    static plan p;
    rni_rand random;
    rni_rand_seed(&random, (uint64_t)rn_now());
    for (int round = 0; round < 300; round++) {
        make_plan(&p, &random);
        for (size_t m = 0; m < 3; m++)
            run_plan(&p, modes[m]);
    }
    return 0;
}

/* ---- cancelled at any moment ---- */

static int read_some(rn_receiver(int) out, int n)
{
    for (int id; n-- > 0 && rn_recv(out, &id) == 0;) {
        atomic_fetch_add(&seen[id], 1);
        if (n % 7 == 0)
            (void)rn_yield();
    }
    return 0;
}
RN_TASK(read_some, rn_receiver(int), int);

static int feed(rn_sender(int) in, const plan *p)
{
    for (int i = 0; i < p->inputs; i++) {
        int v = make(p->input[i]);
        if (rn_send(in, v) != 0)
            drop(&v);
    }
    return 0;
}
RN_TASK(feed, rn_sender(int), const plan *);

TASK_TEST(every_value_is_dropped_once_whenever_the_end_comes)
{
    (void)g;
    static plan p;
    rni_rand random;
    rni_rand_seed(&random, (uint64_t)rn_now());
    for (int round = 0; round < 300; round++) {
        make_plan(&p, &random);
        rn_group *h = rn_group_new(NULL), *reader = rn_group_new(NULL);
        forget_values();
        rn_chan(int) in = rn_make_drop(h, int, rni_rand_below(&random, 2) * 8, drop);
        rn_receiver(int) out = rn_start_with(h, in, build(h, &p), modes[round % 3]);
        rn_ref(out);
        rn_go(reader, read_some, out, (int)rni_rand_below(&random, 200));
        rn_go(h, feed, rn_tx(in), &p);
        for (uint64_t i = rni_rand_below(&random, 100); i > 0; i--)
            (void)rn_yield();
        if (round % 2)
            rn_group_cancel(h, 0);
        rn_group_close(h);
        rn_group_close(reader);
        rn_unref(out);
        account();
    }
    return 0;
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
                       hold = rn_stage_buffer(g, int, 9);
    for (size_t m = 0; m < 3; m++) {
        CHECK_EQ(left_of(g, rn_compose(int, add, add, take3, add), modes[m]), 47);
        CHECK_EQ(left_of(g, rn_compose(int, add, odd, add, hold, take3), modes[m]), 44);
        CHECK_EQ(left_of(g, rn_compose(int, hold, skip2, odd, take3), modes[m]), 42);
        CHECK_EQ(left_of(g, rn_compose(int, take3, add, take3, hold, flat), modes[m]), 47);
        CHECK_EQ(left_of(g, rn_compose(int, add, add, none), modes[m]), 50);
        CHECK_EQ(left_of(g, none, modes[m]), 50);
        /* three of two each need two; the flat-map and the steps behind it may each hold one */
        CHECK(left_of(g, rn_compose(int, add, flat, take3), modes[m]) >= 47);
        CHECK(left_of(g, rn_compose(int, flat, add, take3), modes[m]) >= 46);
    }
    return 0;
}

TEST(takes_leave_to_others_what_they_cannot_use)
{
    CHECK_EQ(rn_test_run(nothing_in_vain, NULL, NULL), 0);
}
