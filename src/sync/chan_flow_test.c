/* SPDX-License-Identifier: MIT */
/*
 * Whole programs over channels: many senders and receivers, chains, sieves. Counts are scaled down
 * where Go's own tests use more, so that each stays far below two seconds on a busy machine.
 */
#include "kit/kit.h"

#include <stdio.h>

#include "sync/chan_peek.h"

static rn_unit unit;

/* ---- 24: every value arrives exactly once ---- */

enum { SENDERS = 4, EACH = 1000 };

static int send_range(rn_sender(int) out, int n)
{
    int rc = 0;
    for (int i = 0; i < n && rc == 0; i++)
        rc = rn_send(out, i);
    return rc;
}
RN_TASK(send_range, rn_sender(int), int);

static int tally(rn_receiver(int) in, int n, int *seen)
{
    for (int i = 0, v; i < n; i++) {
        int rc = rn_recv(in, &v);
        if (rc)
            return rc;
        seen[v]++;
    }
    return 0;
}
RN_TASK(tally, rn_receiver(int), int, int *);

TASK_TEST(each_value_of_many_senders_arrives_once)
{
    static const size_t capacities[] = { 0, 1, 10, 200 };
    (void)g;
    for (size_t k = 0; k < sizeof capacities / sizeof capacities[0]; k++) {
        static int seen[4][SENDERS][EACH];
        rn_group *s = rn_group_new(NULL);
        rn_chan(int) c = rn_make(s, int, capacities[k]);
        for (int i = 0; i < SENDERS; i++) {
            rn_go(s, send_range, rn_tx(c), EACH);
            rn_go(s, tally, rn_rx(c), EACH, seen[k][i]);
        }
        CHECK_EQ(rn_group_wait(s), 0);
        CHECK_EQ(rn_len(c), 0);
        rn_group_close(s);
        for (int v = 0; v < EACH; v++) {
            int times = 0;
            for (int i = 0; i < SENDERS; i++)
                times += seen[k][i][v];
            CHECK_EQ(times, SENDERS);
        }
    }
    return 0;
}

/* ---- 35: many producers and consumers ---- */

enum { WORKERS = 23, ITEMS = 271828 };

static int produce(rn_sender(int) out, _Atomic(int) *next)
{
    for (;;) {
        int i = atomic_fetch_add_explicit(next, 1, memory_order_relaxed);
        if (i >= ITEMS)
            return 0;
        int rc = rn_send(out, i);
        if (rc)
            return rc;
    }
}
RN_TASK(produce, rn_sender(int), _Atomic(int) *);

static int relay(rn_receiver(int) in, rn_sender(long) out)
{
    for (int v; rn_recv(in, &v) == 0;) {
        int rc = rn_send(out, (long)v * 2);
        if (rc)
            return rc;
        if (v % 7 == 0)
            (void)rn_yield();
    }
    return 0;
}
RN_TASK(relay, rn_receiver(int), rn_sender(long));

static int wait_then_close(rn_group *watched, rn_sender(long) out)
{
    int rc = rn_group_wait(watched);
    rn_close(out);
    return rc;
}
RN_TASK(wait_then_close, rn_group *, rn_sender(long));

static int feed(rn_group *producers, rn_sender(int) out)
{
    int rc = rn_group_wait(producers);
    rn_close(out);
    return rc;
}
RN_TASK(feed, rn_group *, rn_sender(int));

TASK_TEST(many_producers_and_consumers_lose_nothing)
{
    rn_group *producers = rn_group_new(NULL), *consumers = rn_group_new(NULL);
    rn_chan(int) work = rn_make(g, int, 2 * WORKERS);
    rn_chan(long) results = rn_make(g, long, 2 * WORKERS);
    static _Atomic(int) next;
    for (int i = 0; i < WORKERS; i++) {
        rn_go(producers, produce, rn_tx(work), &next);
        rn_go(consumers, relay, rn_rx(work), rn_tx(results));
    }
    rn_go(g, feed, producers, rn_tx(work));
    rn_go(g, wait_then_close, consumers, rn_tx(results));
    long count = 0, sum = 0;
    for (long v; rn_recv(results, &v) == 0; count++)
        sum += v;
    CHECK_EQ(count, ITEMS);
    CHECK_EQ(sum, (long)ITEMS * (ITEMS - 1));
    rn_group_close(producers);
    rn_group_close(consumers);
    return 0;
}

/* ---- 7, 27: a chain of 10 000 tasks ---- */

static int pass_plus_one(rn_sender(int) left, rn_receiver(int) right)
{
    int v, rc = rn_recv(right, &v);
    return rc ? rc : rn_send(left, v + 1);
}
RN_TASK(pass_plus_one, rn_sender(int), rn_receiver(int));

TASK_TEST(chain_of_10000_tasks_passes_a_value)
{
    rn_chan(int) leftmost = rn_make(g, int, 0), left = leftmost, right = leftmost;
    for (int i = 0; i < 10000; i++) {
        right = rn_make(g, int, 0);
        CHECK_EQ(rn_go(g, pass_plus_one, rn_tx(left), rn_rx(right)), 0);
        left = right;
    }
    int v = -1;
    CHECK_EQ(rn_send(right, 0), 0);
    CHECK_EQ(rn_recv(leftmost, &v), 0);
    CHECK_EQ(v, 10000);
    return 0;
}

/* ---- 28: the prime sieve ---- */

static int from_two(rn_sender(int) out)
{
    int rc = 0;
    for (int i = 2; rc == 0; i++)
        rc = rn_send(out, i);
    return rc;
}
RN_TASK(from_two, rn_sender(int));

static int not_multiples_of(rn_receiver(int) in, rn_sender(int) out, int prime)
{
    int rc = 0;
    for (int v; rc == 0 && (rc = rn_recv(in, &v)) == 0;)
        if (v % prime)
            rc = rn_send(out, v);
    return rc;
}
RN_TASK(not_multiples_of, rn_receiver(int), rn_sender(int), int);

TASK_TEST(sieve_yields_25_primes_in_order)
{
    static const int primes[25] = { 2,  3,  5,  7,  11, 13, 17, 19, 23, 29, 31, 37, 41,
                                    43, 47, 53, 59, 61, 67, 71, 73, 79, 83, 89, 97 };
    (void)g;
    rn_group *s = rn_group_new(NULL);
    rn_chan(int) first = rn_make(s, int, 0);
    rn_receiver(int) source = rn_rx(first);
    rn_go(s, from_two, rn_tx(first));
    for (int i = 0; i < 25; i++) {
        int prime;
        CHECK_EQ(rn_recv(source, &prime), 0);
        CHECK_EQ(prime, primes[i]);
        rn_chan(int) next = rn_make(s, int, 0);
        rn_go(s, not_multiples_of, source, rn_tx(next), prime);
        source = rn_rx(next);
    }
    rn_group_close(s); /* the endless filters are cancelled */
    return 0;
}

/* ---- 41: numbers with no prime factor but 2, 3 and 5, by a loop of channels ---- */

enum { HAMMING = 60 };

static int multiples(rn_receiver(long) in, rn_sender(long) out, long factor)
{
    int rc = 0;
    for (long v; rc == 0 && (rc = rn_recv(in, &v)) == 0;)
        rc = rn_send(out, v * factor);
    return rc;
}
RN_TASK(multiples, rn_receiver(long), rn_sender(long), long);

static long least(const long *v)
{
    long m = v[0];
    for (int k = 1; k < 3; k++)
        m = v[k] < m ? v[k] : m;
    return m;
}

TASK_TEST(circular_flow_over_buffers_yields_hamming_numbers)
{
    static const long factors[3] = { 2, 3, 5 };
    static const long head[20] = { 1,  2,  3,  4,  5,  6,  8,  9,  10, 12,
                                   15, 16, 18, 20, 24, 25, 27, 30, 32, 36 };
    (void)g;
    rn_group *s = rn_group_new(NULL);
    rn_chan(long) in[3], out[3];
    long at[3], v = 1;
    for (int k = 0; k < 3; k++) {
        in[k] = rn_make(s, long, 100);
        out[k] = rn_make(s, long, 100);
        rn_go(s, multiples, rn_rx(in[k]), rn_tx(out[k]), factors[k]);
        CHECK_EQ(rn_send(in[k], 1), 0);
        CHECK_EQ(rn_recv(out[k], &at[k]), 0);
    }
    for (int i = 0; i < HAMMING; i++) {
        if (i < 20)
            CHECK_EQ(v, head[i]);
        if (i == HAMMING - 1)
            CHECK_EQ(v, 384);
        v = least(at);
        for (int k = 0; k < 3; k++)
            CHECK_EQ(rn_send(in[k], v), 0);
        for (int k = 0; k < 3; k++)
            if (at[k] == v)
                CHECK_EQ(rn_recv(out[k], &at[k]), 0);
    }
    rn_group_close(s);
    return 0;
}

/* ---- 36: a try-receive after a send cannot find the buffer empty ---- */

static int send_then_try(rn_chan(int) c, int rounds)
{
    for (int i = 0, v; i < rounds; i++) {
        int rc = rn_send(c, i);
        if (rc)
            return rc;
        if (rn_try_recv(c, &v) != 0)
            return -EPROTO;
    }
    return 0;
}
RN_TASK(send_then_try, rn_chan(int), int);

TASK_TEST(buffer_is_linearizable)
{
    (void)g;
    rn_group *s = rn_group_new(NULL);
    rn_chan(int) c = rn_make(s, int, 4);
    for (int i = 0; i < 4; i++)
        rn_go(s, send_then_try, c, 20000);
    CHECK_EQ(rn_group_wait(s), 0);
    CHECK_EQ(rn_len(c), 0);
    rn_group_close(s);
    return 0;
}

/* ---- 37: a mutex and a semaphore ---- */

static int add_under_lock(rn_chan(rn_unit) lock, long *counter, int n)
{
    for (int i = 0; i < n; i++) {
        if (rn_send(lock, unit) != 0)
            return -EINVAL;
        ++*counter; /* plain: the thread sanitizer watches */
        if (i % 50 == 0)
            (void)rn_yield();
        if (rn_recv(lock, (rn_unit *)NULL) != 0)
            return -EINVAL;
    }
    return 0;
}
RN_TASK(add_under_lock, rn_chan(rn_unit), long *, int);

TASK_TEST(capacity_one_is_a_mutex)
{
    (void)g;
    static long counter;
    rn_group *s = rn_group_new(NULL);
    rn_chan(rn_unit) lock = rn_make(s, rn_unit, 1);
    for (int i = 0; i < 8; i++)
        rn_go(s, add_under_lock, lock, &counter, 2000);
    CHECK_EQ(rn_group_wait(s), 0);
    rn_group_close(s);
    CHECK_EQ(counter, 16000);
    return 0;
}

static int enter_and_leave(rn_chan(int) places, _Atomic(int) *inside, int limit)
{
    for (int i = 0; i < 200; i++) {
        if (rn_send(places, i) != 0)
            return -EINVAL;
        if (atomic_fetch_add_explicit(inside, 1, memory_order_relaxed) >= limit)
            return -EPROTO;
        (void)rn_yield();
        atomic_fetch_sub_explicit(inside, 1, memory_order_relaxed);
        if (rn_recv(places, (int *)NULL) != 0)
            return -EINVAL;
    }
    return 0;
}
RN_TASK(enter_and_leave, rn_chan(int), _Atomic(int) *, int);

TASK_TEST(capacity_n_is_a_semaphore)
{
    (void)g;
    static _Atomic(int) inside;
    rn_group *s = rn_group_new(NULL);
    rn_chan(int) places = rn_make(s, int, 3);
    for (int i = 0; i < 12; i++)
        rn_go(s, enter_and_leave, places, &inside, 3);
    CHECK_EQ(rn_group_wait(s), 0);
    rn_group_close(s);
    return 0;
}
