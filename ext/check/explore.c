/* SPDX-License-Identifier: MIT */
/*
 * Choices. An execution asks for a number in [0, n) whenever it could go on in more than one way:
 * which thread takes the next step, which store a load reads, where a store goes, what the model
 * itself asks. The answers alone decide the execution, so their list repeats it.
 *
 * Depth first: the list of the last execution is kept, its last answer that has a successor is
 * advanced, and all behind it are forgotten. PCT (probabilistic concurrency testing; Burckhardt,
 * Kothari, Musuvathi, Nagarakatte: A randomized scheduler with probabilistic guarantees of finding
 * bugs, 2010): the thread of the highest priority runs; priorities are drawn at random and change
 * at depth - 1 random steps. A bug that needs d orderings in a program of n threads and k steps is
 * found by each run with a probability of at least 1 / (n * k^(d-1)).
 *
 * The replay string: one character a choice, 0-9 a-z for 0 to 35, larger ones as two decimal digits
 * or more between dots; what stands four times or more is written once, with a colon, the number of
 * times and a comma ("000001" is "0:5,1").
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine.h"

typedef struct choice {
    uint32_t n, taken;
} choice;

static choice *path; /* of this execution; the first `kept` entries are to be repeated */
static size_t depth, kept, room;
static bool replaying, exhausted;
static uint64_t random_state;

/* What a colon of the replay string repeats at most: a wrong string must not take all memory. */
enum { TIMES_MAX = 999999 };

/* PCT. */
enum { CHANGES = 16 };
static unsigned step, longest, changes[CHANGES], n_changes;

static uint64_t next_random(void)
{
    uint64_t z = (random_state += 0x9e3779b97f4a7c15ull);
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ull;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebull;
    return z ^ (z >> 31);
}

static void push(uint32_t n, uint32_t taken)
{
    if (depth == room) {
        room = room ? 2 * room : 1024;
        path = rni_ck_resize(path, room * sizeof *path);
    }
    path[depth++] = (choice){ n, taken };
}

static void parse(const char *replay)
{
    depth = 0;
    while (*replay) {
        unsigned long times = 1, value;
        char *end;
        if (*replay == '.') {
            value = strtoul(replay + 1, &end, 10);
            replay = end + (*end == '.');
        } else {
            value = strtoul((char[2]){ *replay++, 0 }, NULL, 36);
        }
        if (*replay == ':') {
            times = strtoul(replay + 1, &end, 10);
            replay = end + (*end == ',');
        }
        for (; times > 0 && times <= TIMES_MAX; times--)
            push(UINT32_MAX, (uint32_t)value);
    }
    kept = depth;
}

void rni_ck_explore_init(const char *replay)
{
    depth = kept = 0;
    exhausted = false;
    longest = 0;
    random_state = rni_ck_options.seed;
    replaying = replay != NULL;
    if (replay)
        parse(replay);
}

bool rni_ck_replaying(void)
{
    return replaying;
}

bool rni_ck_explore_systematic(void)
{
    return rni_ck_options.strategy == RN_CHECK_DFS;
}

bool rni_ck_explore_next(void)
{
    if (replaying)
        return false;
    if (!rni_ck_explore_systematic()) {
        kept = 0;
        return true;
    }
    while (depth > 0 && path[depth - 1].taken + 1 == path[depth - 1].n)
        depth--;
    if (depth == 0)
        return false;
    path[depth - 1].taken++;
    kept = depth;
    return true;
}

static void draw_priorities(void)
{
    unsigned d = rni_ck_options.depth ? rni_ck_options.depth : 3;
    for (unsigned t = 1; t < RNI_CK_THREADS; t++)
        rni_ck_threads[t].priority = CHANGES + 1 + (unsigned)(next_random() % 1000000);
    n_changes = d - 1 < CHANGES ? d - 1 : CHANGES;
    for (unsigned i = 0; i < n_changes; i++)
        changes[i] = (unsigned)(next_random() % (longest ? longest : 20));
}

void rni_ck_explore_begin(void)
{
    if (step > longest)
        longest = step;
    depth = step = 0;
    if (rni_ck_options.strategy == RN_CHECK_PCT && !replaying)
        draw_priorities();
}

static unsigned choose(unsigned n, unsigned proposal)
{
    if (n == 1)
        return 0;
    if (depth < kept) {
        choice *c = &path[depth++];
        if (c->taken >= n)
            rni_ck_fail("the replay string is of another program, or the model is not "
                        "deterministic: choice %zu is %u of %u",
                        depth, c->taken, n);
        if (c->n != n && c->n != UINT32_MAX)
            rni_ck_fail("the model is not deterministic: choice %zu is among %u, was among %u",
                        depth, n, c->n);
        return c->taken;
    }
    push(n, proposal);
    return proposal;
}

unsigned rni_ck_choose(unsigned n)
{
    bool random = !replaying && !rni_ck_explore_systematic();
    return choose(n, random ? (unsigned)(next_random() % n) : 0);
}

static unsigned highest(rni_ck_thread *const *candidates, unsigned n)
{
    unsigned best = 0;
    for (unsigned i = 1; i < n; i++) {
        if (candidates[i]->priority > candidates[best]->priority)
            best = i;
    }
    return best;
}

unsigned rni_ck_choose_thread(rni_ck_thread *const *candidates, unsigned n)
{
    if (replaying || rni_ck_options.strategy != RN_CHECK_PCT)
        return rni_ck_choose(n);
    unsigned best = highest(candidates, n);
    for (unsigned i = 0; i < n_changes; i++) {
        if (changes[i] == step)
            candidates[best]->priority = i + 1;
    }
    step++;
    return choose(n, highest(candidates, n));
}

const char *rni_ck_replay_string(void)
{
    static char *text;
    static size_t text_room;
    if (text_room < depth * 12 + 1) {
        text_room = depth * 12 + 1;
        text = rni_ck_resize(text, text_room);
    }
    char *at = text;
    /* NOLINTNEXTLINE(clang-analyzer-core.NullDereference): the first call has made room for one. */
    *at = 0;
    for (size_t i = 0, same; i < depth; i += same) {
        uint32_t v = path[i].taken;
        same = 1;
        while (i + same < depth && path[i + same].taken == v && same < TIMES_MAX)
            same++;
        if (same < 4)
            same = 1;
        if (v < 36)
            *at++ = "0123456789abcdefghijklmnopqrstuvwxyz"[v];
        else
            at += sprintf(at, ".%u.", v);
        if (same > 1)
            at += sprintf(at, ":%zu,", same);
    }
    *at = 0;
    return text;
}
