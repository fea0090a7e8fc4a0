/* SPDX-License-Identifier: MIT */
/* The tee-channel. */
#include <runnel.h>

#include <stdio.h>

#include "kit/kit.h"
#include "pattern/ledger.h"

enum { MANY = 9 };

TASK_TEST(tee_prints_what_the_book_prints)
{
    rn_receiver(int) outs[2];
    char text[128] = "";
    CHECK_EQ(rn_tee(g, rn_take(g, rn_repeat(g, int, 1, 2), 4), outs, 2), 0);
    for (int a, b; rn_recv(outs[0], &a) == 0;) {
        CHECK_EQ(rn_recv(outs[1], &b), 0);
        sprintf(text + strlen(text), "out1: %d, out2: %d\n", a, b);
    }
    CHECK_STR(text, "out1: 1, out2: 1\nout1: 2, out2: 2\n"
                    "out1: 1, out2: 1\nout1: 2, out2: 2\n");
    CHECK_EQ(rn_wait(outs[1]), -EPIPE);
    rn_group_cancel(g, 0); /* ends the repetition */
    return 0;
}

static int check_sequence(rn_receiver(int) in, int n)
{
    int i = 0;
    for (int v; rn_recv(in, &v) == 0; i++)
        CHECK_EQ(v, i);
    CHECK_EQ(i, n);
    return 0;
}
RN_TASK(check_sequence, rn_receiver(int), int);

static int count_up(rn_sender(int) out, int n)
{
    int rc = 0;
    for (int i = 0; i < n && rc == 0; i++)
        rc = rn_send(out, i);
    rn_close(out);
    return rc;
}
RN_TASK(count_up, rn_sender(int), int);

TASK_TEST(tee_gives_every_output_everything_in_order)
{
    for (size_t n = 1; n <= MANY; n++) {
        rn_group *h = rn_group_new(NULL);
        rn_chan(int) in = rn_make(h, int, n % 3);
        rn_receiver(int) outs[MANY];
        CHECK_EQ(rn_tee(h, rn_rx(in), outs, n), 0);
        rn_go(h, count_up, rn_tx(in), 200);
        for (size_t i = 0; i < n; i++)
            rn_go(h, check_sequence, outs[i], 200);
        CHECK_EQ(rn_group_wait(h), 0);
        rn_group_close(h);
    }
    (void)g;
    return 0;
}

TASK_TEST(tee_couples_its_outputs)
{
    rn_chan(int) in = rn_make(g, int, 10);
    rn_receiver(int) outs[3];
    int v;
    for (int i = 0; i < 10; i++)
        CHECK_EQ(rn_send(in, i), 0);
    rn_close(in);
    CHECK_EQ(rn_tee(g, in, outs, 3), 0);
    CHECK_EQ(rn_recv(outs[2], &v), 0); /* in any order */
    CHECK_EQ(rn_recv_until(outs[2], &v, rn_now() + 5 * RN_MILLISECOND), -ETIMEDOUT);
    CHECK_EQ(rn_recv(outs[0], &v), 0);
    CHECK_EQ(rn_recv_until(outs[0], &v, rn_now() + 5 * RN_MILLISECOND), -ETIMEDOUT);
    CHECK_EQ(rn_recv(outs[1], &v), 0);
    CHECK_EQ(v, 0);
    CHECK_EQ(rn_recv(outs[2], &v), 0);
    CHECK_EQ(v, 1);
    CHECK_EQ(rn_len(in), 8);
    rn_group_cancel(g, 0);
    return 0;
}

TASK_TEST(tee_of_closed_and_nil_channels)
{
    rn_group *h = rn_group_new(NULL);
    rn_chan(int) closed = rn_make(g, int, 1), nil = NULL;
    rn_receiver(int) outs[2];
    int v = 7;
    CHECK_EQ(rn_send(closed, 3), 0);
    rn_close(closed);
    CHECK_EQ(rn_tee(h, closed, outs, 2), 0);
    CHECK_EQ(rn_recv(outs[1], &v), 0);
    CHECK_EQ(v, 3);
    CHECK_EQ(rn_recv(outs[0], &v), 0);
    CHECK_EQ(rn_recv(outs[0], &v), -EPIPE);
    CHECK_EQ(rn_recv(outs[1], &v), -EPIPE);
    CHECK_EQ(rn_tee(h, nil, outs, 2), 0);
    v = 7;
    CHECK_EQ(rn_recv_until(outs[0], &v, rn_now() + RN_MILLISECOND), -ETIMEDOUT);
    rn_group_cancel(h, 0);
    CHECK_EQ(rn_recv(outs[0], &v), -EPIPE);
    CHECK_EQ(v, 0);
    CHECK_EQ(rn_recv(outs[1], &v), -EPIPE);
    CHECK_EQ(rn_tee(h, closed, outs, 2), -ECANCELED); /* closed outputs, nothing started */
    CHECK_EQ(rn_recv(outs[1], &v), -EPIPE);
    rn_group_close(h);
    return 0;
}

TASK_TEST(tee_into_no_outputs_discards)
{
    ledger_clear();
    rn_group *h = rn_group_new(NULL);
    rn_chan(int) in = rn_make_drop(h, int, 0, ledger_drop);
    CHECK_EQ(rn_tee_copy(h, in, (rn_receiver(int) *)NULL, 0, ledger_copy), 0);
    rn_go(h, ledger_produce, rn_tx(in), 20);
    CHECK_EQ(rn_group_wait(h), 0);
    CHECK_EQ(ledger_dropped, 20);
    CHECK_EQ(ledger_errors(), 0);
    rn_group_close(h);
    (void)g;
    return 0;
}

/* ---- copies ---- */

static void stop_at_any_moment(unsigned seed)
{
    rn_group *from = rn_group_new(NULL), *h = rn_group_new(NULL), *to = rn_group_new(NULL);
    rn_receiver(int) outs[MANY];
    size_t n = 1 + ledger_choose(&seed, MANY);
    ledger_clear();
    CHECK_EQ(rn_tee_copy(h, ledger_stream(from, 30, 2), outs, n, ledger_copy), 0);
    for (size_t i = 0; i < n; i++)
        rn_go(to, ledger_consume, outs[i]);
    ledger_pause(ledger_choose(&seed, 150));
    rn_group_cancel(h, 0);
    CHECK_EQ(rn_group_wait(to), 0); /* the outputs are closed */
    CHECK(ledger_dropped <= (int)n);
    rn_group_close(from);
    rn_group_close(h);
    rn_group_close(to);
    CHECK_EQ(ledger_errors(), 0);
    CHECK_EQ(ledger_received + ledger_dropped, ledger_next);
}

TASK_TEST(tee_stopped_at_any_moment_loses_nothing)
{
    (void)g;
    for (unsigned seed = 0; seed < 1000; seed++)
        stop_at_any_moment(seed);
    return 0;
}

TASK_TEST(tee_with_a_reader_that_left_drops_its_copies)
{
    (void)g;
    ledger_clear();
    rn_group *h = rn_group_new(NULL);
    rn_receiver(int) outs[3];
    int id;
    CHECK_EQ(rn_tee_copy(h, ledger_stream(h, 3, 0), outs, 3, ledger_copy), 0);
    CHECK_EQ(rn_recv(outs[1], &id), 0);
    ledger_end(id, &ledger_received);
    rn_group_close(h);
    CHECK_EQ(ledger_errors(), 0);
    return 0;
}

static int copies_left;

static int copy_some(void *to, const void *from)
{
    return copies_left-- > 0 ? ledger_copy(to, from) : -ENOSPC;
}

TASK_TEST(tee_fails_its_group_when_a_copy_fails)
{
    (void)g;
    for (copies_left = 0; copies_left < 4;) {
        int copies = copies_left;
        rn_group *h = rn_group_new(NULL), *to = rn_group_new(NULL);
        rn_receiver(int) outs[3];
        ledger_clear();
        CHECK_EQ(rn_tee_copy(h, ledger_stream(h, 9, 0), outs, 3, copy_some), 0);
        for (int i = 0; i < 3; i++)
            rn_go(to, ledger_consume, outs[i]);
        CHECK_EQ(rn_group_wait(to), 0);
        CHECK_EQ(rn_group_wait(h), -ENOSPC);
        rn_group_close(h);
        rn_group_close(to);
        CHECK_EQ(ledger_errors(), 0);
        CHECK_EQ(ledger_received, copies / 2 * 3);
        copies_left = copies + 1;
    }
    return 0;
}

TEST_EXIT(tee_of_a_channel_with_drop, 2,
          "rn_tee of a channel with a drop function needs copies: rn_tee_copy")
{
    rn_group *g = rn_group_new(NULL);
    rn_receiver(int) outs[2];
    (void)rn_tee(g, rn_make_drop(g, int, 0, ledger_drop), outs, 2);
}

/* ---- elements of all sizes ---- */

typedef struct big {
    _Alignas(64) int id;
    unsigned char fill[4096 - sizeof(int)];
} big;

static int check_alignment(void *to, const void *from)
{
    CHECK_EQ((uintptr_t)to % _Alignof(big), 0);
    CHECK_EQ((uintptr_t)from % _Alignof(big), 0);
    memcpy(to, from, sizeof(big));
    ((big *)to)->id++;
    return 0;
}

TASK_TEST(tee_of_large_and_aligned_elements)
{
    static big sent, a, b;
    rn_chan(big) in = rn_make(g, big, 0);
    rn_receiver(big) outs[2];
    CHECK_EQ(rn_tee_copy(g, in, outs, 2, check_alignment), 0);
    for (int i = 0; i < 5; i++) {
        sent.id = i;
        memset(sent.fill, i + 1, sizeof sent.fill);
        CHECK_EQ(rn_send(in, sent), 0);
        CHECK_EQ(rn_recv(outs[0], &a), 0);
        CHECK_EQ(rn_recv(outs[1], &b), 0);
        CHECK_EQ(memcmp(&a, &sent, sizeof a), 0);
        CHECK_EQ(b.id, i + 1);
    }
    rn_close(in);
    CHECK_EQ(rn_wait(outs[0]), -EPIPE);
    return 0;
}

TASK_TEST(tee_of_elements_without_size)
{
    rn_chan(rn_unit) in = rn_make(g, rn_unit, 4);
    rn_receiver(rn_unit) outs[2];
    for (int i = 0; i < 4; i++)
        CHECK_EQ(rn_send(in, RN_UNIT), 0);
    rn_close(in);
    CHECK_EQ(rn_tee(g, in, outs, 2), 0);
    int n = 0;
    for (rn_unit u; rn_recv(outs[0], &u) == 0; n++)
        CHECK_EQ(rn_recv(outs[1], &u), 0);
    CHECK_EQ(n, 4);
    return 0;
}
