/* SPDX-License-Identifier: MIT */
/* What sources own: each value they were given or have made is received or dropped, once. */
#include "pattern/ledger.h"

#include "kit/kit.h"

static void read_some(rn_receiver(int) in, int n)
{
    for (int v; n > 0 && rn_recv(in, &v) == 0; n--)
        ledger_end(v, &ledger_received);
}

static rn_group *ending;

/* In a group that is being closed: it has no channel for it. */
static void start_late(void *values)
{
    rn_receiver(int) in = rn_generator_n_drop(ending, (int *)values, 10, ledger_drop);
    CHECK_EQ(rn_recv(in, &(int){ 0 }), -EPIPE);
}

TASK_TEST(a_generator_drops_what_nobody_received)
{
    (void)g;
    for (int round = 0; round < 20; round++) {
        int values[10];
        ledger_clear();
        for (int i = 0; i < 10; i++)
            values[i] = ledger_open();
        rn_group *h = rn_group_new(NULL);
        ending = h;
        if (round == 0)
            rn_group_cancel(h, 0); /* its task never starts */
        if (round == 1)
            CHECK_EQ(rn_group_defer(h, start_late, values), 0);
        else
            read_some(rn_generator_n_drop(h, values, 10, ledger_drop), round);
        rn_group_close(h);
        CHECK_EQ(ledger_errors(), 0);
        CHECK_EQ(atomic_load(&ledger_received), round == 1 ? 0 : round < 10 ? round : 10);
    }
    return 0;
}

static int next_entry(void)
{
    return ledger_open();
}
RN_SOURCE(next_entry, int);

static int send_entries(rn_sender(int) out, int n, int result)
{
    int rc = 0;
    while (n-- > 0 && rc == 0) {
        int v = ledger_open();
        rc = rn_send(out, v);
        if (rc)
            ledger_drop(&v);
    }
    return rc ? rc : result;
}
RN_PRODUCER(send_entries, int, int, int);

TASK_TEST(a_function_that_produces_ends_its_stream)
{
    (void)g;
    for (int round = 0; round < 20; round++) {
        ledger_clear();
        rn_group *h = rn_group_new(NULL);
        rn_receiver(int) in = rn_generator_fn_drop(h, ledger_drop, send_entries, 10, 0);
        read_some(in, round);
        if (round > 10)
            CHECK_EQ(rn_recv(in, &(int){ 0 }), -EPIPE);
        rn_group_close(h);
        CHECK_EQ(ledger_errors(), 0);
        CHECK_EQ(atomic_load(&ledger_received), round < 10 ? round : 10);
    }
    return 0;
}

TASK_TEST(the_error_of_a_function_that_produces_fails_its_group)
{
    (void)g;
    rn_group *h = rn_group_new(NULL);
    read_some(rn_generator_fn(h, send_entries, 1, -EIO), 2);
    CHECK_EQ(rn_group_wait(h), -EIO);
    return rn_group_close(h) == -EIO ? 0 : -1;
}

TASK_TEST(a_function_that_repeats_loses_nothing)
{
    (void)g;
    for (int round = 0; round < 20; round++) {
        ledger_clear();
        rn_group *h = rn_group_new(NULL);
        read_some(rn_repeat_fn_drop(h, ledger_drop, next_entry), round);
        (void)rn_yield();
        rn_group_close(h);
        CHECK_EQ(ledger_errors(), 0);
        CHECK_EQ(atomic_load(&ledger_received), round);
    }
    return 0;
}
