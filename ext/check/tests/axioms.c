/* SPDX-License-Identifier: MIT */
/*
 * What rn-check shows of a program is exactly what the axioms of the memory model allow. Random
 * programs are explored, and judged by brute force beside it: every choice of which store each load
 * reads from and of the modification orders, kept if it is consistent. That shares no idea with the
 * engine: there are no threads, no views and no order of execution in it, only relations.
 *
 * The axioms are those of C++20 (happens-before, coherence, atomicity, and an order S of seq_cst
 * operations), S agreeing with happens-before as in C11, and no cycle of program order and
 * reads-from, which is what rn-check leaves out (load buffering).
 *
 *   axioms [PROGRAMS [SEED]]
 */
#include <stdlib.h>

#include "programs.h"

enum { EVENTS = LOCATIONS + THREADS * LENGTH, NONE = -1 };

typedef unsigned set; /* of events, a bit each */
typedef set relation[EVENTS];

typedef struct event {
    int thread, index;
    const instruction *does; /* NULL: a location's first value */
    int location;
    bool reads, writes, acquires, releases, sc, fence;
    int from;         /* what it reads */
    int read, stored; /* values */
} event;

static event events[EVENTS];
static int n_events;
static int orders[LOCATIONS][EVENTS], n_orders[LOCATIONS]; /* of modification */
static uint8_t allowed[RESULTS];
static unsigned n_allowed, cut_off;
static unsigned long long results_of_all;

/* ---- relations ---- */

static void closure(set *r)
{
    for (int k = 0; k < n_events; k++) {
        for (int i = 0; i < n_events; i++) {
            if (r[i] >> k & 1)
                r[i] |= r[k];
        }
    }
}

static bool has_cycle(set *r)
{
    closure(r);
    for (int i = 0; i < n_events; i++) {
        if (r[i] >> i & 1)
            return true;
    }
    return false;
}

static bool in_program_order(int a, int b)
{
    return events[a].thread == NONE
               ? events[b].thread != NONE
               : events[a].thread == events[b].thread && events[a].index < events[b].index;
}

/* What a releases with its own store w, or with a later one if it is a fence. */
static bool releases_at(int a, int w)
{
    if (!events[a].releases)
        return false;
    return a == w || (events[a].fence && in_program_order(a, w));
}

static bool acquires_at(int b, int r)
{
    return events[b].acquires && (b == r || (events[b].fence && in_program_order(r, b)));
}

/* Whether r reads from the release sequence that w heads: w, or read-modify-writes behind it. */
static bool reads_sequence(int w, int r)
{
    for (int from = events[r].from;; from = events[from].from) {
        if (from == w)
            return true;
        if (!events[from].reads)
            return false;
    }
}

static void happens_before(set *hb)
{
    for (int a = 0; a < n_events; a++) {
        for (int b = 0; b < n_events; b++)
            hb[a] |= (set)in_program_order(a, b) << b;
    }
    for (int r = 0; r < n_events; r++) {
        for (int w = 0; events[r].reads && w < n_events; w++) {
            if (!events[w].writes || events[w].location != events[r].location ||
                !reads_sequence(w, r))
                continue;
            for (int a = 0; a < n_events; a++) {
                for (int b = 0; b < n_events; b++)
                    hb[a] |= (set)(releases_at(a, w) && acquires_at(b, r)) << b;
            }
        }
    }
    closure(hb);
}

static int position(int write)
{
    const int *order = orders[events[write].location];
    int i = 0;
    while (order[i] != write)
        i++;
    return i;
}

/* a is coherence-ordered before b. */
static bool precedes(int a, int b)
{
    const event *e = &events[a], *f = &events[b];
    if (a == b || e->fence || f->fence || e->location != f->location)
        return false;
    int last = position(e->writes ? a : e->from);
    if (f->writes && position(b) > last)
        return true;
    if (!f->reads)
        return false;
    int from = position(f->from);
    return e->writes ? from >= last : from > last;
}

static bool consistent(void)
{
    relation hb = { 0 }, all = { 0 }, s = { 0 };
    happens_before(hb);
    for (int a = 0; a < n_events; a++) {
        for (int b = 0; b < n_events; b++) {
            if (!precedes(a, b))
                continue;
            if (a == b || (hb[b] >> a & 1))
                return false;
            for (int x = 0; x < n_events; x++) {
                bool before = x == a ? events[a].sc
                                     : events[x].fence && events[x].sc && (hb[x] >> a & 1);
                for (int y = 0; before && y < n_events; y++) {
                    if (y == b ? events[b].sc : events[y].fence && events[y].sc && (hb[b] >> y & 1))
                        s[x] |= 1u << y;
                }
            }
        }
    }
    for (int a = 0; a < n_events; a++) {
        for (int b = 0; b < n_events; b++) {
            all[a] |= (set)in_program_order(a, b) << b;
            if (events[b].reads && events[b].from == a)
                all[a] |= 1u << b;
            if (events[a].sc && events[b].sc && (hb[a] >> b & 1))
                s[a] |= 1u << b;
        }
    }
    return !has_cycle(all) && !has_cycle(hb) && !has_cycle(s);
}

/* ---- all executions of a program ---- */

static void keep(void)
{
    state result = { 0 };
    for (int i = 0; i < LOCATIONS; i++)
        result.x[i] = events[orders[i][n_orders[i] - 1]].stored;
    for (int i = LOCATIONS; i < n_events; i++) {
        if (events[i].reads)
            result.seen[events[i].thread][events[i].index] = events[i].read;
    }
    note(&result);
}

/* Puts the writes that are left behind the modification orders, in every order. */
static void order_writes(set left)
{
    if (!left) {
        if (consistent())
            keep();
        return;
    }
    for (int w = 0; w < n_events; w++) {
        int l = events[w].location;
        if (!(left >> w & 1) || (w >= LOCATIONS && n_orders[l] == 0))
            continue;
        /* One location after the other: which is first makes no difference. */
        bool later = false;
        for (int v = 0; v < n_events; v++)
            later |= (left >> v & 1) && events[v].location < l;
        if (later || (events[w].reads && orders[l][n_orders[l] - 1] != events[w].from))
            continue;
        orders[l][n_orders[l]++] = w;
        order_writes(left & ~(1u << w));
        n_orders[l]--;
    }
}

/* The values, from reads-from; false if it has a cycle with itself or reads from no store. */
static bool evaluate(void)
{
    set known_values = 0, writes = 0, all = (1u << n_events) - 1;
    for (set before = all; before != known_values;) {
        before = known_values;
        for (int i = 0; i < n_events; i++) {
            event *e = &events[i];
            if ((known_values >> i & 1) || (e->reads && !(known_values >> e->from & 1)))
                continue;
            int v = e->does ? e->does->value : 0;
            e->read = e->reads ? events[e->from].stored : 0;
            e->stored = e->does && e->does->kind == ADD ? e->read + v : v;
            if (e->does && e->does->kind == COMPARE) {
                e->writes = e->read == v - 1;
                e->acquires = e->does->order > 0;
                e->releases = e->writes && e->does->order > 0;
            }
            known_values |= 1u << i;
        }
    }
    for (int i = 0; i < n_events; i++) {
        if (events[i].reads && !events[events[i].from].writes)
            return false;
        writes |= (set)events[i].writes << i;
    }
    if (known_values != all)
        return false;
    memset(n_orders, 0, sizeof n_orders);
    order_writes(writes);
    return true;
}

static void choose_reads(int i)
{
    while (i < n_events && !events[i].reads)
        i++;
    if (i == n_events) {
        evaluate();
        return;
    }
    for (int w = 0; w < n_events; w++) {
        bool may_write = events[w].writes || (events[w].does && events[w].does->kind == COMPARE);
        if (w == i || !may_write || events[w].location != events[i].location ||
            in_program_order(i, w))
            continue;
        events[i].from = w;
        choose_reads(i + 1);
    }
}

static void make_events(void)
{
    n_events = 0;
    for (int l = 0; l < LOCATIONS; l++)
        events[n_events++] = (event){ .thread = NONE, .location = l, .writes = true };
    for (int t = 0; t < THREADS; t++) {
        for (unsigned i = 0; i < lengths[t]; i++) {
            const instruction *n = &program[t][i];
            bool fence = n->kind == FENCE, reads = !fence && n->kind != STORE;
            bool writes = n->kind == STORE || n->kind == ADD, sc = n->order == 2;
            events[n_events++] = (event){
                .thread = t,
                .index = (int)i,
                .does = n,
                .location = fence ? NONE : n->location,
                .reads = reads,
                .writes = writes,
                .acquires = fence ? n->order != 1 : reads && n->order > 0,
                .releases = fence ? n->order != 0 : writes && n->order > 0,
                .sc = sc,
                .fence = fence,
            };
        }
    }
}

/* Whether these options show what the axioms allow. */
static bool agrees(rn_check_options options, const char *how)
{
    rn_check_result result;
    unsigned shown = explore(options, &result), too_many = 0;
    for (int i = 0; i < RESULTS; i++)
        too_many += known[i] && !allowed[i];
    if (!result.exhaustive && result.schedules >= 200000)
        cut_off++;
    else if (too_many || shown != n_allowed || !result.exhaustive) {
        printf("%u results %s, %u of them not allowed; the axioms allow %u:\n", shown, how,
               too_many, n_allowed);
        print_program();
        return false;
    }
    return true;
}

/* Found among 40,000: S, program order and reads-from together leave no order of execution that
 * agrees with S, and none of them alone causes that. */
static const instruction entangled[THREADS][LENGTH] = {
    { { LOAD, 1, 3, 2 }, { LOAD, 0, 1, 2 }, { COMPARE, 1, 2, 2 } },
    { { ADD, 1, 2, 0 }, { FENCE, 1, 3, 2 }, { COMPARE, 0, 1, 2 } },
    { { LOAD, 0, 2, 0 }, { COMPARE, 1, 2, 2 }, { 0 } },
};

static int check_program(bool bounded)
{
    make_events();
    memset(known, 0, sizeof known);
    n_results = 0;
    choose_reads(0);
    memcpy(allowed, known, sizeof known);
    n_allowed = n_results;
    results_of_all += n_allowed;
    int wrong = !agrees((rn_check_options){ 0 }, "with reduction");
    /* More preemptions than there are steps: another way to leave out what is twice. */
    return wrong + (bounded && !agrees((rn_check_options){ .preemptions = 100 }, "with a bound"));
}

int main(int argc, char **argv)
{
    int many = argc > 1 ? atoi(argv[1]) : 1500, wrong = 0;
    random_state = argc > 2 ? (uint64_t)atoll(argv[2]) : 1;
    memcpy(program, entangled, sizeof program);
    memcpy(lengths, (unsigned[]){ 3, 3, 2 }, sizeof lengths);
    wrong += check_program(true);
    for (int i = 0; i < many && wrong < 3; i++) {
        draw_program();
        wrong += check_program(i % 4 == 0);
    }
    printf("%d programs, %llu results, as the axioms allow (%u cut off)\n", many, results_of_all,
           cut_off);
    return wrong != 0 || cut_off > (unsigned)many / 50;
}
