/* SPDX-License-Identifier: MIT */
/*
 * Linearizability: whether what concurrent operations returned could have come from the same
 * operations one after the other.
 *
 * A scenario gives every thread a list of operations. Each execution of it leaves a history: which
 * operation returned what, and which ended before which began. The history is looked for in the
 * sequential model by trying all orders that agree with it (Wing and Gong, Testing and verifying
 * concurrent objects, 1993), where a state of the model that has been reached before with the same
 * operations done is not searched again (Lowe, Testing for linearizability, 2017).
 *
 * Among interleavings the order is that of the execution, whose begins and ends are steps of their
 * own, so that the reduction keeps their order. Under C11 it is happens-before: without it nobody
 * could tell that one operation came first.
 *
 * Scenarios that differ only in which of two equal threads does what are explored once.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine.h"

enum { MAX_OPERATIONS = 20, MAX_LENGTH = 8, MAX_SCENARIOS = 1 << 26 };

typedef struct record {
    const rn_check_operation *operation;
    long arg, result;
    unsigned thread, begin, end;    /* in the order of execution */
    uint32_t tick;                  /* its thread's, at its last atomic operation */
    uint32_t known[RNI_CK_THREADS]; /* all threads' ticks when it began */
} record;

static const rn_check_object *object;
static unsigned n_threads, length, n_operations;
static uint8_t scenario[RN_CHECK_THREADS][MAX_LENGTH]; /* operations of each thread */
static record records[MAX_OPERATIONS];
static unsigned n_records, moment;

/* ---- the history of an execution ---- */

static void event(int kind)
{
    if (rni_ck_options.memory == RN_CHECK_SC)
        rni_ck_visible((rni_ck_operation){ (uint8_t)kind, 0 }, NULL);
}

static void run_thread(void *state)
{
    rni_ck_user = 0;
    rni_ck_thread *t = rni_ck_current;
    unsigned me = (unsigned)t->index - 1;
    for (unsigned i = 0; i < length; i++) {
        record *r = &records[me * length + i];
        *r = (record){ .operation = &object->operations[scenario[me][i]],
                       .arg = (long)(me * length + i + 1),
                       .thread = me };
        event(RNI_CK_BEGIN);
        if (rni_ck_tracing)
            rni_ck_trace(NULL, "%s(%ld) begins", r->operation->name, r->arg);
        r->begin = ++moment;
        memcpy(r->known, t->now.tick, sizeof r->known);
        rni_ck_user = 1;
        r->result = r->operation->run(state, r->arg);
        rni_ck_user = 0;
        event(RNI_CK_END);
        if (rni_ck_tracing)
            rni_ck_trace(NULL, "%s(%ld) = %ld", r->operation->name, r->arg, r->result);
        r->end = ++moment;
        r->tick = t->now.tick[t->index] - 1;
    }
    rni_ck_user = 1;
}

static bool precedes(const record *a, const record *b)
{
    if (a->thread == b->thread)
        return a->begin < b->begin;
    if (rni_ck_options.memory == RN_CHECK_SC)
        return a->end < b->begin;
    return b->known[a->thread + 1] >= a->tick;
}

/* ---- the search ---- */

enum { SEEN = 4096 };
static struct seen {
    uint32_t round, done;
} seen[SEEN];
static char *seen_states;
static uint32_t round_number;

/* Whether the model has been in this state with these operations done; notes that it has. */
static bool seen_before(uint32_t done, const char *state)
{
    uint64_t hash = done * 0x9e3779b97f4a7c15ull;
    for (size_t i = 0; i < object->model_bytes; i++)
        hash = (hash ^ (unsigned char)state[i]) * 0x100000001b3ull;
    for (unsigned probe = 0; probe < 16; probe++) {
        unsigned at = (unsigned)((hash >> 40) + probe) % SEEN;
        char *kept = seen_states + at * object->model_bytes;
        if (seen[at].round == round_number && seen[at].done == done &&
            memcmp(kept, state, object->model_bytes) == 0)
            return true;
        if (seen[at].round != round_number) {
            seen[at] = (struct seen){ round_number, done };
            memcpy(kept, state, object->model_bytes);
            return false;
        }
    }
    return false;
}

/* Whether the operations that are not done yet can follow. states: one for each depth. */
static bool search(uint32_t done, const uint32_t *before, char *states)
{
    if (done == (1u << n_records) - 1)
        return true;
    if (seen_before(done, states))
        return false;
    char *next = states + object->model_bytes;
    for (unsigned i = 0; i < n_records; i++) {
        if ((done & (1u << i)) || (before[i] & ~done))
            continue;
        memcpy(next, states, object->model_bytes);
        if (records[i].operation->allows(next, records[i].arg, records[i].result) &&
            search(done | (1u << i), before, next))
            return true;
    }
    return false;
}

static void describe(char *text, size_t room)
{
    size_t used = 0;
    for (unsigned i = 0; i < n_records && used < room; i++)
        used += (size_t)snprintf(text + used, room - used, "%s%s(%ld) = %ld",
                                 i == 0            ? "1: "
                                 : i % length == 0 ? " | "
                                                   : ", ",
                                 records[i].operation->name, records[i].arg, records[i].result);
}

static void finish(void *state)
{
    if (object->finish)
        object->finish(state);
    rni_ck_user = 0;
    uint32_t before[MAX_OPERATIONS] = { 0 };
    static char *states;
    static size_t room;
    size_t needed = (MAX_OPERATIONS + 1) * object->model_bytes;
    if (room < needed) {
        states = rni_ck_resize(states, needed);
        seen_states = rni_ck_resize(seen_states, SEEN * object->model_bytes);
        room = needed;
    }
    for (unsigned i = 0; i < n_records; i++) {
        for (unsigned j = 0; j < n_records; j++) {
            if (i != j && precedes(&records[j], &records[i]))
                before[i] |= 1u << j;
        }
    }
    /* NOLINTNEXTLINE(clang-analyzer-core.NonNullParamChecker): the first call has made room. */
    memset(states, 0, object->model_bytes);
    round_number++;
    if (!search(0, before, states)) {
        char text[800];
        describe(text, sizeof text);
        rni_ck_fail("not linearizable: %s", text);
    }
    rni_ck_user = 1;
}

static void init(void *state)
{
    moment = 0;
    if (object->init)
        object->init(state);
}

/* ---- the scenarios ---- */

static bool may(unsigned operation, unsigned thread)
{
    unsigned threads = object->operations[operation].threads;
    return threads == 0 || (threads >> thread & 1);
}

/* Whether two threads may do the same, so that only one order of their lists is worth a try. */
static bool are_equal(unsigned a, unsigned b)
{
    for (unsigned i = 0; i < n_operations; i++) {
        if (may(i, a) != may(i, b))
            return false;
    }
    return true;
}

/* Scenario number n of all that there are in base n_operations; false if it need not be tried. */
static bool set_scenario(uint64_t n)
{
    for (unsigned t = 0; t < n_threads; t++) {
        for (unsigned i = 0; i < length; i++, n /= n_operations) {
            scenario[t][i] = (uint8_t)(n % n_operations);
            if (!may(scenario[t][i], t))
                return false;
        }
        for (unsigned u = 0; u < t; u++) {
            if (are_equal(u, t) && memcmp(scenario[u], scenario[t], length) > 0)
                return false;
        }
    }
    return true;
}

static void name_scenario(char *name, size_t room, uint64_t n)
{
    snprintf(name, room, "%s/%llu", object->name, (unsigned long long)n);
}

typedef struct totals {
    rn_check_result sum;
    unsigned scenarios;
} totals;

static int check_scenario(uint64_t n, const rn_check_options *options, totals *all)
{
    char name[200];
    rn_check_result one;
    name_scenario(name, sizeof name, n);
    rn_check_model m = {
        .name = name, .state_bytes = object->state_bytes, .init = init, .finish = finish
    };
    for (unsigned t = 0; t < n_threads; t++)
        m.threads[t] = run_thread;
    rn_check_options with = *options;
    with.result = &one;
    int code = rni_ck_check(&m, &with, false);
    all->scenarios++;
    all->sum.schedules += one.schedules;
    all->sum.pruned += one.pruned;
    all->sum.steps += one.steps;
    all->sum.seconds += one.seconds;
    all->sum.exhaustive &= one.exhaustive;
    if (one.longest > all->sum.longest)
        all->sum.longest = one.longest;
    all->sum.failure = one.failure;
    all->sum.replay = one.replay;
    return code;
}

static int check_scenarios(uint64_t count, const rn_check_options *options, totals *all)
{
    const char *replay = getenv("RN_CHECK_REPLAY");
    size_t name = strlen(object->name);
    unsigned limit = object->max_scenarios ? object->max_scenarios : 1000;
    all->sum.exhaustive = true;
    if (replay) {
        if (strncmp(replay, object->name, name) != 0 || replay[name] != '/')
            return 0;
        set_scenario(strtoull(replay + name + 1, NULL, 10));
        return check_scenario(strtoull(replay + name + 1, NULL, 10), options, all);
    }
    uint64_t worth = 0, random = options->seed;
    for (uint64_t n = 0; n < count; n++)
        worth += set_scenario(n);
    for (uint64_t n = 0; n < count; n++) {
        if (!set_scenario(n))
            continue;
        /* Of those that are left, as many as are wanted still, each as likely as the others. */
        random = random * 6364136223846793005ull + 1442695040888963407ull;
        /* NOLINTNEXTLINE(clang-analyzer-core.DivideZero): this one is among those that are left. */
        bool taken = (random >> 33) % worth < limit - all->scenarios;
        worth--;
        if (!taken) {
            all->sum.exhaustive = false;
            continue;
        }
        int code = check_scenario(n, options, all);
        if (code != 0)
            return code;
    }
    return 0;
}

int rn_check_linear(const rn_check_object *o, const rn_check_options *options)
{
    static const rn_check_options defaults;
    totals all = { .scenarios = 0 };
    if (!o || !o->name)
        return -EINVAL;
    if (!options)
        options = &defaults;
    n_threads = o->threads ? o->threads : 3;
    length = o->length ? o->length : 3;
    n_operations = 0;
    while (n_operations < RN_CHECK_OPERATIONS && o->operations[n_operations].name) {
        if (!o->operations[n_operations].run || !o->operations[n_operations].allows)
            return -EINVAL;
        n_operations++;
    }
    n_records = n_threads * length;
    uint64_t count = 1;
    bool sensible = o->name && n_operations > 0 && n_threads <= RN_CHECK_THREADS &&
                    length <= MAX_LENGTH && n_records <= MAX_OPERATIONS;
    for (unsigned i = 0; sensible && i < n_records; i++)
        sensible = !__builtin_mul_overflow(count, n_operations, &count) && count <= MAX_SCENARIOS;
    if (!sensible) {
        if (!options->quiet)
            fprintf(stderr,
                    "rn-check: %s: %u threads with %u of %u operations each is nothing, or too "
                    "much: at most %d threads, %d operations each, %d in all, %d scenarios\n",
                    o->name ? o->name : "(no name)", n_threads, length, n_operations,
                    RN_CHECK_THREADS, MAX_LENGTH, MAX_OPERATIONS, MAX_SCENARIOS);
        return -EINVAL;
    }
    object = o;
    int code = check_scenarios(count, options, &all);
    if (options->result)
        *options->result = all.sum;
    if (!options->quiet && all.scenarios > 0)
        printf("rn-check: %s: %u scenarios of %u x %u operations, %llu schedules, %s, %.2f s\n",
               o->name, all.scenarios, n_threads, length, (unsigned long long)all.sum.schedules,
               all.sum.failure      ? "FAILED"
               : all.sum.exhaustive ? "exhaustive"
                                    : "not exhaustive",
               all.sum.seconds);
    return code;
}
