/* SPDX-License-Identifier: MIT */
/* Batches: rn_send_n and rn_recv_n behave as that many single operations. */
#include "kit/kit.h"

#include <stdio.h>

#include "sync/chan_peek.h"

static int send_batches(rn_sender(int) out, int n, size_t size)
{
    int batch[64], rc = 0;
    for (int next = 0; next < n && rc == 0;) {
        size_t k = 0, sent = 99;
        for (; k < size && next < n; k++)
            batch[k] = next++;
        rc = rn_send_n(out, (const int *)batch, k, &sent);
        if (rc == 0)
            CHECK_EQ(sent, k);
    }
    rn_close(out);
    return rc;
}
RN_TASK(send_batches, rn_sender(int), int, size_t);

TASK_TEST(batches_keep_order_at_every_size)
{
    static const size_t sizes[] = { 1, 2, 3, 7, 64 };
    for (size_t s = 0; s < 5; s++)
        for (size_t r = 0; r < 5; r++)
            for (size_t cap = 0; cap < 12; cap += 3) {
                rn_chan(int) c = rn_make(g, int, cap);
                int got[64], expected = 0;
                size_t n;
                rn_go(g, send_batches, rn_tx(c), 300, sizes[s]);
                while (rn_recv_n(c, got, sizes[r], &n) == 0) {
                    CHECK(n >= 1 && n <= sizes[r]);
                    for (size_t i = 0; i < n; i++)
                        CHECK_EQ(got[i], expected++);
                }
                CHECK_EQ(n, 0);
                CHECK_EQ(expected, 300);
            }
    return 0;
}

TASK_TEST(batches_mix_with_single_operations)
{
    rn_chan(int) c = rn_make(g, int, 5);
    int batch[5] = { 0, 1, 2, 3, 4 }, got[5], v;
    size_t n;
    for (int round = 0; round < 10; round++) { /* the ring wraps at another place each time */
        CHECK_EQ(rn_send_n(c, batch, 3, &n), 0);
        CHECK_EQ(rn_send(c, 3), 0);
        CHECK_EQ(rn_recv(c, &v), 0);
        CHECK_EQ(v, 0);
        CHECK_EQ(rn_send_n(c, batch + 4, 1, NULL), 0);
        CHECK_EQ(rn_recv_n(c, got, 5, &n), 0); /* takes what is there, does not wait for more */
        CHECK_EQ(n, 4);
        for (int i = 0; i < 4; i++)
            CHECK_EQ(got[i], i + 1);
    }
    return 0;
}

TASK_TEST(empty_batch_succeeds_at_once)
{
    rn_chan(int) c = rn_make(g, int, 0), nil = NULL;
    int v;
    size_t n = 9;
    CHECK_EQ(rn_send_n(c, &v, 0, &n), 0);
    CHECK_EQ(n, 0);
    n = 9;
    CHECK_EQ(rn_recv_n(c, &v, 0, &n), 0);
    CHECK_EQ(n, 0);
    CHECK_EQ(rn_send_n(nil, &v, 0, NULL), 0);
    CHECK_EQ(rn_recv_n(nil, &v, 0, NULL), 0);
    rn_close(c);
    CHECK_EQ(rn_send_n(c, &v, 0, NULL), 0);
    return 0;
}

static int recv_three(rn_receiver(int) in, int *got)
{
    for (int i = 0; i < 3; i++)
        if (rn_recv(in, &got[i]) != 0)
            return -EINVAL;
    return 0;
}
RN_TASK(recv_three, rn_receiver(int), int *);

TASK_TEST(batch_reaches_waiting_receivers)
{
    static int got[3][3];
    for (size_t cap = 0; cap < 3; cap++) {
        rn_group *s = rn_group_new(NULL);
        rn_chan(int) c = rn_make(g, int, cap);
        int batch[9] = { 1, 1, 1, 1, 1, 1, 1, 1, 1 };
        for (int i = 0; i < 3; i++)
            rn_go(s, recv_three, rn_rx(c), got[i]);
        await_receivers(RAW(c), 3);
        CHECK_EQ(rn_send_n(c, batch, 9, NULL), 0);
        CHECK_EQ(rn_group_wait(s), 0);
        for (int i = 0; i < 9; i++)
            CHECK_EQ(got[i / 3][i % 3], 1);
        CHECK_EQ(rn_len(c), 0);
        rn_group_close(s);
    }
    return 0;
}

static int send_single(rn_sender(int) out, int v)
{
    return rn_send(out, v);
}
RN_TASK(send_single, rn_sender(int), int);

TASK_TEST(recv_n_takes_from_waiting_senders_in_order)
{
    rn_chan(int) c = rn_make(g, int, 2);
    int got[10];
    size_t n;
    CHECK_EQ(rn_send(c, 0), 0);
    CHECK_EQ(rn_send(c, 1), 0);
    for (int i = 2; i < 6; i++) {
        rn_go(g, send_single, rn_tx(c), i);
        await_senders(RAW(c), (size_t)i - 1);
    }
    CHECK_EQ(rn_recv_n(c, got, 10, &n), 0);
    CHECK_EQ(n, 6);
    for (int i = 0; i < 6; i++)
        CHECK_EQ(got[i], i);
    return 0;
}

TASK_TEST(recv_n_lets_waiting_senders_move_up)
{
    rn_chan(int) c = rn_make(g, int, 2);
    int got[2], expected = 0;
    size_t n;
    CHECK_EQ(rn_send(c, 0), 0);
    CHECK_EQ(rn_send(c, 1), 0);
    for (int i = 2; i < 8; i++) {
        rn_go(g, send_single, rn_tx(c), i);
        await_senders(RAW(c), (size_t)i - 1);
    }
    for (size_t left = 6; expected < 8; left -= left ? 2 : 0) {
        CHECK_EQ(waiting(RAW(c), true), left);
        CHECK_EQ(rn_len(c), 2); /* nobody waits while there is room */
        CHECK_EQ(rn_recv_n(c, got, 2, &n), 0);
        CHECK_EQ(n, 2);
        CHECK_EQ(got[0], expected++);
        CHECK_EQ(got[1], expected++);
    }
    return 0;
}

/* ---- errors: how many were given away ---- */

static int batch_until_refused(rn_sender(int) out, int *rc, size_t *sent)
{
    int batch[10] = { 0, 1, 2, 3, 4, 5, 6, 7, 8, 9 };
    *rc = rn_send_n(out, batch, 10, sent);
    return 0;
}
RN_TASK(batch_until_refused, rn_sender(int), int *, size_t *);

TASK_TEST(closed_batch_tells_what_was_sent)
{
    for (size_t cap = 0; cap < 4; cap++) {
        rn_group *s = rn_group_new(NULL);
        rn_chan(int) c = rn_make(g, int, cap);
        static int rc;
        static size_t sent;
        int v, received = 0;
        rn_go(s, batch_until_refused, rn_tx(c), &rc, &sent);
        for (; received < 3; received++) {
            CHECK_EQ(rn_recv(c, &v), 0);
            CHECK_EQ(v, received);
        }
        await_senders(RAW(c), 1);
        rn_close(c);
        CHECK_EQ(rn_group_wait(s), 0);
        for (; rn_recv(c, &v) == 0; received++)
            CHECK_EQ(v, received);
        CHECK_EQ(rc, -EPIPE);
        CHECK_EQ(sent, received);
        CHECK_EQ(sent, 3 + cap);
        rn_group_close(s);
    }
    return 0;
}

TASK_TEST(cancelled_batch_tells_what_was_sent)
{
    rn_group *s = rn_group_new(NULL);
    rn_chan(int) c = rn_make(g, int, 4);
    static int rc;
    static size_t sent;
    rn_go(s, batch_until_refused, rn_tx(c), &rc, &sent);
    await_senders(RAW(c), 1);
    rn_group_cancel(s, 0);
    CHECK_EQ(rn_group_wait(s), -ECANCELED);
    CHECK_EQ(rc, -ECANCELED);
    CHECK_EQ(sent, 4);
    CHECK_EQ(rn_len(c), 4);
    rn_group_close(s);
    return 0;
}

/* ---- elements without size, and many at once ---- */

static int send_units(rn_sender(rn_unit) out, size_t n)
{
    rn_unit none[8];
    int rc = 0;
    for (size_t i = 0; i < n && rc == 0; i += 8)
        rc = rn_send_n(out, none, 8, NULL);
    rn_close(out);
    return rc;
}
RN_TASK(send_units, rn_sender(rn_unit), size_t);

TASK_TEST(batches_of_units_are_counted)
{
    for (size_t cap = 0; cap < 10; cap += 3) {
        rn_chan(rn_unit) c = rn_make(g, rn_unit, cap);
        rn_unit none[5];
        size_t n, total = 0;
        rn_go(g, send_units, rn_tx(c), 800);
        while (rn_recv_n(c, none, 5, &n) == 0)
            total += n;
        CHECK_EQ(total, 800);
    }
    return 0;
}

static int sum_batches(rn_receiver(int) in, _Atomic(long) *count, _Atomic(long) *sum)
{
    int got[16];
    for (size_t n; rn_recv_n(in, got, 16, &n) == 0;)
        for (size_t i = 0; i < n; i++) {
            atomic_fetch_add_explicit(count, 1, memory_order_relaxed);
            atomic_fetch_add_explicit(sum, got[i], memory_order_relaxed);
        }
    return 0;
}
RN_TASK(sum_batches, rn_receiver(int), _Atomic(long) *, _Atomic(long) *);

static int send_own_batches(rn_sender(int) out, int n)
{
    int batch[13], rc = 0;
    for (int next = 0; next < n && rc == 0;) {
        size_t k = 0;
        for (; k < 13 && next < n; k++)
            batch[k] = next++;
        rc = rn_send_n(out, batch, k, NULL);
    }
    return rc;
}
RN_TASK(send_own_batches, rn_sender(int), int);

TASK_TEST(batches_of_many_tasks_lose_nothing)
{
    for (size_t cap = 0; cap < 30; cap += 10) {
        rn_group *in = rn_group_new(NULL), *out = rn_group_new(NULL);
        rn_chan(int) c = rn_make(g, int, cap);
        static _Atomic(long) count, sum;
        atomic_store_explicit(&count, 0, memory_order_relaxed);
        atomic_store_explicit(&sum, 0, memory_order_relaxed);
        for (int i = 0; i < 4; i++) {
            rn_go(in, send_own_batches, rn_tx(c), 5000);
            rn_go(out, sum_batches, rn_rx(c), &count, &sum);
        }
        CHECK_EQ(rn_group_wait(in), 0);
        rn_close(c);
        CHECK_EQ(rn_group_wait(out), 0);
        CHECK_EQ(atomic_load_explicit(&count, memory_order_relaxed), 20000);
        CHECK_EQ(atomic_load_explicit(&sum, memory_order_relaxed), 4L * 5000 * 4999 / 2);
        rn_group_close(in);
        rn_group_close(out);
    }
    return 0;
}

/* ---- a channel that goes away during the wait ---- */

static int recv_eight(rn_receiver(int) c, _Atomic(int) *got)
{
    int v[8] = { 0 };
    size_t n = 99;
    CHECK_EQ(rn_recv_n(c, v, 8, &n), 0);
    CHECK_EQ(v[0], 42);
    atomic_store(got, (int)n);
    return 0;
}
RN_TASK(recv_eight, rn_receiver(int), _Atomic(int) *);

/* The new channel would get the old one's header. */
TASK_TEST(batch_that_waited_takes_nothing_from_another_channel)
{
    for (int i = 0; i < 20; i++) {
        _Atomic(int) got = 0;
        rn_group *h = rn_group_new(NULL), *other = rn_group_new(NULL);
        rn_chan(int) c = rn_make(h, int, 0);
        CHECK_EQ(rn_go(other, recv_eight, rn_rx(c), &got), 0);
        await_receivers(RAW(c), 1);
        CHECK_EQ(rn_send(c, 42), 0);
        if (i % 2)
            rn_free(c);
        rn_group_close(h);
        rn_chan(int) d = rn_make(g, int, 16);
        for (int k = 0; k < 10; k++)
            CHECK_EQ(rn_send(d, k), 0);
        CHECK_EQ(rn_group_wait(other), 0);
        CHECK_EQ(atomic_load(&got), 1);
        CHECK_EQ(rn_len(d), 10);
        rn_group_close(other);
        rn_free(d);
    }
    return 0;
}

static int send_eight(rn_sender(int) c, _Atomic(int) *sent)
{
    static const int v[8] = { 1, 2, 3, 4, 5, 6, 7, 8 };
    size_t n = 99;
    int rc = rn_send_n(c, v, 8, &n);
    CHECK(rc == -EPIPE || rc == -ECANCELED);
    atomic_store(sent, (int)n);
    return 0;
}
RN_TASK(send_eight, rn_sender(int), _Atomic(int) *);

TASK_TEST(batch_that_waited_sends_nothing_to_another_channel)
{
    for (int i = 0; i < 20; i++) {
        _Atomic(int) sent = 0;
        int v;
        rn_group *h = rn_group_new(NULL), *other = rn_group_new(NULL);
        rn_chan(int) c = rn_make(h, int, 0);
        CHECK_EQ(rn_go(other, send_eight, rn_tx(c), &sent), 0);
        await_senders(RAW(c), 1);
        CHECK_EQ(rn_recv(c, &v), 0);
        rn_group_close(h);
        rn_chan(int) d = rn_make(g, int, 16);
        CHECK_EQ(rn_group_wait(other), 0);
        CHECK_EQ(atomic_load(&sent), 1);
        CHECK_EQ(rn_len(d), 0);
        rn_group_close(other);
        rn_free(d);
    }
    return 0;
}

/* ---- channels that are gone before the batch is ---- */

typedef struct fat {
    char bytes[16];
} fat;

struct gone {
    rn_group *owner;
    rn_chan(int) c;
    rn_chan(fat) next;
    bool by_group;
};

/* Frees the channel as soon as its call on it has returned, and uses its memory again. */
static void free_and_use_again(struct gone *w, rn_group *g)
{
    if (w->by_group)
        rn_group_close(w->owner);
    else
        rn_free(w->c);
    w->next = rn_make(g, fat, 8);
}

static int send_one_and_free(struct gone *w, rn_group *g)
{
    CHECK_EQ(rn_send(w->c, 7), 0);
    free_and_use_again(w, g);
    for (int i = 0; i < 8; i++)
        CHECK_EQ(rn_try_send(w->next, { "xxxxxxxxxxxxxxx" }), 0);
    return 0;
}
RN_TASK(send_one_and_free, struct gone *, rn_group *);

static int recv_one_and_free(struct gone *w, rn_group *g)
{
    int v;
    CHECK_EQ(rn_recv(w->c, &v), 0);
    CHECK_EQ(v, 1);
    free_and_use_again(w, g);
    return 0;
}
RN_TASK(recv_one_and_free, struct gone *, rn_group *);

/* With so many calls before it that one of the batch's own lets the peer run. */
static void batch_against(rn_group *g, bool send, bool by_group, int calls)
{
    struct gone w = { .by_group = by_group };
    int buf[8] = { 1, 2, 3, 4, 5, 6, 7, 8 };
    size_t n = 0;
    w.owner = rn_group_new(rn_ctx_background());
    w.c = rn_make(w.owner, int, send ? 8 : 0);
    rn_group *h = rn_group_new(NULL);
    if (send)
        CHECK_EQ(rn_go(h, recv_one_and_free, &w, g), 0);
    else
        CHECK_EQ(rn_go(h, send_one_and_free, &w, g), 0);
    rn_sleep(50 * RN_MICROSECOND); /* the peer waits */
    for (int i = 0; i < calls; i++)
        (void)rn_len((rn_chan(int))NULL);
    if (send) {
        int rc = rn_send_n(w.c, (const int *)buf, 8, &n);
        CHECK(rc == 0 || rc == -EPIPE || rc == -ECANCELED);
        CHECK(n >= 1 && n <= 8 && (rc != 0 || n == 8));
        CHECK_EQ(rn_group_wait(h), 0);
        CHECK_EQ(rn_len(w.next), 0);
    } else {
        CHECK_EQ(rn_recv_n(w.c, buf, 8, &n), 0);
        CHECK_EQ(n, 1);
        CHECK_EQ(buf[0], 7);
        CHECK_EQ(buf[1], 2);
        CHECK_EQ(rn_group_wait(h), 0);
        CHECK_EQ(rn_len(w.next), 8);
    }
    rn_group_close(h);
    rn_free(w.next);
    if (!by_group)
        rn_group_close(w.owner);
}

TASK_TEST(batch_leaves_a_channel_alone_that_its_peer_has_freed)
{
    for (int calls = 0; calls < 300; calls++)
        for (int how = 0; how < 4; how++)
            batch_against(g, how & 1, how & 2, calls);
    return 0;
}
