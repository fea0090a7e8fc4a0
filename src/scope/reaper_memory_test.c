/* SPDX-License-Identifier: MIT */
/* Contexts that a task must free for which there is no stack: the next such task frees them. */
/* kit: once */
/* kit: not-under-sanitizers */
/* kit: not-under-qemu */
#define _GNU_SOURCE
#include <runnel.h>

#include <stdatomic.h>
#include <stdlib.h>

#include "core/park.h"
#include "kit/kit.h"
#include "kit/refuse.h"

enum { HOLDERS_MAX = 64 }; /* more than the stacks of the largest class that are made at a time */

static const int key = 1;
static _Atomic(int) holding, dropped;

static int hold(rn_receiver(rn_unit) until)
{
    atomic_fetch_add(&holding, 1);
    return rn_wait(until) == -EPIPE ? 0 : 1;
}
RN_TASK(hold, rn_receiver(rn_unit));

static void count_drop(void *value)
{
    (void)value;
    atomic_fetch_add(&dropped, 1);
}

typedef struct last_reference {
    rni_timer timer;
    rn_ctx *ctx;
} last_reference;

static void give_back(rni_timer *timer)
{
    rn_ctx *ctx = RNI_CONTAINER(timer, last_reference, timer)->ctx;
    rni_timer_fired(timer);
    rn_ctx_unref(ctx);
}

static void leave_to_timer(last_reference *r)
{
    r->timer.fn = give_back;
    CHECK_EQ(rni_timer_arm(&r->timer, rn_now()), 0);
    CHECK_EQ(rn_sleep(2 * RN_MILLISECOND), 0);
}

static int run_out_of_stacks(rn_group *g, void *arg)
{
    static last_reference refs[2];
    rn_group *groups[HOLDERS_MAX];
    rn_chan(rn_unit) until = rn_make(g, rn_unit, 0);
    int n = 0;
    (void)arg;
    for (int i = 0; i < HOLDERS_MAX; i++)
        CHECK((groups[i] = rn_group_new(NULL)) != NULL);
    for (int i = 0; i < 2; i++) {
        refs[i].ctx = rn_ctx_with_value_drop(rn_ctx_background(), &key, &refs[i], count_drop);
        CHECK(refs[i].ctx != NULL);
    }
    refuse_pages();
    do {
        CHECK(n < HOLDERS_MAX);
        CHECK_EQ(rn_go(groups[n++], hold, rn_rx(until)), 0);
        CHECK_EQ(rn_yield(), 0);
    } while (atomic_load(&holding) == n);
    CHECK_EQ(rn_group_wait(groups[n - 1]), -ENOMEM); /* there is no stack left */

    leave_to_timer(&refs[0]);
    CHECK_EQ(atomic_load(&dropped), 0);
    rn_close(until);
    for (int i = 0; i < n - 1; i++)
        CHECK_EQ(rn_group_wait(groups[i]), 0);
    leave_to_timer(&refs[1]);
    for (int64_t limit = rn_now() + 5 * RN_SECOND; atomic_load(&dropped) < 2;) {
        CHECK(rn_now() < limit);
        CHECK_EQ(rn_sleep(RN_MILLISECOND), 0);
    }
    for (int i = 0; i < HOLDERS_MAX; i++)
        CHECK_EQ(rn_group_close(groups[i]), i == n - 1 ? -ENOMEM : 0);
    return 0;
}

TEST(reaper_without_a_stack_leaves_its_work_to_the_next)
{
    setenv("RUNNEL_WORKERS", "1", 1);
    setenv("RUNNEL_STACK", "huge", 1);
    CHECK_EQ(rn_run(run_out_of_stacks, NULL), 0);
}
