/* SPDX-License-Identifier: MIT */
/*
 * Select under load. Each test keeps a balance that any lost, doubled or misplaced value upsets.
 * Where a count is smaller than in Go's own tests, its section says what it is there.
 */
#include "kit/kit.h"

#include <stdio.h>

#include "sync/chan_peek.h"

/* ---- 87: a non-blocking select sees one moment (Go: 100 000 rounds; here as many as fit) ---- */

/* Two tasks that run at the same time, in rounds; nobody parks, so each keeps its worker. */
typedef struct race {
    rn_chan(int) a, b;
    rn_chan(int) idle; /* many cases of it stand between the two, to take time */
    _Atomic(int) round, done;
} race;

static void until_round(_Atomic(int) *at, int round)
{
    for (int i = 1; atomic_load_explicit(at, memory_order_acquire) < round; i++)
        if (i % 64 == 0)
            (void)rn_yield();
}

static void linger(int turns)
{
    for (volatile int i = 0; i < turns; i++)
        continue;
}

enum { LAST = 1 << 30 };

static int choose_each_round(race *r)
{
    enum { CASES = 34 };
    rn_case cases[CASES];
    for (int i = 1; i < CASES - 2; i++)
        cases[i] = RN_DONE(r->idle);
    cases[CASES - 1] = RN_DEFAULT;
    for (int i = 1;; i++) {
        until_round(&r->round, i);
        if (atomic_load_explicit(&r->round, memory_order_relaxed) == LAST)
            return 0;
        linger(i % 17);
        cases[0] = RN_DONE(i % 2 ? r->a : r->b);
        cases[CASES - 2] = RN_DONE(i % 2 ? r->b : r->a);
        int chosen = rn_select_n(cases, CASES);
        CHECK(chosen == 0 || chosen == CASES - 2); /* not the default */
        atomic_store_explicit(&r->done, i, memory_order_release);
    }
}
RN_TASK(choose_each_round, race *);

/* Only after b has become ready does a stop being so: at every instant one of them is. */
TASK_TEST(default_is_not_taken_while_some_channel_is_ready)
{
    rn_group *s = rn_group_new(NULL);
    race r = { .a = rn_make(g, int, 1), .b = rn_make(g, int, 1), .idle = rn_make(g, int, 0) };
    int64_t end = rn_now() + 250 * RN_MILLISECOND;
    rn_go(s, choose_each_round, &r);
    for (int i = 1; i < 100000 && rn_now() < end; i++) {
        CHECK_EQ(rn_try_send(r.a, 1), 0);
        atomic_store_explicit(&r.round, i, memory_order_release);
        linger(i % 97);
        CHECK_EQ(rn_try_send(r.b, 2), 0);
        CHECK(rn_try_recv(r.a, (int *)NULL) != -EPIPE);
        until_round(&r.done, i);
        (void)!rn_try_recv(r.a, (int *)NULL);
        (void)!rn_try_recv(r.b, (int *)NULL);
    }
    atomic_store_explicit(&r.round, LAST, memory_order_release);
    CHECK_EQ(rn_group_wait(s), 0);
    rn_group_close(s);
    return 0;
}

/* The same with b closed, which is ready for good; its channels are new in each round. */
TASK_TEST(closed_channel_and_value_are_seen_at_one_moment)
{
    rn_group *s = rn_group_new(NULL);
    race r = { .idle = rn_make(g, int, 0) };
    int64_t end = rn_now() + 250 * RN_MILLISECOND;
    rn_go(s, choose_each_round, &r);
    for (int i = 1; i < 100000 && rn_now() < end; i++) {
        r.a = rn_make(g, int, 1);
        r.b = rn_make(g, int, 0);
        CHECK_EQ(rn_try_send(r.a, 1), 0);
        atomic_store_explicit(&r.round, i, memory_order_release);
        linger(i % 97);
        rn_close(r.b);
        CHECK(rn_try_recv(r.a, (int *)NULL) != -EPIPE);
        until_round(&r.done, i);
        rn_free(r.a);
        rn_free(r.b);
    }
    atomic_store_explicit(&r.round, LAST, memory_order_release);
    CHECK_EQ(rn_group_wait(s), 0);
    rn_group_close(s);
    return 0;
}

/* ---- 84: no value twice (Go: 100 000) ---- */

static int spread(rn_sender(int) a, rn_sender(int) b, rn_sender(int) c, rn_sender(int) d)
{
    for (int i = 0; i < 30000; i++) {
        int rc = rn_select(RN_SEND(a, i), RN_SEND(b, i), RN_SEND(c, i), RN_SEND(d, i));
        if (rc < 0)
            return rc;
    }
    rn_close(a);
    rn_close(b);
    rn_close(c);
    rn_close(d);
    return 0;
}
RN_TASK(spread, rn_sender(int), rn_sender(int), rn_sender(int), rn_sender(int));

static int collect(rn_receiver(int) in, rn_sender(int) out)
{
    int rc = 0;
    for (int v; rc == 0 && rn_recv(in, &v) == 0;)
        rc = rn_send(out, v);
    return rc;
}
RN_TASK(collect, rn_receiver(int), rn_sender(int));

static int close_after(rn_group *g, rn_sender(int) out)
{
    int rc = rn_group_wait(g);
    rn_close(out);
    return rc;
}
RN_TASK(close_after, rn_group *, rn_sender(int));

TASK_TEST(select_sends_a_value_once)
{
    static unsigned char seen[30000];
    rn_group *s = rn_group_new(NULL);
    rn_chan(int) c[4], out = rn_make(g, int, 0);
    for (int i = 0; i < 4; i++) {
        c[i] = rn_make(g, int, 0);
        rn_go(s, collect, rn_rx(c[i]), rn_tx(out));
    }
    rn_go(s, spread, rn_tx(c[0]), rn_tx(c[1]), rn_tx(c[2]), rn_tx(c[3]));
    rn_go(g, close_after, s, rn_tx(out));
    int n = 0;
    for (int v; rn_recv(out, &v) == 0; n++)
        CHECK_EQ(seen[v]++, 0);
    CHECK_EQ(n, 30000);
    rn_group_close(s);
    return 0;
}

/* ---- 66, 93, 98: storms over shared channels ---- */

enum { LANES = 4, VALUES = 2500 };

/* Sends VALUES on each lane, in whatever order they go; a lane that is done becomes nil. */
static int send_on_all(rn_chan(int) const *lanes, int shift)
{
    int left[LANES], total = LANES * VALUES;
    rn_sender(int) to[LANES];
    for (int i = 0; i < LANES; i++) {
        left[i] = VALUES;
        to[i] = rn_tx(lanes[(i + shift) % LANES]);
    }
    while (total--) {
        int i = rn_select(RN_SEND(to[0], left[0]), RN_SEND(to[1], left[1]), RN_SEND(to[2], left[2]),
                          RN_SEND(to[3], left[3]));
        if (i < 0)
            return i;
        if (--left[i] == 0)
            to[i] = NULL;
    }
    return 0;
}
RN_TASK(send_on_all, rn_chan(int) const *, int);

static int recv_on_all(rn_chan(int) const *lanes, int shift)
{
    int left[LANES], total = LANES * VALUES, v;
    rn_receiver(int) from[LANES];
    for (int i = 0; i < LANES; i++) {
        left[i] = VALUES;
        from[i] = rn_rx(lanes[(LANES + shift - i) % LANES]); /* the other way round */
    }
    while (total--) {
        int i = rn_select(RN_RECV(from[0], &v, NULL), RN_RECV(from[1], &v, NULL),
                          RN_RECV(from[2], &v, NULL), RN_RECV(from[3], &v, NULL));
        if (i < 0)
            return i;
        if (--left[i] == 0)
            from[i] = NULL;
    }
    return 0;
}
RN_TASK(recv_on_all, rn_chan(int) const *, int);

static int send_plainly(rn_sender(int) out)
{
    int rc = 0;
    for (int i = 0; i < VALUES && rc == 0; i++)
        rc = rn_send(out, i);
    return rc;
}
RN_TASK(send_plainly, rn_sender(int));

static int recv_plainly(rn_receiver(int) in)
{
    int rc = 0;
    for (int i = 0, v; i < VALUES && rc == 0; i++)
        rc = rn_recv(in, &v);
    return rc;
}
RN_TASK(recv_plainly, rn_receiver(int));

TASK_TEST(selects_and_plain_operations_balance)
{
    static const size_t capacities[] = { 0, 1, 10, 100 };
    for (int k = 0; k < 4; k++) {
        rn_group *s = rn_group_new(NULL);
        rn_chan(int) lanes[LANES];
        for (int i = 0; i < LANES; i++)
            lanes[i] = rn_make(g, int, k < 3 ? capacities[k] : capacities[i]);
        for (int i = 0; i < LANES; i++) {
            rn_go(s, send_plainly, rn_tx(lanes[i]));
            rn_go(s, recv_plainly, rn_rx(lanes[i]));
        }
        for (int i = 0; i < 2; i++) {
            rn_go(s, send_on_all, lanes, i);
            rn_go(s, recv_on_all, lanes, i);
        }
        CHECK_EQ(rn_group_wait(s), 0);
        for (int i = 0; i < LANES; i++)
            CHECK_EQ(rn_len(lanes[i]), 0);
        rn_group_close(s);
    }
    return 0;
}

static int send_and_recv(rn_chan(int) const *c, int turn, long *sum)
{
    int sends = 2000, recvs = 2000, v;
    while (sends || recvs) {
        rn_sender(int) to = sends ? rn_tx(c[turn]) : NULL, to_next = sends ? rn_tx(c[!turn]) : NULL;
        rn_receiver(int) from = recvs ? rn_rx(c[turn]) : NULL;
        rn_receiver(int) from_next = recvs ? rn_rx(c[!turn]) : NULL;
        int i = rn_select(RN_SEND(to, sends), RN_RECV(from_next, &v, NULL), RN_SEND(to_next, sends),
                          RN_RECV(from, &v, NULL));
        if (i < 0)
            return i;
        if (i % 2) {
            recvs--;
            *sum += v;
        } else {
            sends--;
        }
    }
    return 0;
}
RN_TASK(send_and_recv, rn_chan(int) const *, int, long *);

/* Serves those whom nobody else is left to meet: sends zeros, adds what it gets. */
static int serve(rn_chan(int) const *c, long *sum)
{
    for (;;) {
        int v = 0;
        int i = rn_select(RN_SEND(c[0], 0), RN_RECV(c[0], &v, NULL), RN_SEND(c[1], 0),
                          RN_RECV(c[1], &v, NULL));
        if (i < 0)
            return 0;
        *sum += v;
    }
}
RN_TASK(serve, rn_chan(int) const *, long *);

/* Every task sends and receives on both channels in one select, the cases in either order. */
TASK_TEST(mixed_selects_conserve_the_sum)
{
    enum { TASKS = 6 };
    static const size_t capacities[] = { 0, 1, 100 };
    for (int k = 0; k < 3; k++) {
        rn_group *s = rn_group_new(NULL), *server = rn_group_new(NULL);
        long sums[TASKS + 1] = { 0 }, total = 0;
        rn_chan(int) c[2];
        for (int i = 0; i < 2; i++)
            c[i] = rn_make(g, int, capacities[k]);
        for (int i = 0; i < TASKS; i++)
            rn_go(s, send_and_recv, c, i % 2, &sums[i]);
        rn_go(server, serve, c, &sums[TASKS]);
        CHECK_EQ(rn_group_wait(s), 0);
        rn_group_close(s);
        rn_group_close(server);
        for (int i = 0; i <= TASKS; i++)
            total += sums[i];
        for (int i = 0, v; i < 2; i++)
            while (rn_try_recv(c[i], &v) == 0)
                total += v;
        CHECK_EQ(total, TASKS * 2000L * 2001 / 2);
    }
    return 0;
}

/* ---- 97: leaving a queue does not cost more because others stand in it ---- */

static int stand_in_queue(rn_receiver(int) shared)
{
    int v;
    return rn_recv(shared, &v) == 0 ? -EPROTO : 0;
}
RN_TASK(stand_in_queue, rn_receiver(int));

static int come_and_go(rn_receiver(int) shared, rn_receiver(int) own)
{
    int v;
    bool ok = true;
    while (ok)
        if (rn_select(RN_RECV(shared, &v, NULL), RN_RECV(own, &v, &ok)) != 1)
            return -EPROTO;
    return 0;
}
RN_TASK(come_and_go, rn_receiver(int), rn_receiver(int));

/* The shortest time that 300 selects behind n waiting tasks take to come and go. */
static int64_t come_and_go_behind(int n)
{
    rn_group *s = rn_group_new(NULL), *last = rn_group_new(NULL);
    rn_chan(int) shared = rn_make(s, int, 0), own = rn_make(s, int, 0);
    for (int i = 0; i < n; i++)
        rn_go(s, stand_in_queue, rn_rx(shared));
    await_receivers(RAW(shared), (size_t)n);
    rn_go(last, come_and_go, rn_rx(shared), rn_rx(own));
    int64_t best = INT64_MAX;
    for (int round = 0; round < 10; round++) {
        int64_t start = rn_now();
        for (int i = 0; i < 300; i++)
            CHECK_EQ(rn_send(own, i), 0);
        int64_t taken = rn_now() - start;
        best = taken < best ? taken : best;
    }
    rn_close(own);
    CHECK_EQ(rn_group_wait(last), 0);
    CHECK_EQ(waiting(RAW(shared), false), n);
    rn_group_close(last);
    rn_group_close(s);
    return best;
}

TASK_TEST(leaving_a_shared_queue_costs_the_same_at_any_length)
{
    (void)g;
    bool same = false; /* some tries: the machine may be busy */
    for (int i = 0; i < 8 && !same; i++) {
        int64_t empty = come_and_go_behind(1);
        same = come_and_go_behind(3000) < 4 * empty;
    }
    CHECK(same);
    return 0;
}
