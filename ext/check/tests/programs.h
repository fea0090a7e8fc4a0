/* SPDX-License-Identifier: MIT */
/*
 * Random programs of loads, stores, read-modify-writes and fences of all orders, and the set of
 * results that rn-check shows of one. For reduction.c and axioms.c.
 */
#ifndef RNI_CK_PROGRAMS_H
#define RNI_CK_PROGRAMS_H

#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

#include <runnel/check.h>

enum { THREADS = 3, LENGTH = 3, LOCATIONS = 2, RESULTS = 1 << 16 };

enum { LOAD, STORE, ADD, COMPARE, FENCE, HEAVY, AWAIT };

typedef struct instruction {
    int kind, location, value;
    int order; /* relaxed, acquire or release or both, seq_cst; a fence: acquire, release ... */
} instruction;

typedef struct state {
    _Atomic(int) x[LOCATIONS];
    int seen[THREADS][LENGTH];
} state;

static instruction program[THREADS][LENGTH];
static unsigned lengths[THREADS];
static unsigned n_kinds = 5, lengths_most = LENGTH;
static bool without_heavy;
static uint64_t random_state = 1;
static unsigned n_results;
static uint8_t known[RESULTS];

static unsigned draw(unsigned n)
{
    random_state = random_state * 6364136223846793005ull + 1442695040888963407ull;
    return (unsigned)(random_state >> 33) % n;
}

/* The compiler wants the orders of explicit operations to be constants, or takes seq_cst. */
static int load(_Atomic(int) *x, int order)
{
    switch (order) {
    case 0: return atomic_load_explicit(x, memory_order_relaxed);
    case 1: return atomic_load_explicit(x, memory_order_acquire);
    default: return atomic_load_explicit(x, memory_order_seq_cst);
    }
}

static void store(_Atomic(int) *x, int v, int order)
{
    switch (order) {
    case 0: atomic_store_explicit(x, v, memory_order_relaxed); break;
    case 1: atomic_store_explicit(x, v, memory_order_release); break;
    default: atomic_store_explicit(x, v, memory_order_seq_cst); break;
    }
}

static int add(_Atomic(int) *x, int v, int order)
{
    switch (order) {
    case 0: return atomic_fetch_add_explicit(x, v, memory_order_relaxed);
    case 1: return atomic_fetch_add_explicit(x, v, memory_order_acq_rel);
    default: return atomic_fetch_add_explicit(x, v, memory_order_seq_cst);
    }
}

static int compare(_Atomic(int) *x, int v, int order)
{
    int expected = v - 1;
    switch (order) {
    case 0:
        atomic_compare_exchange_strong_explicit(x, &expected, v, memory_order_relaxed,
                                                memory_order_relaxed);
        break;
    case 1:
        atomic_compare_exchange_strong_explicit(x, &expected, v, memory_order_acq_rel,
                                                memory_order_acquire);
        break;
    default: atomic_compare_exchange_strong(x, &expected, v); break;
    }
    return expected;
}

static void fence(int order)
{
    switch (order) {
    case 0: atomic_thread_fence(memory_order_acquire); break;
    case 1: atomic_thread_fence(memory_order_release); break;
    default: atomic_thread_fence(memory_order_seq_cst); break;
    }
}

/* Waits, but not for ever. */
static int await(_Atomic(int) *x, int order)
{
    int seen = 0;
    for (int round = 0; round < 2 && (seen = load(x, order)) == 0; round++)
        rn_check_spin();
    return seen;
}

static void run(void *p)
{
    state *s = p;
    unsigned me = (unsigned)rn_check_self() - 1;
    for (unsigned i = 0; i < lengths[me]; i++) {
        const instruction *n = &program[me][i];
        _Atomic(int) *x = &s->x[n->location];
        switch (n->kind) {
        case LOAD: s->seen[me][i] = load(x, n->order); break;
        case STORE: store(x, n->value, n->order); break;
        case ADD: s->seen[me][i] = add(x, n->value, n->order); break;
        case COMPARE: s->seen[me][i] = compare(x, n->value, n->order); break;
        case FENCE: fence(n->order); break;
        case HEAVY: rn_check_heavy_fence(); break;
        default: s->seen[me][i] = await(x, n->order); break;
        }
    }
}

/* Adds to what has been seen. */
static void note(void *p)
{
    state *s = p;
    uint64_t hash = 1469598103934665603ull;
    for (int i = 0; i < LOCATIONS; i++)
        hash = (hash ^ (unsigned)s->x[i]) * 1099511628211ull;
    for (int i = 0; i < THREADS * LENGTH; i++)
        hash = (hash ^ (unsigned)s->seen[i / LENGTH][i % LENGTH]) * 1099511628211ull;
    hash ^= hash >> 32;
    n_results += !known[hash % RESULTS];
    known[hash % RESULTS] = 1;
}

static unsigned explore(rn_check_options o, rn_check_result *result)
{
    rn_check_model m = { .name = "random", .state_bytes = sizeof(state), .finish = note };
    for (int t = 0; t < THREADS; t++)
        m.threads[t] = run;
    o.quiet = true;
    o.max_schedules = 200000;
    o.result = result;
    memset(known, 0, sizeof known);
    n_results = 0;
    if (rn_check(&m, &o) != 0)
        printf("failed: %s\n", result->failure);
    return n_results;
}

static void print_program(void)
{
    static const char *const kinds[] = { "load",  "store", "add",  "compare",
                                         "fence", "heavy", "await" };
    for (int t = 0; t < THREADS; t++) {
        for (unsigned i = 0; i < lengths[t]; i++)
            printf("  thread %d: %s x%d %d order %d\n", t + 1, kinds[program[t][i].kind],
                   program[t][i].location, program[t][i].value, program[t][i].order);
    }
}

static int draw_kind(void)
{
    unsigned kind = draw(n_kinds);
    return kind == HEAVY && without_heavy ? AWAIT : (int)kind;
}

static void draw_program(void)
{
    for (int t = 0; t < THREADS; t++) {
        lengths[t] = t == 2 ? draw(lengths_most) : 1 + draw(lengths_most);
        for (unsigned i = 0; i < lengths[t]; i++)
            program[t][i] = (instruction){ draw_kind(), (int)draw(LOCATIONS), 1 + (int)draw(3),
                                           (int)draw(3) };
    }
}

#endif
