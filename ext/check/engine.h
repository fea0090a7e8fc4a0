/* SPDX-License-Identifier: MIT */
/*
 * What the files of rn-check share. One execution of a model is made of steps; a step is one
 * visible operation (an atomic access, a sleep on a futex ...) and the code up to the
 * thread's next one. Everything here is used by one system thread.
 *
 *   run.c      one execution after the other
 *   step.c     which thread takes the next step; reduction; spinning
 *   hooks.c    what a model may call
 *   explore.c  choices: depth first, PCT, random, replay
 *   thread.c   the coroutines
 *   memory.c   what a load may read and where a store goes
 *   fence.c    fences
 *   order.c    the order of sequentially consistent operations
 *   news.c     what a thread in a loop waits for
 *   clock.c    vector clocks and views
 *   race.c     plain accesses: what is ordered with what
 *   heap.c     malloc and free of the model
 *   tsan_abi.c what the compiler calls
 *   trace.c    the readable interleaving and the replay string
 *   linear.c   histories against a sequential model
 *
 * User code runs while rni_ck_user is 1; whatever it calls here sets it to 0 first, so that the
 * checker's own allocations and copies are not taken for the model's.
 */
#ifndef RNI_CK_ENGINE_H
#define RNI_CK_ENGINE_H

#include <setjmp.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <runnel/check.h>

enum {
    RNI_CK_THREADS = RN_CHECK_THREADS + 1, /* thread 0 runs init and finish */
    RNI_CK_LOCATIONS = 256,
    RNI_CK_AWAITS = 8,
};

/* ---- clocks (clock.c) ---- */

/* What a thread knows: how far each thread's past is in its own, and for each location the newest
 * store that it may not overlook (an identifier; 0 is the first store). */
typedef struct rni_ck_clock {
    uint32_t tick[RNI_CK_THREADS];
    uint16_t view[RNI_CK_LOCATIONS];
} rni_ck_clock;

void rni_ck_clock_copy(rni_ck_clock *to, const rni_ck_clock *from);
void rni_ck_clock_join(rni_ck_clock *to, const rni_ck_clock *from);
void rni_ck_view_join(uint16_t *to, const uint16_t *from);

/* ---- memory (memory.c) ---- */

typedef struct rni_ck_store {
    uint64_t value;
    uint32_t serial;   /* in the order of execution */
    uint16_t position; /* in the location's modification order */
    uint8_t thread;
    bool rmw;                        /* directly after the store that it has read */
    const rni_ck_clock *message;     /* what an acquiring reader learns */
    uint32_t causes[RNI_CK_THREADS]; /* its thread's, itself included */
    /* Of each thread, the last seq_cst operation that comes before whatever is coherence-ordered
     * after this store, or after one that has read it, and the first that comes after whatever is
     * ordered before them; 0: none (order.c). */
    uint32_t made_after[RNI_CK_THREADS], read_after[RNI_CK_THREADS], followed_by[RNI_CK_THREADS];
} rni_ck_store;

typedef struct rni_ck_location {
    uintptr_t address;
    unsigned size;
    uint16_t count, room;
    rni_ck_store *stores; /* by identifier */
    uint16_t *order;      /* identifiers, in modification order */
    bool in_order;        /* a store is noted in the order of seq_cst operations (order.c) */
} rni_ck_location;

struct rni_ck_thread;

extern rni_ck_location rni_ck_locations[RNI_CK_LOCATIONS];
extern unsigned rni_ck_location_count;
extern uint32_t rni_ck_serial; /* of the last store */

enum { RNI_CK_ADD, RNI_CK_SUB, RNI_CK_AND, RNI_CK_OR, RNI_CK_XOR, RNI_CK_NAND, RNI_CK_SET };

void rni_ck_memory_reset(void);
uint64_t rni_ck_load(uintptr_t address, unsigned size, int order, const void *pc);
void rni_ck_store_value(uintptr_t address, unsigned size, uint64_t v, int order, const void *pc);
uint64_t rni_ck_update(uintptr_t address, unsigned size, int what, uint64_t v, int order,
                       const void *pc);
/* Returns what was there; *done says whether the exchange took place. */
uint64_t rni_ck_compare(uintptr_t address, unsigned size, uint64_t expected, uint64_t desired,
                        int order, int failed_order, bool weak, bool *done, const void *pc);
/* The newest value, for a futex; at a visible operation that is already the caller's turn. The
 * caller cannot overlook it afterwards. */
uint64_t rni_ck_newest(uintptr_t address, unsigned size, const void *pc);
/* The access is over: what the thread does next is not part of what it has released. */
void rni_ck_end_access(struct rni_ck_thread *t);
/* What t knows, for somebody to learn, as by a release and an acquire. */
const rni_ck_clock *rni_ck_tell(struct rni_ck_thread *t);
void rni_ck_learn(struct rni_ck_thread *t, const rni_ck_clock *message);
bool rni_ck_acquires(int order);
bool rni_ck_releases(int order);

/* ---- fences (fence.c) ---- */

void rni_ck_fence(int order, const void *pc);

/* ---- the order of seq_cst operations (order.c) ---- */

void rni_ck_order_reset(void);
/* Whether t may read s, the store at place - 1, or write at place, where what is there already
 * moves on; s: NULL if it reads nothing. */
bool rni_ck_order_allows(const rni_ck_location *l, const struct rni_ck_thread *t,
                         const rni_ck_store *s, int order, unsigned place, bool writes);
/* t has read the store, or made it. */
void rni_ck_order_access(rni_ck_location *l, struct rni_ck_thread *t, rni_ck_store *s, bool writes,
                         bool sc);
/* A seq_cst fence of t; previous: NULL, or what it follows, to which it is added. */
void rni_ck_order_fence(struct rni_ck_thread *t, uint32_t *previous);

/* ---- loops that wait (news.c) ---- */

/* The first place in l's order that t may read, given that of coherence. */
unsigned rni_ck_news_bound(const rni_ck_location *l, struct rni_ck_thread *t, unsigned bound);
void rni_ck_news_read(struct rni_ck_thread *t, unsigned location, unsigned store);
/* A load, or a compare-exchange, is about to be executed: waits if it only repeats itself. */
void rni_ck_news_loop(struct rni_ck_thread *t, uintptr_t address, const void *pc);
/* It has been executed, without a change. */
void rni_ck_news_repeat(struct rni_ck_thread *t, const rni_ck_location *l, unsigned store,
                        const void *pc);
/* From now on t waits for news of what it has read since it did so last. */
void rni_ck_await_news(struct rni_ck_thread *t);
/* Whether it waits for news of this one, and has not read it since. */
bool rni_ck_awaits(const struct rni_ck_thread *t, uintptr_t address);
/* Whether a thread that waits for news of the locations it has read would find some. */
bool rni_ck_has_news(const struct rni_ck_thread *t);

/* ---- threads (thread.c, run.c) ---- */

enum {
    RNI_CK_LOAD = 1,
    RNI_CK_STORE,
    RNI_CK_RMW,
    RNI_CK_FENCE_ALL, /* of the thread whose number the address is, by a heavy fence */
    RNI_CK_SLEEP,     /* futex */
    RNI_CK_WAKE,
    RNI_CK_HEAP,  /* malloc or free, if memory may be used again */
    RNI_CK_BEGIN, /* of a declared operation */
    RNI_CK_END,
};

typedef struct rni_ck_operation {
    uint8_t kind;
    uintptr_t address;
} rni_ck_operation;

typedef struct rni_ck_await {
    uint16_t location, store, floor;
} rni_ck_await;

typedef struct rni_ck_thread {
    int index;
    enum { RNI_CK_DONE, RNI_CK_READY, RNI_CK_SPINS, RNI_CK_SLEEPS } state;
    rni_ck_operation pending;
    unsigned steps;
    rni_ck_clock now;      /* what it knows */
    rni_ck_clock acquired; /* what an acquire fence would add */
    rni_ck_clock released; /* what it knew at its last release fence */
    bool has_released;
    /* How far each other thread's past is in its own if whatever it has read counts, acquired or
     * not. */
    uint32_t causes[RNI_CK_THREADS];

    /* Spinning. */
    uint32_t spin_serial;
    unsigned spins;
    unsigned seen_steps[RNI_CK_THREADS];
    unsigned waits_for;                 /* threads that have had no turn since the spin before */
    rni_ck_await reads[RNI_CK_AWAITS];  /* since its last spin, the store that it has read last */
    rni_ck_await awaits[RNI_CK_AWAITS]; /* those at its last spin */
    rni_ck_await waited[RNI_CK_AWAITS]; /* the newest stores then */
    unsigned n_reads, n_awaits, n_waited;
    /* The last load, to notice a loop. */
    const void *last_pc;
    rni_ck_await last_read;
    unsigned repeated;

    uintptr_t sleeps_on;
    /* Reduction: its pending read has been explored for every store before this serial. */
    uint32_t new_only;

    unsigned priority; /* PCT */

    rn_check_function *function;
    jmp_buf base, context;
    char *stack;
} rni_ck_thread;

extern rni_ck_thread rni_ck_threads[RNI_CK_THREADS];
extern unsigned rni_ck_thread_count; /* thread 0 included */
extern rni_ck_thread *rni_ck_current;
extern volatile int rni_ck_user;
extern bool rni_ck_instrumented; /* some of the program was compiled with -fsanitize=thread */
extern bool rni_ck_running;      /* an execution is under way */
extern bool rni_ck_parallel;     /* its threads run: neither init nor finish */
extern rn_check_options rni_ck_options;
extern void *rni_ck_state;
extern size_t rni_ck_state_bytes;

int rni_ck_threads_create(void);
/* What every coroutine runs, once for each execution; does not return. */
void rni_ck_thread_main(void);
/* Runs t until it leaves; the caller's place is saved in *from. */
void rni_ck_switch(jmp_buf *from, jmp_buf *to);

/* How an execution came back to run.c, through rni_ck_controller. */
enum { RNI_CK_STARTED = 1, RNI_CK_ENDED, RNI_CK_FAILED, RNI_CK_PRUNED };
extern jmp_buf rni_ck_controller;
extern bool rni_ck_starting; /* the threads are being run to their first visible operation */
extern bool rni_ck_reducing;
extern unsigned rni_ck_steps;

void rni_ck_step_reset(void);
/* Chooses who takes the next step; NULL if all threads have ended. */
rni_ck_thread *rni_ck_next_thread(void);
/* Leaves the calling thread to whoever is next, until that is the caller. */
void rni_ck_let_next_run(void);
/* The calling thread is about to do this; returns when it is its turn. */
void rni_ck_visible(rni_ck_operation op, const void *pc);
/* The execution ends here, with or without a failure. */
__attribute__((noreturn, format(printf, 1, 2))) void rni_ck_fail(const char *format, ...);
__attribute__((noreturn)) void rni_ck_prune(void);
void rni_ck_spin(const void *pc);
/* One execution with the choices that explore.c makes. */
int rni_ck_check(const rn_check_model *m, const rn_check_options *options, bool report_line);

/* ---- choices (explore.c) ---- */

void rni_ck_explore_init(const char *replay);
/* False: there is no further execution. */
bool rni_ck_explore_next(void);
void rni_ck_explore_begin(void);
/* A number in [0, n); n is at least 1. */
unsigned rni_ck_choose(unsigned n);
/* One of n candidates for the next step; the first is the thread that runs, if it can. */
unsigned rni_ck_choose_thread(rni_ck_thread *const *candidates, unsigned n);
bool rni_ck_explore_systematic(void);
/* The choices of the last execution. */
const char *rni_ck_replay_string(void);
bool rni_ck_replaying(void);

/* ---- plain memory (race.c) ---- */

void rni_ck_race_reset(void);
void rni_ck_plain(uintptr_t address, size_t bytes, bool write, const void *pc);
/* The race check of an atomic access; returns the location, made if need be. */
rni_ck_location *rni_ck_atomic(uintptr_t address, unsigned size, bool write, const void *pc);

/* ---- heap (heap.c) ---- */

int rni_ck_heap_create(void);
void rni_ck_heap_reset(void);
/* NULL, or what is wrong with an access. */
const char *rni_ck_heap_error(uintptr_t address, size_t bytes);
bool rni_ck_heap_owns(uintptr_t address);
void rni_ck_heap_leaks(void);
/* The system's allocator, for the checker itself. */
void *rni_ck_alloc(size_t bytes);
void *rni_ck_resize(void *memory, size_t bytes);

/* ---- trace (trace.c) ---- */

extern bool rni_ck_tracing;
__attribute__((format(printf, 2, 3))) void rni_ck_trace(const void *pc, const char *format, ...);
void rni_ck_trace_reset(void);
void rni_ck_trace_print(void);
/* "file.c:12" or what else is known of an address; a static buffer. */
const char *rni_ck_place(const void *pc);
const char *rni_ck_order_name(int order);

#endif
