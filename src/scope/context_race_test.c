/* SPDX-License-Identifier: MIT */
/* Contexts that many tasks cancel, derive from and look at all at once. */
#include <runnel.h>

#include <stdatomic.h>

#include "kit/kit.h"
#include "scope/context.h"

static rn_unit unit;

/* A random number generator of the test's own, so that a failure can be repeated. */
static uint32_t random_below(uint32_t *state, uint32_t n)
{
    *state = *state * 1664525u + 1013904223u;
    return (*state >> 8) % n;
}

/* ---- one context ---- */

static int cancel_late(rn_ctx *ctx, int yields)
{
    while (yields-- > 0)
        rn_yield();
    rn_ctx_cancel(ctx, -EXDEV);
    return 0;
}
RN_TASK(cancel_late, rn_ctx *, int);

/* Polls err alone, and then asks what that implies, without letting others run in between. */
static int poll_err(rn_ctx *ctx, rn_receiver(rn_unit) done, _Atomic(int) *seen)
{
    while (rn_ctx_err(ctx) == 0)
        ;
    CHECK_EQ(rn_try_recv(done, &unit), -EPIPE);
    CHECK_EQ(rn_ctx_cause(ctx), -EXDEV);
    CHECK_EQ(rn_try_recv(rn_ctx_done(ctx), &unit), -EPIPE);
    atomic_fetch_add(seen, 1);
    return 0;
}
RN_TASK(poll_err, rn_ctx *, rn_receiver(rn_unit), _Atomic(int) *);

/* The children make the cancel take a while. */
TASK_TEST(context_whose_err_is_set_has_closed_done)
{
    enum { CHILDREN = 300 };
    (void)g;
    for (int i = 0; i < 200; i++) {
        _Atomic(int) seen = 0;
        rn_group *h = rn_group_new(NULL);
        rn_ctx *parent = rn_ctx_with_cancel(rn_ctx_background()), *ctx = rn_ctx_with_cancel(parent);
        rn_ctx *children[CHILDREN];
        rn_receiver(rn_unit) done = rn_ctx_done(ctx);
        for (int j = 0; j < CHILDREN; j++)
            children[j] = rn_ctx_with_cancel(ctx);
        for (int j = 0; j < 3; j++)
            CHECK_EQ(rn_go(h, poll_err, ctx, done, &seen), 0);
        CHECK_EQ(rn_go(h, cancel_late, i % 2 ? ctx : parent, i % 5), 0);
        CHECK_EQ(rn_group_wait(h), 0);
        CHECK_EQ(atomic_load(&seen), 3);
        CHECK_EQ(rn_group_close(h), 0);
        for (int j = 0; j < CHILDREN; j++)
            rn_ctx_unref(children[j]);
        rn_ctx_unref(ctx);
        rn_ctx_unref(parent);
    }
    return 0;
}

static int ask_for_done(rn_ctx *ctx, _Atomic(void *) *channel, _Atomic(int) *here)
{
    atomic_fetch_add(here, 1);
    while (atomic_load(here) < 4)
        rn_yield();
    void *none = NULL, *mine = rn_ctx_done_channel(ctx);
    CHECK(mine != NULL);
    if (!atomic_compare_exchange_strong(channel, &none, mine))
        CHECK(none == mine);
    CHECK_EQ(rn_wait(rn_ctx_done(ctx)), -EPIPE);
    return 0;
}
RN_TASK(ask_for_done, rn_ctx *, _Atomic(void *) *, _Atomic(int) *);

TASK_TEST(context_gives_all_who_ask_at_once_the_same_done)
{
    (void)g;
    for (int i = 0; i < 1000; i++) {
        _Atomic(void *) channel = NULL;
        _Atomic(int) here = 0;
        rn_group *h = rn_group_new(NULL);
        rn_ctx *ctx = rn_ctx_with_cancel(rn_ctx_background());
        for (int j = 0; j < 4; j++)
            CHECK_EQ(rn_go(h, ask_for_done, ctx, &channel, &here), 0);
        CHECK_EQ(rn_go(h, cancel_late, ctx, i % 4), 0);
        CHECK_EQ(rn_group_wait(h), 0);
        CHECK_EQ(rn_group_close(h), 0);
        rn_ctx_unref(ctx);
    }
    return 0;
}

/* ---- making children meanwhile ---- */

static int derive(rn_ctx *parent)
{
    rn_ctx *a = rn_ctx_with_cancel(parent), *b = rn_ctx_with_timeout(parent, RN_HOUR);
    CHECK_EQ(rn_wait(rn_ctx_done(a)), -EPIPE);
    CHECK_EQ(rn_wait(rn_ctx_done(b)), -EPIPE);
    CHECK_EQ(rn_ctx_cause(a), -EXDEV);
    CHECK_EQ(rn_ctx_cause(b), -EXDEV);
    rn_ctx_unref(a);
    rn_ctx_unref(b);
    return 0;
}
RN_TASK(derive, rn_ctx *);

TASK_TEST(context_derived_while_its_parent_is_cancelled_is_cancelled)
{
    (void)g;
    for (int i = 0; i < 500; i++) {
        rn_group *h = rn_group_new(NULL);
        rn_ctx *parent = rn_ctx_with_cancel(rn_ctx_background());
        if (i % 2)
            CHECK_EQ(rn_go(h, cancel_late, parent, 0), 0);
        CHECK_EQ(rn_go(h, derive, parent), 0);
        CHECK_EQ(rn_go(h, derive, parent), 0);
        if (i % 2 == 0)
            CHECK_EQ(rn_go(h, cancel_late, parent, i % 3), 0);
        CHECK_EQ(rn_group_wait(h), 0);
        CHECK_EQ(rn_group_close(h), 0);
        CHECK(rni_list_empty(&parent->children));
        rn_ctx_unref(parent);
    }
    return 0;
}

/* Makes children until it sees the cancel; whichever came before it or after, none is spared. */
static int derive_many(rn_ctx *parent, _Atomic(int) *here)
{
    enum { MAX = 300 };
    rn_ctx *made[MAX];
    int n = 0;
    atomic_store(here, 1);
    while (n < MAX && rn_ctx_cause(parent) == 0)
        made[n++] = rn_ctx_with_cancel(parent);
    CHECK_EQ(rn_wait(rn_ctx_done(parent)), -EPIPE);
    for (int i = 0; i < n; i++) {
        CHECK_EQ(rn_wait(rn_ctx_done(made[i])), -EPIPE);
        CHECK_EQ(rn_ctx_cause(made[i]), -EXDEV);
        rn_ctx_unref(made[i]);
    }
    return 0;
}
RN_TASK(derive_many, rn_ctx *, _Atomic(int) *);

TASK_TEST(context_cancel_spares_none_of_the_children_made_meanwhile)
{
    (void)g;
    for (int i = 0; i < 300; i++) {
        _Atomic(int) here = 0;
        rn_group *h = rn_group_new(NULL);
        rn_ctx *parent = rn_ctx_with_cancel(rn_ctx_background());
        CHECK_EQ(rn_go(h, derive_many, parent, &here), 0);
        while (atomic_load(&here) == 0)
            rn_yield();
        for (volatile int j = 0; j < i % 50 * 20; j++)
            ;
        rn_ctx_cancel(parent, -EXDEV);
        CHECK_EQ(rn_group_wait(h), 0);
        CHECK_EQ(rn_group_close(h), 0);
        rn_ctx_unref(parent);
    }
    return 0;
}

/* ---- trees ---- */

enum { NODES = 100 };

static int cancel_and_give_back(rn_ctx *ctx)
{
    rn_ctx_cancel(ctx, 0);
    rn_ctx_unref(ctx);
    return 0;
}
RN_TASK(cancel_and_give_back, rn_ctx *);

/* A tree with up to five children a node, cancelled from every node at once in random order. */
TASK_TEST(context_tree_is_cancelled_from_all_its_nodes_at_once)
{
    uint32_t random = 1;
    for (int round = 0; round < 20; round++) {
        rn_ctx *node[NODES] = { rn_ctx_with_cancel(rn_ctx_background()) };
        for (int i = 1; i < NODES; i++)
            node[i] = rn_ctx_with_cancel(node[(i - 1) / (1 + round % 5)]);
        rn_receiver(rn_unit) done[NODES];
        for (int i = 0; i < NODES; i++)
            done[i] = rn_ctx_done(node[i]);
        rn_group *h = rn_group_new(NULL);
        uint32_t order[NODES];
        for (uint32_t i = 0; i < NODES; i++) {
            uint32_t j = random_below(&random, i + 1);
            order[i] = order[j];
            order[j] = i;
        }
        for (int i = 0; i < NODES; i++)
            CHECK_EQ(rn_go(h, cancel_and_give_back, rn_ctx_ref(node[order[i]])), 0);
        for (int i = 0; i < NODES; i++)
            CHECK_EQ(rn_wait(done[i]), -EPIPE);
        CHECK_EQ(rn_group_wait(h), 0);
        CHECK_EQ(rn_group_close(h), 0);
        for (int i = 0; i < NODES; i++)
            rn_ctx_unref(node[i]);
    }
    (void)g;
    return 0;
}

static int cancel_child_after_parent(rn_ctx *parent, rn_ctx *child)
{
    CHECK_EQ(rn_wait(rn_ctx_done(parent)), -EPIPE);
    rn_ctx_cancel(child, 0);
    return 0;
}
RN_TASK(cancel_child_after_parent, rn_ctx *, rn_ctx *);

TASK_TEST(context_child_is_cancelled_by_who_waits_for_its_parent)
{
    (void)g;
    for (int i = 0; i < 200; i++) {
        rn_ctx *parent = rn_ctx_with_cancel(rn_ctx_background());
        rn_ctx *child = rn_ctx_with_cancel(parent);
        rn_group *h = rn_group_new(NULL);
        CHECK_EQ(rn_go(h, cancel_child_after_parent, parent, child), 0);
        if (i % 2)
            rn_yield();
        rn_ctx_cancel(parent, 0);
        CHECK_EQ(rn_ctx_err(child), -ECANCELED);
        CHECK_EQ(rn_group_wait(h), 0);
        CHECK_EQ(rn_group_close(h), 0);
        rn_ctx_unref(child);
        rn_ctx_unref(parent);
    }
    return 0;
}

/* Everything that may happen to a tree, from four tasks: the run ends, and no timer is left. */
static int meddle(rn_ctx *root, int seed)
{
    uint32_t random = (uint32_t)seed;
    rn_ctx *mine[8] = { 0 };
    static const char key;
    for (int i = 0; i < 400; i++) {
        uint32_t at = random_below(&random, 8), from = random_below(&random, 8);
        rn_ctx *parent = mine[from] ? mine[from] : root;
        rn_ctx *fresh = NULL;
        switch (random_below(&random, 6)) {
        case 0: fresh = rn_ctx_with_cancel(parent); break;
        case 1: fresh = rn_ctx_with_timeout(parent, random_below(&random, 200) * 1000); break;
        case 2: fresh = rn_ctx_with_value(parent, &key, mine); break;
        case 3: fresh = rn_ctx_without_cancel(parent); break;
        case 4: (void)rn_ctx_done(parent); continue;
        default:
            if (mine[at] && !mine[at]->apart)
                rn_ctx_cancel(mine[at], 0);
            continue;
        }
        rn_ctx_unref(mine[at]);
        mine[at] = fresh;
    }
    for (int i = 0; i < 8; i++)
        rn_ctx_unref(mine[i]);
    return 0;
}
RN_TASK(meddle, rn_ctx *, int);

TASK_TEST(context_trees_grow_and_are_cut_by_many_at_once)
{
    (void)g;
    for (int i = 1; i <= 20; i++) {
        rn_ctx *root = rn_ctx_with_cancel(rn_ctx_background());
        rn_group *h = rn_group_new(NULL);
        for (int j = 1; j <= 4; j++)
            CHECK_EQ(rn_go(h, meddle, root, i * 4 + j), 0);
        rn_sleep(i * 10 * RN_MICROSECOND);
        rn_ctx_cancel(root, 0);
        CHECK_EQ(rn_group_wait(h), 0);
        CHECK_EQ(rn_group_close(h), 0);
        CHECK(rni_list_empty(&root->children));
        while (atomic_load(&root->refs) != 1) /* a deadline that passes now holds one */
            rn_yield();
        rn_ctx_unref(root);
    }
    return 0;
}

/* ---- what is over leaves its parent ---- */

TASK_TEST(context_that_is_over_leaves_its_parent)
{
    rn_ctx *parent = rn_ctx_with_cancel(rn_group_ctx(g));
    rn_ctx *a = rn_ctx_with_cancel(parent), *b = rn_ctx_with_timeout(parent, RN_HOUR);
    CHECK(parent->children.next == &a->link && a->link.next == &b->link);
    rn_ctx_cancel(a, 0); /* alone: the parent forgets it when it is given back */
    rn_ctx_unref(a);
    CHECK(parent->children.next == &b->link && b->link.next == &parent->children);
    rn_ctx_unref(b); /* never cancelled */
    CHECK(rni_list_empty(&parent->children));
    rn_ctx *c = rn_ctx_with_cancel(parent);
    rn_ctx_cancel(parent, 0);
    CHECK(rni_list_empty(&parent->children));
    rn_ctx *d = rn_ctx_with_cancel(parent); /* born cancelled */
    CHECK(rni_list_empty(&parent->children));
    rn_ctx_unref(d);
    rn_ctx_unref(c);
    CHECK_EQ(atomic_load(&parent->refs), 1);
    rn_ctx_unref(parent);
    return 0;
}
