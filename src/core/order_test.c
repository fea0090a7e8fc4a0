/* SPDX-License-Identifier: MIT */
/* kit: once */
/*
 * What runs when, on one worker: what has begun before what has not, of that the newest first, who
 * yields last, and nobody never.
 */
#include <runnel.h>

#include "kit/kit.h"
#include "kit/run_with.h"

/* ---- a tree ---- */

/* Atomic, since one worker runs tasks in turn but orders nothing between them. */
static _Atomic int waiting, most_waiting;

static int node(rn_group *g, int height, rn_sender(int) up);
RN_TASK(node, rn_group *, int, rn_sender(int));

static int node(rn_group *g, int height, rn_sender(int) up)
{
    rn_chan(int) children = height > 0 ? rn_make(g, int, 0) : NULL;
    int sum = height == 0;
    for (int i = 0; i < 10 && children; i++)
        CHECK_EQ(rn_go(g, node, g, height - 1, rn_tx(children)), 0);
    waiting++;
    most_waiting = waiting > most_waiting ? waiting : most_waiting;
    for (int i = 0, v; i < 10 && children; i++) {
        CHECK_EQ(rn_recv(children, &v), 0);
        sum += v;
    }
    waiting--;
    return rn_send(up, sum);
}

static int walk_tree(rn_group *g, void *arg)
{
    int sum = 0;
    int64_t start = rn_now();
    (void)arg;
    rn_chan(int) root = rn_make(g, int, 0);
    CHECK_EQ(rn_go(g, node, g, 4, rn_tx(root)), 0);
    CHECK_EQ(rn_recv(root, &sum), 0);
    CHECK_EQ(sum, 10000);
    /* All of a level would be a thousand and more. The oldest is begun now and then by the clock,
     * so that there is room for one more in each millisecond. */
    CHECK(most_waiting < 400 + (rn_now() - start) / RN_MILLISECOND);
    return 0;
}

WITH_WORKERS(1, order_tree_of_tasks_is_walked_depth_first, walk_tree)

/* ---- yielding ---- */

static _Atomic int begun;

static int begin(void)
{
    begun++;
    return 0;
}
RN_TASK(begin);

static int yield_behind_new(rn_group *g, void *arg)
{
    (void)arg;
    for (int i = 0; i < 40; i++)
        CHECK_EQ(rn_go(g, begin), 0);
    CHECK_EQ(rn_yield(), 0);
    CHECK_EQ(begun, 40);
    return 0;
}

WITH_WORKERS(1, order_yield_lets_all_that_has_been_started_begin, yield_behind_new)

static _Atomic int turns[3];

static int take_turns(int me)
{
    for (int i = 0; i < 100; i++) {
        turns[me]++;
        CHECK(turns[me] <= turns[(me + 1) % 3] + 2);
        rn_yield();
    }
    return 0;
}
RN_TASK(take_turns, int);

static int yield_in_turn(rn_group *g, void *arg)
{
    (void)g;
    (void)arg;
    rn_group *h = rn_group_new(NULL);
    for (int i = 0; i < 3; i++)
        CHECK_EQ(rn_go(h, take_turns, i), 0);
    CHECK_EQ(rn_group_wait(h), 0);
    rn_group_close(h);
    CHECK_EQ(turns[0] + turns[1] + turns[2], 300);
    return 0;
}

WITH_WORKERS(1, order_those_that_yield_take_turns, yield_in_turn)

/* ---- nobody never ---- */

static _Atomic bool old_has_begun;

static int old(void)
{
    old_has_begun = true;
    return 0;
}
RN_TASK(old);

/* Two chains: the newest fresh task is never the old one. */
static int respawn(void *args)
{
    rn_group *g = *(rn_group **)args;
    return old_has_begun ? 0 : rn_group_go(g, respawn, &g, sizeof g, NULL, "respawn", RN_HERE);
}

static int old_among_new(rn_group *g, void *arg)
{
    (void)arg;
    rn_group *h = rn_group_new(NULL);
    CHECK_EQ(rn_go(h, old), 0);
    for (int i = 0; i < 2; i++)
        CHECK_EQ(rn_group_go(h, respawn, &h, sizeof h, NULL, "respawn", RN_HERE), 0);
    CHECK_EQ(rn_group_wait(h), 0);
    rn_group_close(h);
    (void)g;
    return 0;
}

WITH_WORKERS(1, order_old_task_begins_although_new_ones_keep_coming, old_among_new)

/* Eight that wake each other two at a time, so that some are always ready. */
static int keep_ready(rn_chan(int) in, rn_chan(int) one, rn_chan(int) other)
{
    for (int v; rn_recv(in, &v) == 0 && !old_has_begun;)
        if (rn_try_send(one, v) != 0 && rn_try_send(other, v) != 0)
            break;
    /* Each ends the next. */
    return rn_try_send(one, 0) != 0 && rn_try_send(other, 0) != 0 ? -EAGAIN : 0;
}
RN_TASK(keep_ready, rn_chan(int), rn_chan(int), rn_chan(int));

static int old_among_ready(rn_group *g, void *arg)
{
    enum { N = 8 };
    (void)arg;
    old_has_begun = false;
    rn_group *h = rn_group_new(NULL);
    rn_chan(int) c[N];
    for (int i = 0; i < N; i++)
        c[i] = rn_make(h, int, 4);
    for (int i = 0; i < N; i++)
        CHECK_EQ(rn_go(h, keep_ready, c[i], c[(i + 1) % N], c[(i + 3) % N]), 0);
    CHECK_EQ(rn_yield(), 0); /* they wait */
    CHECK_EQ(rn_go(h, old), 0);
    CHECK_EQ(rn_go(h, begin), 0); /* so that old is not the next anyway */
    for (int i = 0; i < N; i++)
        CHECK_EQ(rn_send(c[i], 1), 0);
    CHECK_EQ(rn_group_wait(h), 0);
    rn_group_close(h);
    (void)g;
    return 0;
}

WITH_WORKERS(1, order_new_task_begins_although_others_are_always_ready, old_among_ready)
