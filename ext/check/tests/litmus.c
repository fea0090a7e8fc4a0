/* SPDX-License-Identifier: MIT */
/*
 * The known shapes of weak memory: which results C11 allows, exactly. The table says for each shape
 * all results that must be seen; any other is an error, too. Every shape is explored with and
 * without reduction, and some among mere interleavings.
 *
 * Load buffering (LB) is the one shape where rn-check shows less than C11: 11 is allowed there and
 * never seen, as include/runnel/check.h says.
 */
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <runnel/check.h>

typedef struct state {
    _Atomic(int) x, y, z;
    int plain;
    int r[6];
} state;

#define RLX memory_order_relaxed
#define ACQ memory_order_acquire
#define REL memory_order_release
#define AR memory_order_acq_rel
#define SC memory_order_seq_cst
#define LOAD(v, o) atomic_load_explicit(&s->v, o)
#define STORE(v, n, o) atomic_store_explicit(&s->v, n, o)
#define FENCE(o) atomic_thread_fence(o)
#define THREAD(name, body)                                                                         \
    static void name(void *p)                                                                      \
    {                                                                                              \
        state *s = p;                                                                              \
        body                                                                                       \
    }

/* Store buffering. */
#define SB(name, w, get, fence)                                                                    \
    THREAD(name##_1, STORE(x, 1, w); fence s->r[0] = LOAD(y, get);)                                \
    THREAD(name##_2, STORE(y, 1, w); fence s->r[1] = LOAD(x, get);)
SB(sb_rlx, RLX, RLX, )
SB(sb_ar, REL, ACQ, )
SB(sb_sc, SC, SC, )
SB(sb_fence, RLX, RLX, FENCE(SC);)
SB(sb_ar_fence, RLX, RLX, FENCE(AR);)
SB(sb_sc_store, SC, ACQ, )
THREAD(sb_heavy_1, STORE(x, 1, RLX); rn_check_heavy_fence(); s->r[0] = LOAD(y, RLX);)
THREAD(sb_light_2, STORE(y, 1, RLX); atomic_signal_fence(SC); s->r[1] = LOAD(x, RLX);)
THREAD(sb_rmw_1, STORE(x, 1, RLX); atomic_exchange_explicit(&s->z, 1, AR); s->r[0] = LOAD(y, RLX);)
THREAD(sb_rmw_2, STORE(y, 1, RLX); atomic_exchange_explicit(&s->z, 1, AR); s->r[1] = LOAD(x, RLX);)

/* Message passing. */
#define MP(name, w, wfence, get, rfence)                                                           \
    THREAD(name##_1, STORE(x, 1, RLX); wfence STORE(y, 1, w);)                                     \
    THREAD(name##_2, s->r[0] = LOAD(y, get); rfence s->r[1] = LOAD(x, RLX);)
MP(mp_rlx, RLX, , RLX, )
MP(mp_ra, REL, , ACQ, )
MP(mp_rel_rlx, REL, , RLX, )
MP(mp_rlx_acq, RLX, , ACQ, )
MP(mp_fences, RLX, FENCE(REL);, RLX, FENCE(ACQ);)
MP(mp_rel_fence, RLX, FENCE(REL);, ACQ, )
MP(mp_acq_fence, REL, , RLX, FENCE(ACQ);)
MP(mp_wrong_fence, RLX, FENCE(ACQ);, RLX, FENCE(REL);)
MP(mp_sc, SC, , SC, )
/* S need not follow reads-from: seq_cst data behind a flag that is not acquired or released. */
THREAD(mp_data_sc_1, STORE(x, 1, SC); STORE(y, 1, SC);)
THREAD(mp_data_sc_2, s->r[0] = LOAD(y, RLX); s->r[1] = LOAD(x, SC);)
THREAD(mp_data_sc_rel_1, STORE(x, 1, SC); STORE(y, 1, RLX);)
THREAD(mp_data_sc_acq_2, s->r[0] = LOAD(y, ACQ); s->r[1] = LOAD(x, SC);)
THREAD(mp_data_fence_1, STORE(x, 1, RLX); FENCE(SC); STORE(y, 1, RLX);)
THREAD(mp_fence_2, s->r[0] = LOAD(y, RLX); FENCE(SC); s->r[1] = LOAD(x, RLX);)
/* Through a release sequence: the middle is a relaxed read-modify-write. */
THREAD(rs_1, STORE(x, 1, RLX); STORE(y, 1, REL);)
THREAD(rs_2, atomic_fetch_add_explicit(&s->y, 2, RLX);)
THREAD(rs_3, s->r[0] = LOAD(y, ACQ); s->r[1] = LOAD(x, RLX);)
/* A relaxed store of another thread ends it. */
THREAD(rs_store_2, if (LOAD(y, RLX) == 1) STORE(y, 3, RLX);)

/* Load buffering, two ways. */
THREAD(lb_1, s->r[0] = LOAD(x, RLX); STORE(y, 1, RLX);)
THREAD(lb_2, s->r[1] = LOAD(y, RLX); STORE(x, 1, RLX);)

/* Independent reads of independent writes. */
#define IRIW(name, w, get, fence)                                                                  \
    THREAD(name##_1, STORE(x, 1, w);)                                                              \
    THREAD(name##_2, STORE(y, 1, w);)                                                              \
    THREAD(name##_3, s->r[0] = LOAD(x, get); fence s->r[1] = LOAD(y, get);)                        \
    THREAD(name##_4, s->r[2] = LOAD(y, get); fence s->r[3] = LOAD(x, get);)
IRIW(iriw_ra, REL, ACQ, )
IRIW(iriw_sc, SC, SC, )
IRIW(iriw_fence, RLX, RLX, FENCE(SC);)

/* Coherence: one location. */
THREAD(corr_1, STORE(x, 1, RLX);)
THREAD(corr_2, s->r[0] = LOAD(x, RLX); s->r[1] = LOAD(x, RLX);)
THREAD(coww_1, STORE(x, 1, RLX); STORE(x, 2, RLX);)
THREAD(cowr_1, STORE(x, 1, RLX); s->r[0] = LOAD(x, RLX);)
THREAD(cowr_2, STORE(x, 2, RLX); s->r[1] = LOAD(x, RLX);)

/* 2+2W: both locations end with their first thread's store. */
#define W22(name, w, fence)                                                                        \
    THREAD(name##_1, STORE(x, 1, w); fence STORE(y, 2, w);)                                        \
    THREAD(name##_2, STORE(y, 1, w); fence STORE(x, 2, w);)
W22(w22_rlx, RLX, )
W22(w22_rel, REL, )
W22(w22_sc, SC, )
W22(w22_fence, RLX, FENCE(SC);)
static void final_values(void *p)
{
    state *s = p;
    s->r[0] = s->x;
    s->r[1] = s->y;
}

/* Write-to-read causality, R, S and read-modify-writes. */
THREAD(wrc_1, STORE(x, 1, RLX);)
THREAD(wrc_2, s->r[0] = LOAD(x, RLX); STORE(y, 1, REL);)
THREAD(wrc_3, s->r[1] = LOAD(y, ACQ); s->r[2] = LOAD(x, RLX);)
THREAD(r_sc_1, STORE(x, 1, SC); STORE(y, 1, SC);)
THREAD(r_sc_2, STORE(y, 2, SC); s->r[0] = LOAD(x, SC);)
THREAD(r_rlx_1, STORE(x, 1, RLX); STORE(y, 1, RLX);)
THREAD(r_rlx_2, STORE(y, 2, RLX); s->r[0] = LOAD(x, RLX);)
static void final_y(void *p)
{
    state *s = p;
    s->r[1] = s->y;
}
THREAD(add, s->r[rn_check_self() - 1] = atomic_fetch_add_explicit(&s->x, 1, RLX);)
THREAD(cas_1, int e = 0; s->r[0] = atomic_compare_exchange_strong(&s->x, &e, 1);)
THREAD(cas_2, int e = 0; s->r[1] = atomic_compare_exchange_strong(&s->x, &e, 2);)
THREAD(rmw_store_1, STORE(x, 5, RLX);)
THREAD(rmw_store_2, s->r[0] = atomic_fetch_add_explicit(&s->x, 1, RLX);)
static void final_x(void *p)
{
    state *s = p;
    s->r[1] = s->x;
}
/* A seq_cst store, read by a thread that then reads relaxed: C11 gives it no more than release. */
THREAD(sc_store_1, STORE(x, 1, SC); s->r[0] = LOAD(y, RLX);)
THREAD(sc_store_2, STORE(y, 1, SC); s->r[1] = LOAD(x, RLX);)

typedef struct litmus {
    const char *name;
    int memory, digits;
    rn_check_function *threads[4], *finish;
    const char *expected; /* sorted */
} litmus;

#define TWO(name)                                                                                  \
    {                                                                                              \
        name##_1, name##_2, NULL, NULL                                                             \
    }
#define FOUR(name)                                                                                 \
    {                                                                                              \
        name##_1, name##_2, name##_3, name##_4                                                     \
    }
#define ALL4 "0000 0001 0010 0011 0100 0101 0110 0111 1000 1001 1010 1011 1100 1101 1110 1111"
#define NOT_IRIW "0000 0001 0010 0011 0100 0101 0110 0111 1000 1001 1011 1100 1101 1110 1111"

static const litmus table[] = {
    { "SB+rlx", RN_CHECK_C11, 2, TWO(sb_rlx), NULL, "00 01 10 11" },
    { "SB+rel-acq", RN_CHECK_C11, 2, TWO(sb_ar), NULL, "00 01 10 11" },
    { "SB+sc", RN_CHECK_C11, 2, TWO(sb_sc), NULL, "01 10 11" },
    { "SB+sc-fences", RN_CHECK_C11, 2, TWO(sb_fence), NULL, "01 10 11" },
    { "SB+acqrel-fences", RN_CHECK_C11, 2, TWO(sb_ar_fence), NULL, "00 01 10 11" },
    { "SB+sc-stores", RN_CHECK_C11, 2, TWO(sb_sc_store), NULL, "00 01 10 11" },
    { "SB+one-fence", RN_CHECK_C11, 2, { sb_fence_1, sb_rlx_2 }, NULL, "00 01 10 11" },
    { "SB+heavy-light", RN_CHECK_C11, 2, { sb_heavy_1, sb_light_2 }, NULL, "01 10 11" },
    { "SB+light-light", RN_CHECK_C11, 2, { sb_rlx_1, sb_light_2 }, NULL, "00 01 10 11" },
    { "SB+rmws", RN_CHECK_C11, 2, TWO(sb_rmw), NULL, "01 10 11" },
    { "SB+interleavings", RN_CHECK_SC, 2, TWO(sb_rlx), NULL, "01 10 11" },
    { "MP+rlx", RN_CHECK_C11, 2, TWO(mp_rlx), NULL, "00 01 10 11" },
    { "MP+rel-acq", RN_CHECK_C11, 2, TWO(mp_ra), NULL, "00 01 11" },
    { "MP+rel-rlx", RN_CHECK_C11, 2, TWO(mp_rel_rlx), NULL, "00 01 10 11" },
    { "MP+rlx-acq", RN_CHECK_C11, 2, TWO(mp_rlx_acq), NULL, "00 01 10 11" },
    { "MP+fences", RN_CHECK_C11, 2, TWO(mp_fences), NULL, "00 01 11" },
    { "MP+rel-fence", RN_CHECK_C11, 2, TWO(mp_rel_fence), NULL, "00 01 11" },
    { "MP+acq-fence", RN_CHECK_C11, 2, TWO(mp_acq_fence), NULL, "00 01 11" },
    { "MP+wrong-fences", RN_CHECK_C11, 2, TWO(mp_wrong_fence), NULL, "00 01 10 11" },
    { "MP+sc", RN_CHECK_C11, 2, TWO(mp_sc), NULL, "00 01 11" },
    { "MP+sc-data-rlx-read", RN_CHECK_C11, 2, TWO(mp_data_sc), NULL, "00 01 10 11" },
    { "MP+sc-data-rlx-write",
      RN_CHECK_C11,
      2,
      { mp_data_sc_rel_1, mp_data_sc_acq_2 },
      NULL,
      "00 01 10 11" },
    { "MP+fence-sc-read", RN_CHECK_C11, 2, { mp_data_fence_1, mp_data_sc_2 }, NULL, "00 01 10 11" },
    { "MP+sc-fences", RN_CHECK_C11, 2, { mp_data_fence_1, mp_fence_2 }, NULL, "00 01 11" },
    { "MP+interleavings", RN_CHECK_SC, 2, TWO(mp_rlx), NULL, "00 01 11" },
    { "RS+rmw", RN_CHECK_C11, 2, { rs_1, rs_2, rs_3 }, NULL, "00 01 11 20 21 31" },
    { "RS+store", RN_CHECK_C11, 2, { rs_1, rs_store_2, rs_3 }, NULL, "00 01 11 30 31" },
    { "LB+rlx", RN_CHECK_C11, 2, TWO(lb), NULL, "00 01 10" },
    { "IRIW+rel-acq", RN_CHECK_C11, 4, FOUR(iriw_ra), NULL, ALL4 },
    { "IRIW+sc", RN_CHECK_C11, 4, FOUR(iriw_sc), NULL, NOT_IRIW },
    { "IRIW+fences", RN_CHECK_C11, 4, FOUR(iriw_fence), NULL, NOT_IRIW },
    { "CoRR", RN_CHECK_C11, 2, { corr_1, corr_2 }, NULL, "00 01 11" },
    { "CoRR+two", RN_CHECK_C11, 2, { coww_1, corr_2 }, NULL, "00 01 02 11 12 22" },
    { "CoWR", RN_CHECK_C11, 2, { cowr_1, cowr_2 }, NULL, "11 12 22" },
    { "2+2W+rlx", RN_CHECK_C11, 2, TWO(w22_rlx), final_values, "11 12 21 22" },
    { "2+2W+rel", RN_CHECK_C11, 2, TWO(w22_rel), final_values, "11 12 21 22" },
    { "2+2W+sc", RN_CHECK_C11, 2, TWO(w22_sc), final_values, "12 21 22" },
    { "2+2W+fences", RN_CHECK_C11, 2, TWO(w22_fence), final_values, "12 21 22" },
    { "2+2W+interleavings", RN_CHECK_SC, 2, TWO(w22_rlx), final_values, "12 21 22" },
    { "WRC", RN_CHECK_C11, 3, { wrc_1, wrc_2, wrc_3 }, NULL, "000 001 010 011 100 101 111" },
    { "R+sc", RN_CHECK_C11, 2, TWO(r_sc), final_y, "01 11 12" },
    { "R+rlx", RN_CHECK_C11, 2, TWO(r_rlx), final_y, "01 02 11 12" },
    { "adds", RN_CHECK_C11, 3, { add, add, add }, NULL, "012 021 102 120 201 210" },
    { "compares", RN_CHECK_C11, 2, { cas_1, cas_2 }, NULL, "01 10" },
    { "store-and-add", RN_CHECK_C11, 2, { rmw_store_1, rmw_store_2 }, final_x, "05 56" },
    { "SC-stores-relaxed-loads", RN_CHECK_C11, 2, TWO(sc_store), NULL, "00 01 10 11" },
};

static const litmus *now;
static bool seen[10000];

static void note(void *p)
{
    state *s = p;
    if (now->finish)
        now->finish(p);
    unsigned outcome = 0;
    for (int i = 0; i < now->digits; i++)
        outcome = outcome * 10 + (unsigned)s->r[i];
    seen[outcome] = true;
}

static void outcomes(char *text)
{
    *text = 0;
    for (int i = 0; i < 10000; i++) {
        if (seen[i])
            text += sprintf(text, "%s%0*d", i && text[-1] ? " " : "", now->digits, i);
    }
}

static int failures;

static void check_one(const litmus *l, bool reduced)
{
    char text[1000] = "", *out = text + 1;
    rn_check_result result;
    rn_check_model m = { .name = l->name, .state_bytes = sizeof(state), .finish = note };
    rn_check_options o = {
        .memory = l->memory, .no_reduction = !reduced, .quiet = true, .result = &result
    };
    memcpy(m.threads, l->threads, sizeof l->threads);
    now = l;
    memset(seen, 0, sizeof seen);
    int code = rn_check(&m, &o);
    outcomes(out);
    while (*out == ' ')
        out++;
    bool good = code == 0 && result.exhaustive && strcmp(out, l->expected) == 0;
    printf("%-24s %-10s %8llu schedules %6llu pruned  %s%s%s\n", l->name,
           reduced ? "reduced" : "all", (unsigned long long)result.schedules,
           (unsigned long long)result.pruned, out, good ? "" : "  EXPECTED ",
           good ? "" : l->expected);
    if (!good) {
        failures++;
        if (result.failure)
            printf("  %s\n", result.failure);
    }
}

int main(void)
{
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        check_one(&table[i], true);
        check_one(&table[i], false);
    }
    if (failures)
        printf("%d of them are wrong\n", failures);
    return failures != 0;
}
