/* SPDX-License-Identifier: MIT */
/*
 * The modes compared with a plain loop, on random chains of random steps over random input. Every
 * value is a number of its own in a table that counts how often it was dropped, so that the same
 * chains tell what is lost or dropped twice, also when they are cancelled.
 */
/* kit: timeout 120 */
#include <runnel.h>

#include <stdatomic.h>
#include <string.h>

#include "base/rand.h"
#include "kit/kit.h"

static const rn_mode modes[] = { RN_TASKS, RN_FUSED, RN_BATCHED };

enum { VALUES = 4096, STEPS = 6, INPUT = 300 };

static _Atomic(int) made, dropped[VALUES], seen[VALUES];

static void drop(void *element)
{
    atomic_fetch_add(&dropped[*(int *)element], 1);
}

/* A value of its own; its payload is looked up. */
static int payload[VALUES];

static int make(int number)
{
    int id = atomic_fetch_add(&made, 1);
    CHECK(id < VALUES);
    payload[id] = number;
    return id;
}

/* Owns its argument and makes a value. */
static int change(int id, int add)
{
    int number = payload[id] + add;
    drop(&id);
    return make(number);
}
RN_STAGE(change, int, int, int);

static bool select_some(int id, int modulus)
{
    return payload[id] % modulus != 0;
}
RN_STAGE(select_some, bool, int, int);

static int spread(int id, rn_sender(int) out, int modulus)
{
    int n = payload[id] % modulus, number = payload[id], rc = 0;
    drop(&id);
    for (int i = 0; i < n && rc == 0; i++) {
        int v = make(number + i);
        rc = rn_send(out, v);
        if (rc)
            drop(&v);
    }
    return rc;
}
RN_FLAT(spread, int, int, int);

/* Owns the first; the second says how often to add. */
static int change_times(int id, int times, int add)
{
    return change(id, times * add);
}
RN_ZIP(change_times, int, int, int, int);

/* Sends what is in a batch. */
static int unpack(rn_batch b, rn_sender(int) out)
{
    int rc = 0;
    for (size_t i = 0; i < b.count; i++) {
        int v = RN_BATCH_AT(b, int, i);
        rc = rc ? rc : rn_send(out, v);
        if (rc)
            drop(&v);
    }
    b.count = 0;
    rn_batch_free(&b);
    return rc;
}
RN_FLAT(unpack, int, rn_batch);

typedef struct plan {
    int n;
    struct {
        rn_step_kind kind;
        int arg;
    } steps[STEPS];
    int input[INPUT];
    int inputs;
    int expected[INPUT * 64];
    int outputs, taken; /* what comes out and how much is needed for it */
} plan;

/* Takes a number through the steps from i on, as a plain loop would. False when a take is full. */
static bool push(plan *p, int i, int v, int *left)
{
    if (i == p->n) {
        p->expected[p->outputs++] = v;
        return true;
    }
    int arg = p->steps[i].arg;
    bool more = true;
    switch (p->steps[i].kind) {
    case RN_STEP_MAP:
    case RN_STEP_ZIP:
    case RN_STEP_PARALLEL:
    case RN_STEP_ORDERED: return push(p, i + 1, v + arg, left);
    case RN_STEP_FILTER: return v % arg == 0 || push(p, i + 1, v, left);
    case RN_STEP_SKIP:
        if (left[i] > 0)
            return left[i]--, true;
        return push(p, i + 1, v, left);
    case RN_STEP_TAKE:
        left[i]--;
        more = push(p, i + 1, v, left);
        return more && left[i] > 0;
    case RN_STEP_BATCH:
    case RN_STEP_THROTTLE:
    case RN_STEP_BUFFER: return push(p, i + 1, v, left);
    case RN_STEP_FLAT_MAP:
        for (int k = 0; k < v % arg && more; k++)
            more = push(p, i + 1, v + k, left);
        return more;
    }
    return false;
}

static void work_out(plan *p)
{
    int left[STEPS];
    bool more = true;
    p->outputs = p->taken = 0;
    for (int i = 0; i < p->n; i++) {
        left[i] = p->steps[i].arg;
        more = more && (p->steps[i].kind != RN_STEP_TAKE || left[i] > 0);
    }
    while (more && p->taken < p->inputs)
        more = push(p, 0, p->input[p->taken++], left);
}

static bool has(const plan *p, rn_step_kind kind)
{
    for (int i = 0; i < p->n; i++)
        if (p->steps[i].kind == kind)
            return true;
    return false;
}

static void make_plan(plan *p, rni_rand *random)
{
    int flats = 0;
    p->n = 1 + (int)rni_rand_below(random, STEPS);
    for (int i = 0; i < p->n; i++) {
        rn_step_kind kind = (rn_step_kind)rni_rand_below(random, RN_STEP_THROTTLE + 1);
        if (kind == RN_STEP_FLAT_MAP && flats++)
            kind = RN_STEP_MAP;
        p->steps[i].kind = kind;
        p->steps[i].arg = kind == RN_STEP_FILTER || kind == RN_STEP_FLAT_MAP
                              ? 2 + (int)rni_rand_below(random, 3)
                          : kind == RN_STEP_TAKE ? (int)rni_rand_below(random, 200)
                                                 : (int)rni_rand_below(random, 9);
    }
    p->inputs = (int)rni_rand_below(random, flats ? 100 : INPUT);
    for (int i = 0; i < p->inputs; i++)
        p->input[i] = (int)rni_rand_below(random, 1000);
    work_out(p);
}

static rn_receiver(int) many_ones(rn_group *g)
{
    rn_chan(int) ones = rn_make(g, int, VALUES);
    for (int i = 0; i < VALUES; i++)
        CHECK_EQ(rn_send(ones, 1), 0);
    rn_close(ones);
    return rn_rx(ones);
}

/* What a plan says, as a stage that keeps the order or need not. */
static rn_stage(int, int) build(rn_group *g, const plan *p, bool in_order)
{
    rn_stage(int, int) all = NULL;
    for (int i = 0; i < p->n; i++) {
        int arg = p->steps[i].arg;
        rn_stage(int, int) one = NULL;
        switch (p->steps[i].kind) {
        case RN_STEP_MAP: one = rn_stage_map_drop(g, drop, change, arg); break;
        case RN_STEP_FILTER: one = rn_stage_filter(g, select_some, arg); break;
        case RN_STEP_SKIP: one = rn_stage_skip(g, int, arg); break;
        case RN_STEP_TAKE: one = rn_stage_take(g, int, arg); break;
        case RN_STEP_BUFFER: one = rn_stage_buffer(g, int, arg); break;
        case RN_STEP_FLAT_MAP: one = rn_stage_flat_map_drop(g, drop, spread, arg); break;
        case RN_STEP_ZIP: one = rn_stage_zip_drop(g, many_ones(g), drop, change_times, arg); break;
        case RN_STEP_PARALLEL:
            one = rn_stage_parallel_map_drop(g, in_order ? 1 : 3, drop, change, arg);
            break;
        case RN_STEP_ORDERED: one = rn_stage_ordered_map_drop(g, arg, drop, change, arg); break;
        case RN_STEP_THROTTLE: one = rn_stage_throttle(g, int, arg % 2, 2); break;
        case RN_STEP_BATCH:
            one = rn_compose(int, rn_stage_batch(g, int, arg, arg % 2 ? 0 : RN_FOREVER),
                             rn_stage_flat_map_drop(g, drop, unpack));
            break;
        }
        all = all ? rn_compose(int, all, one) : one;
    }
    CHECK(all != NULL);
    return all;
}

static void forget_values(void)
{
    atomic_store(&made, 0);
    memset(dropped, 0, sizeof dropped);
    memset(seen, 0, sizeof seen);
}

/* Every value that was made has come out or was dropped, once. */
static void account(void)
{
    for (int i = 0; i < atomic_load(&made); i++)
        CHECK_EQ(atomic_load(&seen[i]) + atomic_load(&dropped[i]), 1);
}

static rn_chan(int) fill(rn_group *g, const plan *p)
{
    rn_chan(int) in = rn_make_drop(g, int, INPUT, drop);
    for (int i = 0; i < p->inputs; i++)
        CHECK_EQ(rn_send(in, make(p->input[i])), 0);
    return in;
}

static void run_plan(plan *p, rn_mode mode)
{
    rn_group *h = rn_group_new(NULL);
    int id, n = 0;
    forget_values();
    rn_chan(int) in = fill(h, p);
    rn_close(in);
    rn_receiver(int) out = rn_start_with(h, in, build(h, p, true), mode);
    for (; rn_recv(out, &id) == 0; n++) {
        CHECK(n < p->outputs);
        CHECK_EQ(payload[id], p->expected[n]);
        atomic_fetch_add(&seen[id], 1);
    }
    CHECK_EQ(n, p->outputs);
    CHECK_EQ(rn_group_wait(h), 0); /* all of the chain has ended */
    int taken = p->inputs - (int)rn_len(in);
    bool flat = has(p, RN_STEP_FLAT_MAP) || has(p, RN_STEP_BATCH);
    CHECK(flat ? taken >= p->taken : taken == p->taken);
    rn_group_close(h);
    account();
}

/* ---- run to the end ---- */

TASK_TEST(all_modes_do_what_a_plain_loop_does)
{
    (void)g;
    static plan p;
    rni_rand random;
    rni_rand_seed(&random, (uint64_t)rn_now());
    for (int round = 0; round < 300; round++) {
        make_plan(&p, &random);
        for (size_t m = 0; m < 3; m++)
            run_plan(&p, modes[m]);
    }
    return 0;
}

/* ---- cancelled at any moment ---- */

static int read_some(rn_receiver(int) out, int n)
{
    for (int id; n-- > 0 && rn_recv(out, &id) == 0;) {
        atomic_fetch_add(&seen[id], 1);
        if (n % 7 == 0)
            (void)rn_yield();
    }
    return 0;
}
RN_TASK(read_some, rn_receiver(int), int);

static int feed(rn_sender(int) in, const plan *p)
{
    for (int i = 0; i < p->inputs; i++) {
        int v = make(p->input[i]);
        if (rn_send(in, v) != 0)
            drop(&v);
    }
    return 0;
}
RN_TASK(feed, rn_sender(int), const plan *);

TASK_TEST(every_value_is_dropped_once_whenever_the_end_comes)
{
    (void)g;
    static plan p;
    rni_rand random;
    rni_rand_seed(&random, (uint64_t)rn_now());
    for (int round = 0; round < 300; round++) {
        make_plan(&p, &random);
        rn_group *h = rn_group_new(NULL), *reader = rn_group_new(NULL);
        forget_values();
        rn_chan(int) in = rn_make_drop(h, int, rni_rand_below(&random, 2) * 8, drop);
        rn_receiver(int) out = rn_start_with(h, in, build(h, &p, false), modes[round % 3]);
        rn_ref(out);
        rn_go(reader, read_some, out, (int)rni_rand_below(&random, 200));
        rn_go(h, feed, rn_tx(in), &p);
        for (uint64_t i = rni_rand_below(&random, 100); i > 0; i--)
            (void)rn_yield();
        if (round % 2)
            rn_group_cancel(h, 0);
        rn_group_close(h);
        rn_group_close(reader);
        rn_unref(out);
        account();
    }
    return 0;
}
