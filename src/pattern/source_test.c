/* SPDX-License-Identifier: MIT */
/* What sources own: each value they were given or have made is received or dropped, once. */
#include "pattern/ledger.h"

#include "kit/kit.h"

static void read_some(rn_receiver(int) in, int n)
{
    for (int v; n > 0 && rn_recv(in, &v) == 0; n--)
        ledger_end(v, &ledger_received);
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
        if (round == 0)
            rn_group_cancel(h, 0); /* its task never starts */
        rn_receiver(int) in = rn_generator_n_drop(h, values, 10, ledger_drop);
        read_some(in, round);
        rn_group_close(h);
        CHECK_EQ(ledger_errors(), 0);
        CHECK_EQ(atomic_load(&ledger_received), round < 10 ? round : 10);
    }
    return 0;
}

static int next_entry(void)
{
    return ledger_open();
}
RN_SOURCE(next_entry, int);

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
