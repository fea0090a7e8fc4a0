/* SPDX-License-Identifier: MIT */
/*
 * Linearizability: right objects are accepted, with every scenario of 3 threads x 3 operations or 3
 * x 2 explored to its end, and wrong ones are rejected with a string that repeats it.
 */
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <runnel/check.h>

#define RLX memory_order_relaxed
#define ACQ memory_order_acquire
#define REL memory_order_release

/* ---- a counter ---- */

typedef struct counter {
    _Atomic(long) n, other;
} counter;

static long count(void *p, long arg)
{
    (void)arg;
    return atomic_fetch_add_explicit(&((counter *)p)->n, 1, memory_order_acq_rel);
}

static long count_badly(void *p, long arg)
{
    (void)arg;
    long n = atomic_load(&((counter *)p)->n);
    atomic_store(&((counter *)p)->n, n + 1);
    return n;
}

static long get(void *p, long arg)
{
    (void)arg;
    return atomic_load_explicit(&((counter *)p)->n, ACQ);
}

/* Right for each single caller; what two have seen may not agree. */
static long count_twice(void *p, long arg)
{
    (void)arg;
    counter *c = p;
    long n = atomic_fetch_add(&c->other, 1);
    atomic_fetch_add(&c->n, 1);
    return n;
}

static bool counts(void *model, long arg, long result)
{
    (void)arg;
    return (*(long *)model)++ == result;
}

static bool gets(void *model, long arg, long result)
{
    (void)arg;
    return *(long *)model == result;
}

/* ---- a queue of four behind a spin lock, and ways to get it wrong ---- */

enum { ROOM = 12 };

typedef struct queue {
    _Atomic(int) held;
    unsigned head, tail;
    long items[ROOM];
} queue;

static void lock(queue *q)
{
    while (atomic_exchange_explicit(&q->held, 1, ACQ))
        rn_check_spin();
}

static void unlock(queue *q)
{
    atomic_store_explicit(&q->held, 0, REL);
}

static long put(void *p, long arg)
{
    queue *q = p;
    lock(q);
    q->items[q->tail++] = arg;
    unlock(q);
    return 0;
}

static long take(void *p, long arg)
{
    (void)arg;
    queue *q = p;
    lock(q);
    long item = q->head == q->tail ? 0 : q->items[q->head++];
    unlock(q);
    return item;
}

static long take_newest(void *p, long arg)
{
    (void)arg;
    queue *q = p;
    lock(q);
    long item = q->head == q->tail ? 0 : q->items[--q->tail];
    unlock(q);
    return item;
}

static long take_in_two_steps(void *p, long arg)
{
    (void)arg;
    queue *q = p;
    lock(q);
    long item = q->head == q->tail ? 0 : q->items[q->head];
    unlock(q);
    lock(q);
    if (item)
        q->head++;
    unlock(q);
    return item;
}

typedef struct fifo {
    long head, tail, items[ROOM];
} fifo;

static bool puts_last(void *model, long arg, long result)
{
    fifo *f = model;
    f->items[f->tail++] = arg;
    return result == 0;
}

static bool takes_first(void *model, long arg, long result)
{
    (void)arg;
    fifo *f = model;
    return result == (f->head == f->tail ? 0 : f->items[f->head++]);
}

/* ---- a register in two halves ---- */

static long set(void *p, long arg)
{
    atomic_store_explicit(&((counter *)p)->n, arg, REL);
    atomic_store_explicit(&((counter *)p)->other, arg, REL);
    return 0;
}

static long get_second(void *p, long arg)
{
    (void)arg;
    return atomic_load_explicit(&((counter *)p)->other, ACQ);
}

static long get_first_or_second(void *p, long arg)
{
    return arg % 2 ? get(p, arg) : get_second(p, arg);
}

static bool sets(void *model, long arg, long result)
{
    *(long *)model = arg;
    return result == 0;
}

typedef struct expectation {
    bool right;
    rn_check_object object;
    int memory;
} expectation;

#define COUNTER .state_bytes = sizeof(counter), .model_bytes = sizeof(long)
#define QUEUE .state_bytes = sizeof(queue), .model_bytes = sizeof(fifo)
#define PUT                                                                                        \
    {                                                                                              \
        "put", put, puts_last, 0                                                                   \
    }

static const expectation table[] = {
    { true,
      { .name = "counter",
        COUNTER,
        .operations = { { "count", count, counts, 0 }, { "get", get, gets, 0 } } },
      0 },
    { true,
      { .name = "counter-sc",
        COUNTER,
        .operations = { { "count", count, counts, 0 }, { "get", get, gets, 0 } },
        .length = 2 },
      RN_CHECK_SC },
    { false,
      { .name = "bad-counter",
        COUNTER,
        .operations = { { "count", count_badly, counts, 0 }, { "get", get, gets, 0 } } },
      0 },
    { false,
      { .name = "two-counters",
        COUNTER,
        .threads = 2,
        .length = 2,
        .operations = { { "count", count_twice, counts, 0 }, { "get", get, gets, 0 } } },
      RN_CHECK_SC },
    { true,
      { .name = "queue",
        QUEUE,
        .threads = 2,
        .length = 3,
        .operations = { PUT, { "take", take, takes_first, 0 } } },
      0 },
    { true,
      { .name = "queue-sc",
        QUEUE,
        .threads = 2,
        .length = 2,
        .operations = { PUT, { "take", take, takes_first, 0 } } },
      RN_CHECK_SC },
    { false,
      { .name = "stack",
        QUEUE,
        .threads = 2,
        .operations = { PUT, { "take", take_newest, takes_first, 0 } } },
      0 },
    { false,
      { .name = "two-steps",
        QUEUE,
        .threads = 2,
        .operations = { PUT, { "take", take_in_two_steps, takes_first, 0 } } },
      0 },
    { false,
      { .name = "halves",
        COUNTER,
        .operations = { { "set", set, sets, 1 }, { "get", get_first_or_second, gets, 0 } } },
      RN_CHECK_SC },
    { false,
      { .name = "halves-c11",
        COUNTER,
        .operations = { { "set", set, sets, 1 }, { "get", get_first_or_second, gets, 0 } } },
      0 },
};

static int check_one(const expectation *e)
{
    rn_check_result result, again;
    rn_check_options o = { .memory = e->memory, .quiet = true, .result = &result };
    int code = rn_check_linear(&e->object, &o);
    bool good = e->right ? code == 0 && result.exhaustive
                         : code == 1 && strstr(result.failure, "not linearizable");
    printf("%-14s %8llu schedules %6.2f s  %s", e->object.name,
           (unsigned long long)result.schedules, result.seconds, code ? result.failure : "holds");
    if (code == 1) {
        char said[1000];
        snprintf(said, sizeof said, "%s", result.failure);
        setenv("RN_CHECK_REPLAY", result.replay, 1);
        o.result = &again;
        good &= rn_check_linear(&e->object, &o) == 1 && strcmp(again.failure, said) == 0 &&
                again.schedules == 1;
        unsetenv("RN_CHECK_REPLAY");
    }
    printf("%s\n", good ? "" : "  WRONG");
    return !good;
}

int main(int argc, char **argv)
{
    int wrong = 0;
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++)
        if (argc < 2 || strcmp(argv[1], table[i].object.name) == 0)
            wrong += check_one(&table[i]);
    return wrong;
}
