/* SPDX-License-Identifier: MIT */
/* Fan-out, fan-in and merge. */
#include <runnel.h>

#include "kit/kit.h"
#include "pattern/ledger.h"

enum { MANY = 40 };

/* ---- fan-in ---- */

static int count_up(rn_sender(int) out, int first, int n)
{
    int rc = 0;
    for (int i = 0; i < n && rc == 0; i++)
        rc = rn_send(out, first + i);
    rn_close(out);
    return rc;
}
RN_TASK(count_up, rn_sender(int), int, int);

static rn_receiver(int) counter(rn_group *g, int first, int n)
{
    rn_chan(int) c = rn_make(g, int, 0);
    rn_go(g, count_up, rn_tx(c), first, n);
    return rn_rx(c);
}

TASK_TEST(fan_in_gives_everything_and_keeps_the_order_of_each)
{
    for (int n = 0; n <= MANY; n += 5) {
        rn_receiver(int) ins[MANY];
        int next[MANY] = { 0 }, total = 0;
        for (int i = 0; i < n; i++)
            ins[i] = counter(g, i * 1000, i * 7);
        rn_receiver(int) out = rn_fan_in(g, ins, (size_t)n);
        for (int v; rn_recv(out, &v) == 0; total++)
            CHECK_EQ(v % 1000, next[v / 1000]++);
        CHECK_EQ(total, 7 * n * (n - 1) / 2);
    }
    return 0;
}

TASK_TEST(fan_in_takes_from_whoever_is_ready)
{
    rn_chan(int) silent = rn_make(g, int, 0);
    rn_receiver(int) ins[] = { rn_rx(silent), counter(g, 0, 100) };
    rn_receiver(int) out = rn_fan_in(g, ins, 2);
    int v;
    for (int i = 0; i < 100; i++) {
        CHECK_EQ(rn_recv(out, &v), 0);
        CHECK_EQ(v, i);
    }
    CHECK_EQ(rn_recv_until(out, &v, rn_now() + RN_MILLISECOND), -ETIMEDOUT); /* one is open */
    rn_close(silent);
    CHECK_EQ(rn_recv(out, &v), -EPIPE);
    return 0;
}

TASK_TEST(merge_takes_up_to_sixteen)
{
    int sum = 0, n = 0;
    rn_chan(int) both = rn_make(g, int, 1);
    CHECK_EQ(rn_send(both, 100), 0);
    rn_close(both);
    rn_receiver(int) one = rn_merge(g, both);
    CHECK_EQ(rn_recv(one, &sum), 0);
    CHECK_EQ(sum, 100);
    CHECK_EQ(rn_recv(one, &sum), -EPIPE);
    rn_receiver(int) all = rn_merge(g, both, counter(g, 1, 2), counter(g, 3, 2), counter(g, 5, 2),
                                    counter(g, 7, 2), counter(g, 9, 2), counter(g, 11, 2),
                                    counter(g, 13, 2), counter(g, 15, 2), counter(g, 17, 2),
                                    counter(g, 19, 2), counter(g, 21, 2), counter(g, 23, 2),
                                    counter(g, 25, 2), counter(g, 27, 2), counter(g, 29, 2));
    for (int v; rn_recv(all, &v) == 0; n++)
        sum += v;
    CHECK_EQ(n, 30);
    CHECK_EQ(sum, 30 * 31 / 2);
    return 0;
}

TASK_TEST(fan_in_of_nil_and_closed_channels)
{
    rn_group *h = rn_group_new(NULL);
    rn_chan(int) closed = rn_make(g, int, 1), nil = NULL;
    int v = 7;
    CHECK_EQ(rn_send(closed, 3), 0);
    rn_close(closed);
    CHECK_EQ(rn_recv(rn_fan_in(h, (rn_receiver(int) *)NULL, 0), &v), -EPIPE);
    rn_receiver(int) out = rn_merge(h, nil, closed);
    CHECK_EQ(rn_recv(out, &v), 0);
    CHECK_EQ(v, 3);
    CHECK_EQ(rn_recv_until(out, &v, rn_now() + RN_MILLISECOND), -ETIMEDOUT);
    rn_group_cancel(h, 0);
    CHECK_EQ(rn_recv(out, &v), -EPIPE);
    CHECK_EQ(rn_recv(rn_merge(h, closed, closed), &v), -EPIPE);
    rn_group_close(h);
    return 0;
}

static void stop_fan_in(unsigned seed)
{
    rn_group *from = rn_group_new(NULL), *h = rn_group_new(NULL), *to = rn_group_new(NULL);
    rn_receiver(int) ins[MANY];
    size_t n = ledger_choose(&seed, 10);
    ledger_clear();
    for (size_t i = 0; i < n; i++)
        ins[i] = ledger_stream(from, 10, i % 3);
    rn_receiver(int) out = rn_fan_in(h, ins, n);
    rn_go(to, ledger_consume, out);
    rn_go(to, ledger_consume, out);
    ledger_pause(ledger_choose(&seed, 80));
    rn_group_cancel(h, 0);
    CHECK_EQ(rn_group_wait(to), 0); /* the output is closed */
    CHECK(ledger_dropped <= (int)n);
    rn_group_close(from);
    rn_group_close(h);
    rn_group_close(to);
    CHECK_EQ(ledger_errors(), 0);
    CHECK_EQ(ledger_received + ledger_dropped, ledger_next);
}

TASK_TEST(fan_in_stopped_at_any_moment_loses_nothing)
{
    (void)g;
    for (unsigned seed = 0; seed < 1000; seed++)
        stop_fan_in(seed);
    return 0;
}

static void drop_otherwise(void *element)
{
    (void)element;
}

TEST_EXIT(fan_in_of_different_drop_functions, 2, "channels with different drop functions")
{
    rn_group *g = rn_group_new(NULL);
    rn_chan(int) a = rn_make_drop(g, int, 0, ledger_drop),
                 b = rn_make_drop(g, int, 0, drop_otherwise);
    CHECK(rn_merge(g, a, b) == NULL);
}

/* ---- fan-out ---- */

static int add_up(rn_receiver(int) in, _Atomic(int) *sum, _Atomic(int) *count)
{
    int before = -1;
    for (int v; rn_recv(in, &v) == 0; before = v) {
        CHECK(v > before); /* in order at each output */
        atomic_fetch_add(sum, v);
        atomic_fetch_add(count, 1);
    }
    return 0;
}
RN_TASK(add_up, rn_receiver(int), _Atomic(int) *, _Atomic(int) *);

TASK_TEST(fan_out_gives_each_value_to_exactly_one)
{
    (void)g;
    for (size_t n = 1; n < MANY; n *= 3) {
        rn_group *h = rn_group_new(NULL);
        rn_receiver(int) outs[MANY];
        static _Atomic(int) sum, count;
        sum = count = 0;
        CHECK_EQ(rn_fan_out(h, counter(h, 0, 1000), outs, n), 0);
        for (size_t i = 0; i < n; i++)
            rn_go(h, add_up, outs[i], &sum, &count);
        CHECK_EQ(rn_group_wait(h), 0);
        CHECK_EQ(count, 1000);
        CHECK_EQ(sum, 1000 * 999 / 2);
        rn_group_close(h);
    }
    return 0;
}

TASK_TEST(fan_out_gives_to_whoever_is_ready)
{
    rn_receiver(int) outs[3];
    CHECK_EQ(rn_fan_out(g, counter(g, 0, 50), outs, 3), 0);
    int v;
    for (int i = 0; i < 50; i++) { /* nobody reads the others */
        CHECK_EQ(rn_recv(outs[1], &v), 0);
        CHECK_EQ(v, i);
    }
    for (int i = 0; i < 3; i++)
        CHECK_EQ(rn_recv(outs[i], &v), -EPIPE);
    return 0;
}

TASK_TEST(fan_out_of_nil_and_closed_channels)
{
    rn_group *h = rn_group_new(NULL);
    rn_chan(int) closed = rn_make(g, int, 0), nil = NULL;
    rn_receiver(int) outs[2];
    int v = 7;
    rn_close(closed);
    CHECK_EQ(rn_fan_out(h, closed, outs, 2), 0);
    CHECK_EQ(rn_recv(outs[0], &v), -EPIPE);
    CHECK_EQ(rn_recv(outs[1], &v), -EPIPE);
    CHECK_EQ(rn_fan_out(h, closed, outs, 0), 0);
    CHECK_EQ(rn_fan_out(h, nil, outs, 2), 0);
    CHECK_EQ(rn_recv_until(outs[1], &v, rn_now() + RN_MILLISECOND), -ETIMEDOUT);
    rn_group_cancel(h, 0);
    CHECK_EQ(rn_recv(outs[0], &v), -EPIPE);
    CHECK_EQ(rn_recv(outs[1], &v), -EPIPE);
    rn_group_close(h);
    return 0;
}

static void stop_fan_out(unsigned seed)
{
    rn_group *from = rn_group_new(NULL), *h = rn_group_new(NULL), *to = rn_group_new(NULL);
    rn_receiver(int) outs[MANY];
    size_t n = 1 + ledger_choose(&seed, 10);
    ledger_clear();
    CHECK_EQ(rn_fan_out(h, ledger_stream(from, 60, 1), outs, n), 0);
    for (size_t i = 0; i < n; i++)
        rn_go(to, ledger_consume, outs[i]);
    ledger_pause(ledger_choose(&seed, 150));
    rn_group_cancel(h, 0);
    CHECK_EQ(rn_group_wait(to), 0);
    CHECK(ledger_dropped <= 1);
    rn_group_close(from);
    rn_group_close(h);
    rn_group_close(to);
    CHECK_EQ(ledger_errors(), 0);
    CHECK_EQ(ledger_received + ledger_dropped, ledger_next);
}

TASK_TEST(fan_out_stopped_at_any_moment_loses_nothing)
{
    (void)g;
    for (unsigned seed = 0; seed < 1000; seed++)
        stop_fan_out(seed);
    return 0;
}

/* ---- elements of all sizes ---- */

typedef struct big {
    _Alignas(64) int id;
    unsigned char fill[4096 - sizeof(int)];
} big;

static int send_big(rn_sender(big) out, int n)
{
    static big b;
    int rc = 0;
    for (b.id = 0; b.id < n && rc == 0; b.id++) {
        memset(b.fill, b.id + 1, sizeof b.fill);
        rc = rn_send(out, b);
    }
    rn_close(out);
    return rc;
}
RN_TASK(send_big, rn_sender(big), int);

TASK_TEST(fan_out_and_in_again_with_large_elements)
{
    rn_chan(big) in = rn_make(g, big, 1);
    rn_receiver(big) outs[3];
    static big got;
    int n = 0;
    CHECK_EQ(rn_fan_out(g, rn_rx(in), outs, 3), 0);
    rn_receiver(big) out = rn_fan_in(g, outs, 3);
    rn_go(g, send_big, rn_tx(in), 50);
    for (; rn_recv(out, &got) == 0; n++)
        for (size_t i = 0; i < sizeof got.fill; i += 97)
            CHECK_EQ(got.fill[i], got.id + 1);
    CHECK_EQ(n, 50);
    return 0;
}

TASK_TEST(fan_out_and_in_again_with_elements_without_size)
{
    rn_chan(rn_unit) in = rn_make(g, rn_unit, 9);
    rn_receiver(rn_unit) outs[3];
    int n = 0;
    for (int i = 0; i < 9; i++)
        CHECK_EQ(rn_send(in, RN_UNIT), 0);
    rn_close(in);
    CHECK_EQ(rn_fan_out(g, in, outs, 3), 0);
    rn_receiver(rn_unit) out = rn_fan_in(g, outs, 3);
    while (rn_wait(out) == 0)
        n++;
    CHECK_EQ(n, 9);
    return 0;
}
