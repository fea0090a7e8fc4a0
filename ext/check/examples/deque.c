/* SPDX-License-Identifier: MIT */
/*
 * Checks the deque of deque.h: an owner and two thieves, every item taken exactly once. The page
 * docs/rn-check.md shows how to compile and what it says.
 */
#include <runnel/check.h>

#include "deque.h"

enum { ITEMS = 3 };

typedef struct state {
    deque queue;
    int taken[3][ITEMS + 1]; /* by each thread, how often each item */
} state;

static void take(state *s, long item)
{
    if (item >= 0) {
        RN_CHECK_ASSERT(item > 0 && item <= ITEMS);
        s->taken[rn_check_self() - 1][item]++;
    }
}

static void owner(void *p)
{
    state *s = p;
    deque_push(&s->queue, 1);
    deque_push(&s->queue, 2);
    take(s, deque_pop(&s->queue));
    deque_push(&s->queue, 3);
    take(s, deque_pop(&s->queue));
    take(s, deque_pop(&s->queue));
}

static void thief(void *p)
{
    state *s = p;
    take(s, deque_steal(&s->queue));
}

static void every_item_once(void *p)
{
    state *s = p;
    for (int item = 1; item <= ITEMS; item++) {
        int times = s->taken[0][item] + s->taken[1][item] + s->taken[2][item];
        RN_CHECK_ASSERT(times <= 1);
        /* What is left can still be taken. */
        s->taken[0][0] += times;
    }
    while (deque_pop(&s->queue) >= 0)
        s->taken[0][0]++;
    RN_CHECK_ASSERT(s->taken[0][0] == ITEMS);
}

int main(void)
{
    rn_check_model model = { .name = "deque",
                             .state_bytes = sizeof(state),
                             .threads = { owner, thief, thief },
                             .finish = every_item_once };
    return rn_check(&model, NULL);
}
