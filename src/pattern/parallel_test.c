/* SPDX-License-Identifier: MIT */
/* Stages with several inputs or tasks: zip, parallel maps; and batches. */
#include "pattern/ledger.h"

#include "kit/kit.h"

static int64_t now(void)
{
    return (rn_now() - RN_TEST_START) / RN_SECOND;
}

/* ---- zip ---- */

static double scale(int a, double b, double by)
{
    return a * b * by;
}
RN_ZIP(scale, double, int, double, double);

static int minus(int a, int b)
{
    return a - b;
}
RN_ZIP(minus, int, int, int);

TASK_TEST(zip_pairs_until_the_shorter_ends)
{
    double v;
    rn_receiver(double) out = rn_zip(g, rn_generator(g, int, 1, 2, 3),
                                     rn_generator(g, double, 0.5, 1.5), scale, 2.0);
    CHECK(rn_recv(out, &v) == 0 && v == 1.0);
    CHECK(rn_recv(out, &v) == 0 && v == 6.0);
    CHECK_EQ(rn_recv(out, &v), -EPIPE);
    rn_receiver(int) less = rn_zip(g, rn_generator(g, int, 5), rn_generator(g, int, 3, 4), minus);
    int n;
    CHECK(rn_recv(less, &n) == 0 && n == 2);
    CHECK_EQ(rn_recv(less, &n), -EPIPE);
    return 0;
}

static int join(int a, int b)
{
    ledger_end(b, &ledger_received);
    return a;
}
RN_ZIP(join, int, int, int);

static int produce(rn_sender(int) out, int n)
{
    int rc = 0;
    for (int i = 0; rc == 0 && i < n; i++) {
        int v = ledger_open();
        rc = rn_send(out, v);
        if (rc)
            ledger_drop(&v);
    }
    rn_close(out);
    return 0;
}
RN_TASK(produce, rn_sender(int), int);

static rn_receiver(int) produced(rn_group *g, int n)
{
    rn_chan(int) c = rn_make_drop(g, int, 0, ledger_drop);
    rn_go(g, produce, rn_tx(c), n);
    return rn_rx(c);
}

/* Takes up to n values out of in. */
static int consume(rn_receiver(int) in, int n)
{
    for (int v; n > 0 && rn_recv(in, &v) == 0; n--)
        ledger_end(v, &ledger_received);
    return 0;
}
RN_TASK(consume, rn_receiver(int), int);

TASK_TEST(zip_loses_nothing)
{
    (void)g;
    for (int round = 0; round < 200; round++) {
        ledger_clear();
        rn_group *h = rn_group_new(NULL);
        rn_receiver(int) out = rn_zip_drop(h, produced(h, round % 9), produced(h, round % 7),
                                           ledger_drop, join);
        consume(out, round % 5 ? 10 : 3);
        for (int i = 0; i < round % 20; i++)
            (void)rn_yield(); /* a pair waits to be sent, or not yet */
        rn_group_close(h);
        CHECK_EQ(ledger_errors(), 0);
    }
    return 0;
}

/* ---- parallel maps ---- */

static _Atomic(int) running, most;

static int slow_square(int v, int64_t seconds)
{
    int n = atomic_fetch_add(&running, 1) + 1, seen = atomic_load(&most);
    while (n > seen && !atomic_compare_exchange_weak(&most, &seen, n))
        continue;
    rn_sleep((v % 2 ? 1 : seconds) * RN_SECOND); /* the odd ones overtake */
    atomic_fetch_sub(&running, 1);
    return v * v;
}
RN_STAGE(slow_square, int, int, int64_t);

static int four_at_a_time(rn_group *g, void *arg)
{
    bool ordered = *(bool *)arg;
    int numbers[16], sum = 0, v, i = 0, in_order = 0;
    for (int k = 0; k < 16; k++)
        numbers[k] = k;
    rn_receiver(int) in = rn_generator_n(g, numbers, 16);
    rn_receiver(int) out = ordered ? rn_ordered_map(g, in, 4, slow_square, 2)
                                   : rn_parallel_map(g, in, 4, slow_square, 2);
    for (; rn_recv(out, &v) == 0; i++) {
        in_order += v == i * i;
        sum += v;
    }
    CHECK_EQ(i, 16);
    CHECK_EQ(sum, 1240);
    CHECK(ordered ? in_order == 16 : in_order < 16);
    CHECK_EQ(atomic_load(&most), 4);
    CHECK(now() >= 6 && now() <= 8); /* one by one it is 24 s */
    return 0;
}

TEST(a_parallel_map_uses_all_its_tasks)
{
    CHECK_EQ(rn_test_run(four_at_a_time, &(bool){ false }, NULL), 0);
}

TEST(an_ordered_map_keeps_the_order)
{
    CHECK_EQ(rn_test_run(four_at_a_time, &(bool){ true }, NULL), 0);
}

static int head_is_slow(int v)
{
    rn_sleep(v == 0 ? 100 * RN_SECOND : RN_SECOND);
    return v;
}
RN_STAGE(head_is_slow, int, int);

static int at_most_n_ahead(rn_group *g, void *arg)
{
    (void)arg;
    rn_chan(int) in = rn_make(g, int, 20);
    for (int i = 0; i < 20; i++)
        CHECK_EQ(rn_send(in, i), 0);
    rn_close(in);
    rn_receiver(int) out = rn_ordered_map(g, in, 3, head_is_slow);
    rn_sleep(50 * RN_SECOND);
    CHECK_EQ(rn_len(in), 17);
    for (int v, i = 0; i < 20; i++) {
        CHECK_EQ(rn_recv(out, &v), 0);
        CHECK_EQ(v, i);
    }
    CHECK_EQ(rn_recv(out, &(int){ 0 }), -EPIPE);
    rn_receiver(int) one = rn_ordered_map(g, rn_generator(g, int, 7), 0, head_is_slow);
    CHECK_EQ(rn_recv(one, &(int){ 0 }), 0);
    return 0;
}

TEST(an_ordered_map_is_at_most_n_ahead)
{
    CHECK_EQ(rn_test_run(at_most_n_ahead, NULL, NULL), 0);
}

static int pass(int v, int yields)
{
    for (int i = v % yields; i > 0; i--)
        (void)rn_yield();
    return v;
}
RN_STAGE(pass, int, int, int);

TASK_TEST(parallel_maps_lose_nothing_whenever_the_end_comes)
{
    (void)g;
    for (int round = 0; round < 300; round++) {
        ledger_clear();
        rn_group *h = rn_group_new(NULL), *reader = rn_group_new(NULL);
        rn_receiver(int) in = produced(h, 60);
        rn_receiver(int) out = round % 2 ? rn_parallel_map_drop(h, in, 4, ledger_drop, pass, 5)
                                         : rn_ordered_map_drop(h, in, 4, ledger_drop, pass, 5);
        rn_ref(out);
        rn_go(reader, consume, out, round % 3 ? 20 : 100);
        for (int i = 0; i < round % 50; i++)
            (void)rn_yield();
        if (round % 5 == 0)
            CHECK_EQ(rn_group_wait(reader), 0);
        rn_group_close(h);
        rn_group_close(reader);
        rn_unref(out);
        CHECK_EQ(ledger_errors(), 0);
    }
    return 0;
}

/* ---- batches ---- */

static int trickle(rn_sender(int) out, const int *pauses, int n)
{
    int rc = 0;
    for (int i = 0; rc == 0 && i < n; i++) {
        rn_sleep(pauses[i] * RN_SECOND);
        rc = rn_send(out, i);
    }
    rn_close(out);
    return rc;
}
RN_TASK(trickle, rn_sender(int), const int *, int);

static void expect_batch(rn_receiver(rn_batch) in, int64_t at, int first, size_t n)
{
    rn_batch b;
    CHECK_EQ(rn_recv(in, &b), 0);
    CHECK_EQ(now(), at);
    CHECK_EQ(b.count, n);
    for (size_t i = 0; i < n; i++)
        CHECK_EQ(RN_BATCH_AT(b, int, i), first + (int)i);
    rn_batch_free(&b);
    CHECK(b.count == 0 && b.items == NULL);
}

static int batches_by_count_and_time(rn_group *g, void *arg)
{
    (void)arg;
    /* at seconds 1, 1, 1; 4, 5, 7; 8; 30, 34; 36 */
    static const int pauses[] = { 1, 0, 0, 3, 1, 2, 1, 22, 4, 2 };
    rn_chan(int) in = rn_make(g, int, 0);
    rn_go(g, trickle, rn_tx(in), pauses, 10);
    rn_receiver(rn_batch) out = rn_batch(g, in, 3, 5 * RN_SECOND);
    expect_batch(out, 1, 0, 3);  /* full at once */
    expect_batch(out, 7, 3, 3);  /* full, within 5 s of its first */
    expect_batch(out, 13, 6, 1); /* 5 s after its first */
    expect_batch(out, 35, 7, 2);
    expect_batch(out, 36, 9, 1); /* the input ended */
    rn_batch b;
    CHECK_EQ(rn_recv(out, &b), -EPIPE);
    return 0;
}

TEST(a_batch_ends_by_count_by_time_and_with_its_input)
{
    CHECK_EQ(rn_test_run(batches_by_count_and_time, NULL, NULL), 0);
}

TASK_TEST(batches_of_what_is_there)
{
    rn_chan(int) in = rn_make(g, int, 100);
    rn_batch b;
    for (int i = 0; i < 100; i++)
        CHECK_EQ(rn_send(in, i), 0);
    rn_receiver(rn_batch) out = rn_batch(g, in, 1000, 0);
    CHECK_EQ(rn_recv(out, &b), 0);
    CHECK_EQ(b.count, 100);
    CHECK_EQ(RN_BATCH_AT(b, int, 99), 99);
    rn_batch_free(&b);
    CHECK_EQ(rn_send(in, 7), 0);
    rn_close(in);
    CHECK_EQ(rn_recv(out, &b), 0);
    CHECK_EQ(b.count, 1);
    rn_batch_free(&b);
    CHECK_EQ(rn_recv(out, &b), -EPIPE);
    int sizes = 0;
    for (out = rn_batch(g, rn_generator_n(g, (int[100]){ 0 }, 100), 64, RN_FOREVER);
         rn_recv(out, &b) == 0; rn_batch_free(&b))
        sizes = sizes * 100 + (int)b.count;
    CHECK_EQ(sizes, 6436);
    return 0;
}

TASK_TEST(batches_lose_nothing)
{
    (void)g;
    for (int round = 0; round < 200; round++) {
        ledger_clear();
        rn_group *h = rn_group_new(NULL);
        rn_receiver(rn_batch) out = rn_batch(h, produced(h, 50), 1 + round % 9, round % 2);
        rn_batch b;
        for (int i = 0; i < round % 8 && rn_recv(out, &b) == 0; i++) {
            for (size_t k = 0; i % 2 && k < b.count; k++)
                ledger_end(RN_BATCH_AT(b, int, k), &ledger_received);
            if (i % 2)
                b.count = 0; /* they were taken out */
            rn_batch_free(&b);
        }
        if (round % 3 == 0)
            rn_wait(out); /* the channel drops this one */
        rn_group_close(h);
        CHECK_EQ(ledger_errors(), 0);
    }
    return 0;
}

TEST_EXIT(a_batch_is_read_as_what_it_is, 2, "a batch of elements of 4 bytes read as one of 8")
{
    int v = 0;
    rn_batch b = { .items = &v, .count = 1, .size = sizeof v };
    RN_BATCH_AT(b, double, 0) = 1;
}

TEST_EXIT(a_batch_has_an_end, 2, "element 1 of a batch of 1")
{
    int v = 0;
    rn_batch b = { .items = &v, .count = 1, .size = sizeof v };
    RN_BATCH_AT(b, int, 1) = 1;
}
