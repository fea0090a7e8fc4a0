/* SPDX-License-Identifier: MIT */
/*
 * What must be found, within how many schedules, and what must not: races, seeded bugs, deadlocks,
 * livelocks, crashes, misuse of the heap. And that a replay string repeats what it was printed for.
 *
 *   finds [MODEL [loud]]
 */
#include <stdatomic.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <runnel/check.h>

#define RLX memory_order_relaxed
#define ACQ memory_order_acquire
#define REL memory_order_release

typedef struct state {
    _Atomic(int) flag, other;
    _Atomic(uint32_t) word;
    int data, more;
    struct {
        char a, b;
    } bytes;
    void *_Atomic pointer;
    char *block;
    union {
        _Atomic(uint64_t) whole;
        uint32_t half[2];
    } mixed;
} state;

#define THREAD(name, body)                                                                         \
    static void name(void *p)                                                                      \
    {                                                                                              \
        state *s = p;                                                                              \
        (void)s;                                                                                   \
        body                                                                                       \
    }

/* ---- races ---- */

THREAD(write_data, s->data = 1;)
THREAD(read_data, s->more = s->data;)
THREAD(publish, s->data = 1; atomic_store_explicit(&s->flag, 1, REL);)
THREAD(publish_relaxed, s->data = 1; atomic_store_explicit(&s->flag, 1, RLX);)
THREAD(consume, if (atomic_load_explicit(&s->flag, ACQ)) RN_CHECK_ASSERT(s->data == 1);)
THREAD(consume_relaxed, if (atomic_load_explicit(&s->flag, RLX)) RN_CHECK_ASSERT(s->data == 1);)
THREAD(
    consume_fence, if (atomic_load_explicit(&s->flag, RLX)) {
        atomic_thread_fence(ACQ);
        RN_CHECK_ASSERT(s->data == 1);
    })
THREAD(write_a, s->bytes.a = 1;)
THREAD(write_b, s->bytes.b = 1;)
THREAD(plain_flag, *(int *)&s->flag = 2;)
THREAD(load_flag, s->more = atomic_load_explicit(&s->flag, RLX);)
THREAD(store_flag, atomic_store_explicit(&s->flag, 1, RLX);)
THREAD(store_flag_again, atomic_store_explicit(&s->flag, 2, RLX);)
THREAD(copy_data, int copy; memcpy(&copy, &s->data, sizeof copy); s->more = copy;)

/* A plain write of a part ends the history of the whole. */
THREAD(write_half, atomic_store_explicit(&s->mixed.whole, 1, RLX); s->mixed.half[1] = 1;
       RN_CHECK_ASSERT(atomic_load_explicit(&s->mixed.whole, RLX) == (1ull << 32 | 1));)
THREAD(split, atomic_store_explicit(&s->mixed.whole, 1, RLX); s->mixed.half[1] = 5;
       RN_CHECK_ASSERT(__atomic_load_n(&s->mixed.half[1], __ATOMIC_RELAXED) == 5);)

/* ---- waiting ---- */

THREAD(spin_for_flag, while (!atomic_load_explicit(&s->flag, ACQ)){})
THREAD(yield_for_both, while (!atomic_load_explicit(&s->flag, ACQ) ||
                              !atomic_load_explicit(&s->other, ACQ)) sched_yield();)
THREAD(set_flag, atomic_store_explicit(&s->flag, 1, REL);)
THREAD(set_both, atomic_store_explicit(&s->other, 1, REL); atomic_store_explicit(&s->flag, 1, REL);)
THREAD(lock_and_add, while (atomic_exchange_explicit(&s->flag, 1, ACQ)) rn_check_spin(); s->data++;
       atomic_store_explicit(&s->flag, 0, REL);)
THREAD(cas_lock_and_add, int none = 0;
       while (!atomic_compare_exchange_weak_explicit(&s->flag, &none, 1, ACQ, RLX)) none = 0;
       s->data++; atomic_store_explicit(&s->flag, 0, REL);)
THREAD(bad_lock_and_add, while (atomic_exchange_explicit(&s->flag, 1, RLX)) rn_check_spin();
       s->data++; atomic_store_explicit(&s->flag, 0, REL);)
THREAD(data_is_three, RN_CHECK_ASSERT(s->data == 3);)
THREAD(data_is_two, RN_CHECK_ASSERT(s->data == 2);)
THREAD(two_locks, while (atomic_exchange(&s->flag, 1)) rn_check_spin();
       while (atomic_exchange(&s->other, 1)) rn_check_spin(); atomic_store(&s->other, 0);
       atomic_store(&s->flag, 0);)
THREAD(two_locks_back, while (atomic_exchange(&s->other, 1)) rn_check_spin();
       while (atomic_exchange(&s->flag, 1)) rn_check_spin(); atomic_store(&s->flag, 0);
       atomic_store(&s->other, 0);)
THREAD(
    bounded_spin, for (int i = 0; i < 100; i++) {
        if (atomic_load_explicit(&s->flag, ACQ) == 7)
            break;
        rn_check_spin();
    })
/* To yield is no preemption, also if there is news already. */
THREAD(set_and_yield, if (!atomic_load(&s->flag)) atomic_store(&s->flag, 1); sched_yield();
       s->data = atomic_load(&s->other);)
THREAD(answer, s->more = atomic_load(&s->flag); atomic_store(&s->other, 1);)
THREAD(no_answer, RN_CHECK_ASSERT(!s->data || !s->more);)
THREAD(futex_wait, while (atomic_load_explicit(&s->word, ACQ) == 0) rn_check_wait(&s->word, 0);)
THREAD(futex_wake, atomic_store_explicit(&s->word, 1, REL); rn_check_wake(&s->word, 1);)
THREAD(futex_no_wake, atomic_store_explicit(&s->word, 1, REL);)
THREAD(futex_wake_first, rn_check_wake(&s->word, 1); atomic_store_explicit(&s->word, 1, REL);)

/* ---- counting, with a read and a write instead of an update ---- */

THREAD(count, int n = atomic_load(&s->flag); atomic_store(&s->flag, n + 1);)
THREAD(count_right, atomic_fetch_add(&s->flag, 1);)
THREAD(counted_two, RN_CHECK_ASSERT(s->flag == 2);)
THREAD(counted_three, RN_CHECK_ASSERT(s->flag == 3);)

/* ---- the heap ---- */

THREAD(make_block, s->block = malloc(8); memset(s->block, 0, 8); s->pointer = s->block;)
THREAD(free_block, free(atomic_exchange(&s->pointer, NULL));)
THREAD(free_always, free(s->block); atomic_store(&s->other, 1);)
THREAD(free_and_tell, free(s->block); atomic_store(&s->flag, 1);)
THREAD(use_if_told, if (atomic_load(&s->flag)) s->block[0] = 1;)
THREAD(overrun, volatile char *b = malloc(4); b[rn_check_choose(6)] = 1; free((void *)b);)
THREAD(leak, s->block = malloc(24);)
THREAD(null_store, if (atomic_load(&s->flag)) * (volatile char *)s->block = 1;)
THREAD(call_abort, if (atomic_load(&s->flag)) abort();)
static void (*volatile deeper)(void *);
THREAD(endless_recursion, volatile char frame[4096]; frame[0] = (char)rn_check_self();
       atomic_fetch_add(&s->flag, 1); deeper(s); frame[1] = frame[0];)

/* A stack of nodes taken from a pool: pop, pop, push back, and the head is the same again. */
THREAD(
    aba_init, s->pointer = NULL; for (int i = 0; i < 2; i++) {
        void **node = malloc(sizeof *node);
        *node = s->pointer;
        s->pointer = node;
    })
THREAD(
    aba_pop, void **top = atomic_load(&s->pointer); if (top) {
        void *next = __atomic_load_n(top, __ATOMIC_RELAXED);
        if (atomic_compare_exchange_strong(&s->pointer, (void **)&top, next))
            atomic_fetch_add(&s->flag, 1);
    })
THREAD(aba_pop_pop_push, void **a = atomic_load(&s->pointer); void **b;
       if (!a || !atomic_compare_exchange_strong(&s->pointer, (void **)&a, *a)) return;
       b = atomic_load(&s->pointer);
       if (b && atomic_compare_exchange_strong(&s->pointer, (void **)&b, *b)) s->more = 1;
       void *top = atomic_load(&s->pointer); __atomic_store_n(a, top, __ATOMIC_RELAXED);
       if (!atomic_compare_exchange_strong(&s->pointer, &top, (void *)a)) s->more = 0;)
static void aba_finish(void *p)
{
    state *s = p;
    /* The second node has been taken: nobody may find it on the stack. */
    RN_CHECK_ASSERT(!(s->more && s->flag && s->pointer));
}

/* Memory that is used again, by whoever comes first. */
THREAD(give_and_make, char *a = malloc(8); a[0] = 1; atomic_store(&s->pointer, a);
       (void)atomic_load(&s->other); volatile char *b = malloc(8); b[0] = 2;
       RN_CHECK_ASSERT(b[0] == 2); free((void *)b);)
THREAD(free_given, char *a = atomic_exchange(&s->pointer, NULL); RN_CHECK_ASSERT(!a || a[0] == 1);
       free(a);)
THREAD(make_another, char *a = malloc(8); RN_CHECK_ASSERT(a != s->block); free(a);)
/* Takes the block if nothing has happened to it, and something has: another one has its address. */
THREAD(take_if_same, void *a = atomic_load(&s->pointer); int before = atomic_load(&s->flag);
       if (a && atomic_compare_exchange_strong(&s->pointer, &a, NULL))
           RN_CHECK_ASSERT(atomic_load(&s->flag) == before);)
THREAD(replace, void *a = atomic_load(&s->pointer);
       if (!a || !atomic_compare_exchange_strong(&s->pointer, &a, NULL)) return; free(a);
       a = malloc(8); atomic_fetch_add(&s->flag, 1); atomic_store(&s->pointer, a);)

typedef struct expectation {
    const char *says; /* part of the failure; NULL: there is none */
    unsigned within;  /* schedules */
    rn_check_function *init, *threads[4], *finish;
    rn_check_options options;
} expectation;

#define T(...)                                                                                     \
    {                                                                                              \
        __VA_ARGS__                                                                                \
    }
#define FOUND(says, within, init, threads, finish, ...)                                            \
    {                                                                                              \
        says, within, init, threads, finish,                                                       \
        {                                                                                          \
            __VA_ARGS__                                                                            \
        }                                                                                          \
    }
#define SC_ONLY .memory = RN_CHECK_SC

static const expectation table[] = {
    FOUND("data race", 1, NULL, T(write_data, read_data), NULL, 0),
    FOUND("data race", 1, NULL, T(write_data, write_data), NULL, 0),
    FOUND(NULL, 1, NULL, T(read_data), NULL, 0),
    FOUND(NULL, 1, NULL, T(write_a, write_b), NULL, 0),
    FOUND("data race", 1, NULL, T(write_a, write_a), NULL, 0),
    FOUND(NULL, 10, NULL, T(publish, consume), NULL, 0),
    FOUND(NULL, 10, NULL, T(publish, consume_fence), NULL, 0),
    FOUND("data race", 3, NULL, T(publish_relaxed, consume), NULL, 0),
    FOUND("data race", 3, NULL, T(publish, consume_relaxed), NULL, 0),
    FOUND("data race", 3, NULL, T(publish_relaxed, consume), NULL, SC_ONLY),
    FOUND("data race", 3, NULL, T(plain_flag, load_flag), NULL, 0),
    FOUND("data race", 3, NULL, T(plain_flag, store_flag), NULL, 0),
    FOUND(NULL, 10, NULL, T(store_flag_again, store_flag), NULL, 0),
    FOUND("data race", 3, NULL, T(write_data, copy_data), NULL, 0),
    FOUND(NULL, 10, plain_flag, T(load_flag), plain_flag, 0),

    FOUND(NULL, 1, NULL, T(write_half), NULL, 0),
    FOUND(NULL, 1, NULL, T(split), NULL, 0),

    FOUND(NULL, 50, NULL, T(spin_for_flag, set_flag), NULL, 0),
    FOUND(NULL, 50, NULL, T(spin_for_flag, set_flag), NULL, SC_ONLY),
    FOUND(NULL, 100, NULL, T(yield_for_both, set_both), NULL, 0),
    FOUND("livelock", 1, NULL, T(spin_for_flag), NULL, 0),
    FOUND("livelock", 20, NULL, T(yield_for_both, set_flag), NULL, 0),
    FOUND(NULL, 1, NULL, T(bounded_spin), NULL, 0),
    FOUND(NULL, 1000, NULL, T(lock_and_add, lock_and_add, lock_and_add), data_is_three, 0),
    FOUND(NULL, 1000, NULL, T(lock_and_add, lock_and_add, lock_and_add), data_is_three, SC_ONLY),
    FOUND(NULL, 200, NULL, T(cas_lock_and_add, cas_lock_and_add), data_is_two, 0),
    FOUND("data race", 10, NULL, T(bad_lock_and_add, bad_lock_and_add), data_is_two, 0),
    FOUND(NULL, 100, NULL, T(two_locks, two_locks), NULL, 0),
    FOUND("livelock", 100, NULL, T(two_locks, two_locks_back), NULL, 0),
    FOUND(NULL, 100, NULL, T(futex_wait, futex_wake), NULL, 0),
    FOUND(NULL, 5000, NULL, T(futex_wait, futex_wait, futex_wake, futex_wake), NULL, SC_ONLY),
    FOUND("assertion failed", 5, NULL, T(set_and_yield, answer), no_answer, SC_ONLY,
          .preemptions = RN_CHECK_NO_PREEMPTION),
    FOUND("deadlock", 100, NULL, T(futex_wait, futex_no_wake), NULL, 0),
    FOUND("deadlock", 100, NULL, T(futex_wait, futex_wake_first), NULL, 0),

    FOUND("assertion failed: s->flag == 2", 4, NULL, T(count, count), counted_two, 0),
    FOUND("assertion failed: s->flag == 2", 4, NULL, T(count, count), counted_two, SC_ONLY),
    FOUND("assertion failed", 4, NULL, T(count, count), counted_two, .preemptions = 1),
    FOUND(NULL, 2, NULL, T(count, count), counted_two, SC_ONLY,
          .preemptions = RN_CHECK_NO_PREEMPTION),
    FOUND("assertion failed", 100, NULL, T(count, count), counted_two, .strategy = RN_CHECK_PCT),
    FOUND("assertion failed", 100, NULL, T(count, count), counted_two, .strategy = RN_CHECK_RANDOM),
    FOUND(NULL, 10, NULL, T(count_right, count_right, count_right), counted_three, 0),

    FOUND("use after free", 10, make_block, T(free_and_tell, use_if_told), NULL, 0),
    FOUND("double free", 10, make_block, T(free_block, free_always), NULL, 0),
    FOUND(NULL, 10, make_block, T(free_block, free_block), NULL, 0),
    FOUND("out of the bounds", 6, NULL, T(overrun), NULL, 0),
    FOUND("leak: 24 bytes", 1, NULL, T(leak), NULL, 0),
    FOUND(NULL, 1, NULL, T(leak), NULL, .leaks_allowed = true),
    FOUND("SIGSEGV", 3, NULL, T(null_store, set_flag), NULL, 0),
    FOUND("abort was called", 3, NULL, T(call_abort, set_flag), NULL, 0),
    FOUND("SIGSEGV", 1, NULL, T(endless_recursion), NULL, 0),
    FOUND("assertion failed", 100, aba_init, T(aba_pop, aba_pop_pop_push), aba_finish,
          .leaks_allowed = true),
    FOUND(NULL, 50, NULL, T(give_and_make, free_given), free_block, .reuse = true),
    FOUND(NULL, 200, NULL, T(give_and_make, free_given), free_block, .reuse = true,
          .no_reduction = true),
    FOUND("assertion failed: a != s->block", 10, make_block, T(make_another, free_block), NULL,
          .reuse = true),
    FOUND(NULL, 10, make_block, T(make_another, free_block), NULL, 0),
    FOUND("assertion failed: atomic_load(&s->flag) == before", 100, make_block,
          T(take_if_same, replace), NULL, .reuse = true, .leaks_allowed = true),
    FOUND(NULL, 100, make_block, T(take_if_same, replace), NULL, .leaks_allowed = true),
};

static int failures;
static bool loud;

static void check_one(size_t i)
{
    const expectation *e = &table[i];
    char name[32];
    snprintf(name, sizeof name, "model-%zu", i);
    rn_check_result result, again;
    rn_check_model m = {
        .name = name, .state_bytes = sizeof(state), .init = e->init, .finish = e->finish
    };
    memcpy(m.threads, e->threads, sizeof e->threads);
    rn_check_options o = e->options;
    o.quiet = !loud;
    o.result = &result;
    int code = rn_check(&m, &o);
    bool good = e->says ? code == 1 && strstr(result.failure, e->says) : code == 0;
    good &= result.schedules <= e->within && (code == 1 || result.exhaustive);
    char said[1000] = "nothing";
    if (code == 1) {
        snprintf(said, sizeof said, "%s", result.failure);
        setenv("RN_CHECK_REPLAY", result.replay, 1);
        o.result = &again;
        if (rn_check(&m, &o) != 1 || again.schedules != 1 || strcmp(again.failure, said) != 0) {
            printf("%zu: RN_CHECK_REPLAY=%s does not repeat it but says: %s\n", i, result.replay,
                   again.failure ? again.failure : "nothing");
            good = false;
        }
        unsetenv("RN_CHECK_REPLAY");
    }
    printf("%2zu: %6llu schedules, %s%s\n", i, (unsigned long long)result.schedules, said,
           good ? "" : "   WRONG");
    failures += !good;
}

int main(int argc, char **argv)
{
    deeper = endless_recursion;
    loud = argc > 2;
    size_t first = argc > 1 ? (size_t)atoi(argv[1]) : 0;
    size_t end = argc > 1 ? first + 1 : sizeof table / sizeof table[0];
    for (size_t i = first; i < end; i++)
        check_one(i);
    return failures != 0;
}
