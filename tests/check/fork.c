/* SPDX-License-Identifier: MIT */
/*
 * Forked calls: an owner that forks and joins, and thieves. Every call is made once, whoever makes
 * it; its arguments are there for who does, and its result for who joins. What is forked under a
 * shield is not taken. The heavy fence is rn_check_heavy_fence.
 */
#include "seam.h"

#include "core/fork.h"

static int square(int v);
RN_FORK(square, int, int);

typedef struct state {
    rn_forked(square) calls[3];
    int asked[4]; /* plain: what the owner did before each fork */
    int last;
} state;

static state *running;
static _Atomic(int) calls_made[4];

static int square(int v)
{
    RN_CHECK_ASSERT(running->asked[v] == v);
    atomic_fetch_add_explicit(&calls_made[v], 1, memory_order_relaxed);
    return v * v;
}

static void begin_with(void *p, bool fenced)
{
    running = p;
    model_begin();
    for (int i = 0; i < 4; i++)
        atomic_store_explicit(&calls_made[i], 0, memory_order_relaxed);
    model_tasks[0].forks = (rn_forks_){ .taken = fenced ? RNI_FORKS_FENCED : 0 };
}

static void begin(void *p)
{
    begin_with(p, false);
    model_owner.is_group = true;
}

static void begin_fenced(void *p)
{
    begin_with(p, true);
    model_owner.is_group = true;
}

static void fork_call(state *s, int i, int v)
{
    s->asked[v] = s->last = v;
    rn_fork(square, &s->calls[i], v);
}

static int join_call(state *s, int i)
{
    return rn_join(square, &s->calls[i]);
}

static void owner(void *p)
{
    fork_call(p, 0, 1);
    RN_CHECK_ASSERT(join_call(p, 0) == 1);
}

static void owner_nested(void *p)
{
    fork_call(p, 0, 1);
    fork_call(p, 1, 2);
    RN_CHECK_ASSERT(join_call(p, 1) == 4);
    RN_CHECK_ASSERT(join_call(p, 0) == 1);
}

/* Another call is where the first was. */
static void owner_again(void *p)
{
    fork_call(p, 0, 1);
    RN_CHECK_ASSERT(join_call(p, 0) == 1);
    fork_call(p, 0, 2);
    RN_CHECK_ASSERT(join_call(p, 0) == 4);
}

static void owner_shielded(void *p)
{
    fork_call(p, 0, 1);
    RN_CHECK_ASSERT(join_call(p, 0) == 1);
    rni_shield_on(&model_tasks[0]);
    fork_call(p, 0, 2);
    RN_CHECK_ASSERT(join_call(p, 0) == 4);
    rni_shield_off(&model_tasks[0]);
}

static void thief(void *p)
{
    (void)p;
    rn_fork_ *r = rni_fork_claim(&model_tasks[0]);
    if (!r)
        return;
    r->fn->run(r);
    rni_fork_done(r);
}

static void thief_of_unshielded(void *p)
{
    state *s = p;
    rn_fork_ *r = rni_fork_claim(&model_tasks[0]);
    if (!r)
        return;
    RN_CHECK_ASSERT(s->calls[0].rn_args_.a == 1);
    r->fn->run(r);
    rni_fork_done(r);
}

static void once_each(void *p)
{
    state *s = p;
    for (int v = 1; v <= s->last; v++)
        RN_CHECK_ASSERT(calls_made[v] == 1);
    rn_forks_ *f = &model_tasks[0].forks;
    RN_CHECK_ASSERT(f->depth == 0 && !f->newest && !f->last);
    RN_CHECK_ASSERT((f->taken & ~RNI_FORKS_FENCED) == 0);
}

static const model_run runs[] = {
    { MODEL("fork-thief", begin, once_each, owner, thief) },
    { MODEL("fork-nested", begin, once_each, owner_nested, thief) },
    { MODEL("fork-again", begin, once_each, owner_again, thief) },
    { MODEL("fork-thieves", begin, once_each, owner_nested, thief, thief),
      .options = { .preemptions = 2 } },
    { MODEL("fork-shielded", begin, once_each, owner_shielded, thief_of_unshielded) },
    { MODEL("fork-fenced", begin_fenced, once_each, owner_again, thief) },
};

int main(int argc, char **argv)
{
    return model_main(runs, sizeof runs / sizeof runs[0], argc, argv);
}
