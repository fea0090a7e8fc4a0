/* SPDX-License-Identifier: MIT */
/*
 * rn-check: a model checker for lock-free code in plain C11.
 *
 * Compile the code under test and its model with -fsanitize=thread, link without that flag and with
 * -lrunnel_check. The compiler then calls this library at every atomic operation and at every
 * access to memory that other threads might see; the library runs the model's threads on one
 * thread, as coroutines, and explores in which order their atomic operations happen and which
 * stores their loads read. It reports failed assertions, data races, crashes, deadlocks, livelocks,
 * misuse of the heap and leaks, each with the interleaving and a string that repeats it.
 *
 * A model must be deterministic but for its threads: no clock, no random numbers, no input, no
 * threads of its own. Globals that it changes must be set by its init function.
 */
#ifndef RN_CHECK_H
#define RN_CHECK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Threads of one model, at most. */
#define RN_CHECK_THREADS 7

typedef void rn_check_function(void *state);

typedef struct rn_check_model {
    const char *name;
    size_t state_bytes;      /* the state is zeroed before init, in every execution */
    rn_check_function *init; /* before the threads, alone; or NULL */
    rn_check_function *threads[RN_CHECK_THREADS]; /* up to the first NULL */
    rn_check_function *finish; /* after the threads, alone: checks and frees; or NULL */
} rn_check_model;

enum {
    RN_CHECK_DFS,    /* every schedule within the bounds, once */
    RN_CHECK_PCT,    /* random priorities with `depth` - 1 changes: finds bugs of that depth */
    RN_CHECK_RANDOM, /* every choice at random */
};

enum {
    /* What C11 lets a processor and a compiler do, but for loads that read from stores which come
     * later in their own thread's future (load buffering, values out of thin air). */
    RN_CHECK_C11,
    /* Interleavings only: a load reads the last store. Far fewer executions. */
    RN_CHECK_SC,
};

enum { RN_CHECK_NO_PREEMPTION = -1 };

typedef struct rn_check_result {
    uint64_t schedules; /* executions that came to their end */
    uint64_t pruned;    /* executions given up because others had shown the same */
    uint64_t steps;     /* atomic operations executed */
    unsigned longest;   /* the most steps of one execution */
    bool exhaustive;    /* DFS came to its end: there is nothing else within the bounds */
    double seconds;
    const char *failure; /* what failed, or NULL; valid until the next check */
    const char *replay;  /* repeats it; valid until the next check */
} rn_check_result;

/* All zero is a good start: DFS under C11 without a bound on preemptions, with reduction. */
typedef struct rn_check_options {
    int strategy; /* RN_CHECK_DFS ... */
    int memory;   /* RN_CHECK_C11 or RN_CHECK_SC */
    /* Switches away from a thread that could go on: at most so many, 0 any number,
     * RN_CHECK_NO_PREEMPTION none. A bound turns the reduction off, which would be unsound with
     * it. */
    int preemptions;
    uint64_t max_schedules;  /* 0: 1,000,000 */
    unsigned max_steps;      /* of one execution, more is a livelock; 0: 10,000 */
    double max_seconds;      /* 0: no limit */
    uint64_t seed;           /* of PCT and RANDOM */
    unsigned depth;          /* of PCT; 0: 3 */
    bool no_reduction;       /* explore every interleaving, also of operations that commute */
    bool spurious;           /* a weak compare-exchange may fail without a reason */
    bool reuse;              /* malloc may hand out freed memory again: finds ABA */
    bool leaks_allowed;      /* memory may be alive at the end */
    bool quiet;              /* print nothing; *result says it */
    rn_check_result *result; /* or NULL */
} rn_check_options;

/*
 * Explores m and prints a line about what was done and, if something fails, what, the interleaving
 * and how to repeat it. options may be NULL.
 *
 * The environment: RN_CHECK_REPLAY=STRING repeats one execution of the model it is for and skips
 * all others, with a line about each; RN_CHECK_TRACE=1 prints that execution although it does not
 * fail.
 *
 * Returns 0 if nothing failed, 1 if something did, -EINVAL for a model or options without sense, in
 * a model, or in a program that was compiled without the flag or linked with it, -ENOMEM. One check
 * at a time in a process. A model that calls exit ends the process with status 1.
 */
int rn_check(const rn_check_model *m, const rn_check_options *options);

/* ---- inside a model ---- */

/* The thread that calls: 1 .. for the model's threads, 0 in init and finish. */
int rn_check_self(void);

/* Fails the execution if cond is false. */
#define RN_CHECK_ASSERT(cond)                                                                      \
    ((cond) ? (void)0 : rn_check_fail("assertion failed: %s (%s:%d)", #cond, __FILE__, __LINE__))

__attribute__((noreturn, format(printf, 1, 2))) void rn_check_fail(const char *format, ...);

/* A choice of the model itself: explores every value in [0, n). */
unsigned rn_check_choose(unsigned n);

/* In a loop that waits for another thread: nothing changes until somebody stores something. The
 * caller goes on when one of the locations that it has read since its last call has a newer store,
 * or when no other thread can go on. sched_yield and thrd_yield do this, too; a loop that repeats
 * one load or one failing compare-exchange is noticed without it. */
void rn_check_spin(void);

/* A futex: sleeps if the 32 bits at word are `expected`, until rn_check_wake. Outside of a model
 * they do nothing. */
void rn_check_wait(const volatile void *word, uint32_t expected);
void rn_check_wake(const volatile void *word, int count);

/* Makes every thread of the model execute a full fence, one after the other, the caller first and
 * last (as the system call membarrier does). */
void rn_check_heavy_fence(void);

/* ---- linearizability ---- */

#define RN_CHECK_OPERATIONS 8

typedef struct rn_check_operation {
    const char *name;
    /* Does it to the object under test. arg is 1, 2, 3 ..., another one for each operation. */
    long (*run)(void *state, long arg);
    /* Does it to the sequential model: whether it may return `result` there. */
    bool (*allows)(void *model, long arg, long result);
    unsigned threads; /* bit n: thread n + 1 may; 0: all may */
} rn_check_operation;

typedef struct rn_check_object {
    const char *name;
    size_t state_bytes;
    rn_check_function *init, *finish; /* of the object; or NULL */
    size_t model_bytes;               /* zero is the model's first state; no pointers in it */
    rn_check_operation operations[RN_CHECK_OPERATIONS]; /* up to the first without a name */
    unsigned threads;                                   /* 0: 3 */
    unsigned length;                                    /* operations of each thread; 0: 3 */
    unsigned max_scenarios; /* of all that there are; 0: 1,000. More than that: a random sample */
} rn_check_object;

/*
 * Checks that every concurrent history of the object's operations is one that the sequential model
 * allows, in an order that agrees with the order of operations that did not overlap (under
 * RN_CHECK_C11: of those that happened before one another). A scenario gives each thread a list of
 * operations; each is explored with the options, whose limits count for each scenario.
 *
 * Returns as rn_check.
 */
int rn_check_linear(const rn_check_object *object, const rn_check_options *options);

#ifdef __cplusplus
}
#endif

#endif
