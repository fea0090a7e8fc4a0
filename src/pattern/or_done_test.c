/* SPDX-License-Identifier: MIT */
/* The or-done-channel. */
#include <runnel.h>

#include <pthread.h>

#include "kit/kit.h"
#include "pattern/ledger.h"

TASK_TEST(or_done_passes_everything_in_order)
{
    ledger_clear();
    rn_chan(rn_unit) done = rn_make(g, rn_unit, 0);
    for (size_t cap = 0; cap < 3; cap++) {
        int first = ledger_next, n = 0;
        rn_receiver(int) out = rn_or_done(g, done, ledger_stream(g, 500, cap));
        for (int v; rn_recv(out, &v) == 0; n++) {
            CHECK_EQ(v, first + n);
            ledger_end(v, &ledger_received);
        }
        CHECK_EQ(n, 500);
    }
    CHECK_EQ(ledger_errors(), 0);
    CHECK_EQ(ledger_dropped, 0);
    return 0;
}

TASK_TEST(or_done_takes_nothing_more_once_done)
{
    for (int round = 0; round < 200; round++) {
        rn_chan(char) done = rn_make(g, char, 1);
        rn_chan(int) in = rn_make(g, int, 10);
        for (int i = 0; i < 10; i++)
            CHECK_EQ(rn_send(in, i), 0);
        if (round % 2)
            rn_close(done);
        else
            CHECK_EQ(rn_send(done, 'x'), 0); /* a value is as good as a close */
        rn_receiver(int) out = rn_or_done(g, done, in);
        int v;
        CHECK_EQ(rn_recv(out, &v), -EPIPE);
        CHECK_EQ(rn_len(in), 10);
        rn_free(in);
    }
    return 0;
}

TASK_TEST(or_done_gives_the_value_in_hand_to_a_consumer_that_waits)
{
    rn_chan(rn_unit) done = rn_make(g, rn_unit, 0);
    rn_chan(int) in = rn_make(g, int, 1);
    rn_receiver(int) out = rn_or_done(g, done, in);
    CHECK_EQ(rn_send(in, 1), 0);
    while (rn_len(in))
        (void)rn_yield();
    rn_close(done);
    int v, rc = rn_recv(out, &v);
    CHECK(rc == 0 ? v == 1 : rc == -EPIPE);
    CHECK_EQ(rn_recv(out, &v), -EPIPE);
    return 0;
}

TASK_TEST(or_done_with_nil_channels)
{
    rn_chan(rn_unit) done = rn_make(g, rn_unit, 0), nil_done = NULL;
    rn_chan(int) in = rn_make(g, int, 1), nil_in = NULL;
    int v = 7;
    rn_receiver(int) out = rn_or_done(g, nil_done, in); /* as in the book's bridge(nil, ...) */
    CHECK_EQ(rn_send(in, 1), 0);
    CHECK_EQ(rn_recv(out, &v), 0);
    rn_close(in);
    CHECK_EQ(rn_recv(out, &v), -EPIPE);
    v = 7;
    out = rn_or_done(g, done, nil_in);
    CHECK_EQ(rn_recv_until(out, &v, rn_now() + RN_MILLISECOND), -ETIMEDOUT);
    rn_close(done);
    CHECK_EQ(rn_recv(out, &v), -EPIPE);
    CHECK_EQ(v, 0); /* the size of a nil channel's elements is known */
    return 0;
}

TASK_TEST(or_done_of_a_closed_channel_gives_what_it_buffers)
{
    rn_chan(rn_unit) done = rn_make(g, rn_unit, 0);
    rn_chan(int) in = rn_make(g, int, 2);
    int v;
    CHECK_EQ(rn_send(in, 1), 0);
    CHECK_EQ(rn_send(in, 2), 0);
    rn_close(in);
    rn_receiver(int) out = rn_or_done(g, done, in);
    CHECK_EQ(rn_recv(out, &v), 0);
    CHECK_EQ(rn_recv(out, &v), 0);
    CHECK_EQ(v, 2);
    CHECK_EQ(rn_recv(out, &v), -EPIPE);
    rn_free(in);
    return 0;
}

/* Stopped by its group or by done, at any moment: every value is received, dropped or still in the
 * source, and at most one is dropped by the or-done. */
static int stop_at_any_moment(unsigned seed)
{
    rn_group *from = rn_group_new(NULL), *h = rn_group_new(NULL), *to = rn_group_new(NULL);
    rn_chan(rn_unit) done = rn_make(from, rn_unit, 0);
    rn_chan(int) in = rn_make_drop(from, int, 2, ledger_drop);
    ledger_clear();
    rn_receiver(int) out = rn_or_done(h, done, in);
    rn_go(from, ledger_produce, rn_tx(in), 50);
    rn_go(to, ledger_consume, out);
    ledger_pause(ledger_choose(&seed, 200));
    if (ledger_choose(&seed, 2))
        rn_group_cancel(h, 0);
    else
        rn_close(done);
    CHECK_EQ(rn_group_wait(to), 0); /* the output is closed */
    CHECK(ledger_dropped <= 1);
    rn_group_close(from);
    rn_group_close(h);
    rn_group_close(to);
    CHECK_EQ(ledger_errors(), 0);
    CHECK_EQ(ledger_received + ledger_dropped, ledger_next);
    return 0;
}

TASK_TEST(or_done_stopped_at_any_moment_loses_nothing)
{
    (void)g;
    for (unsigned seed = 0; seed < 1000; seed++)
        stop_at_any_moment(seed);
    return 0;
}

/* ---- threads ---- */

static void *read_on_a_thread(void *arg)
{
    rn_group *g = arg;
    rn_chan(rn_unit) done = rn_make(g, rn_unit, 0);
    rn_receiver(int) out = rn_or_done(g, done, ledger_stream(g, 100, 0));
    for (int i = 0, id; i < 50; i++) {
        CHECK_EQ(rn_recv(out, &id), 0);
        ledger_end(id, &ledger_received);
    }
    rn_close(done);
    CHECK_EQ(rn_wait(rn_or(g, out)), -EPIPE); /* of a value, or of the end */
    return NULL;
}

static int join_thread(void *thread)
{
    return pthread_join(*(pthread_t *)thread, NULL);
}

TASK_TEST(or_done_is_for_threads_too)
{
    (void)g;
    pthread_t thread;
    rn_group *h = rn_group_new(NULL);
    ledger_clear();
    CHECK_EQ(pthread_create(&thread, NULL, read_on_a_thread, h), 0);
    CHECK_EQ(rn_blocking(join_thread, &thread), 0);
    rn_group_close(h);
    CHECK_EQ(ledger_errors(), 0);
    return 0;
}

/* ---- elements of all sizes ---- */

typedef struct wide {
    _Alignas(128) int id;
} wide;

typedef struct big {
    int id;
    unsigned char fill[4092];
} big;

static _Atomic(int) wide_dropped;

static void drop_wide(void *element)
{
    CHECK_EQ((uintptr_t)element % _Alignof(wide), 0);
    atomic_fetch_add(&wide_dropped, 1);
}

TASK_TEST(or_done_passes_elements_of_any_size)
{
    rn_chan(rn_unit) units = rn_make(g, rn_unit, 3), done = rn_make(g, rn_unit, 0);
    for (int i = 0; i < 3; i++)
        CHECK_EQ(rn_send(units, RN_UNIT), 0);
    rn_close(units);
    rn_receiver(rn_unit) units_out = rn_or_done(g, done, units);
    int n = 0;
    for (rn_unit u; rn_recv(units_out, &u) == 0;)
        n++;
    CHECK_EQ(n, 3);
    rn_chan(big) bigs = rn_make(g, big, 1);
    rn_receiver(big) bigs_out = rn_or_done(g, done, bigs);
    for (int i = 0; i < 5; i++) {
        static big in, out;
        in.id = i;
        memset(in.fill, i + 1, sizeof in.fill);
        CHECK_EQ(rn_send(bigs, in), 0);
        CHECK_EQ(rn_recv(bigs_out, &out), 0);
        CHECK_EQ(memcmp(&in, &out, sizeof in), 0);
    }
    rn_close(bigs);
    CHECK_EQ(rn_wait(bigs_out), -EPIPE);
    return 0;
}

TASK_TEST(or_done_drops_elements_at_their_alignment)
{
    (void)g;
    rn_group *h = rn_group_new(NULL);
    rn_chan(rn_unit) done = rn_make(h, rn_unit, 0);
    rn_chan(wide) in = rn_make_drop(h, wide, 0, drop_wide);
    for (int i = 1; i <= 50; i++) {
        rn_receiver(wide) out = rn_or_done(h, done, in);
        (void)out;
        CHECK_EQ(rn_send(in, { .id = i }), 0);
    }
    rn_group_close(h);
    CHECK_EQ(wide_dropped, 50);
    return 0;
}

TEST_EXIT(or_done_of_another_size, 2, "elements of 8 bytes from a channel of 4 bytes each")
{
    rn_group *g = rn_group_new(NULL);
    rn_channel *in = rn_channel_new(g, 4, 4, 0, NULL, "x");
    CHECK(rn_channel_or_done(g, NULL, in, 8, 8, "y") == NULL);
}
