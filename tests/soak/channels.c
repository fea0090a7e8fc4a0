/* SPDX-License-Identifier: MIT */
/* Loads of channels: unbuffered and buffered ones, batches, selects, drops, stages. */
#include <errno.h>
#include <stdlib.h>

#include "soak/soak.h"

typedef struct sum {
    uint64_t n, total;
} sum;

static void add(sum *s, uint64_t value)
{
    s->n++;
    s->total += value;
}

/* ---- many to many ---- */

static int produce(rn_sender(uint64_t) out, uint64_t from, uint64_t n)
{
    sum sent = { 0 };
    int rc = 0;
    for (uint64_t v = from; v < from + n; v++) {
        if ((rc = rn_send(out, v)) != 0)
            break;
        add(&sent, v);
    }
    soak_sent(sent.n, sent.total);
    return rc;
}
RN_TASK(produce, rn_sender(uint64_t), uint64_t, uint64_t);

static int consume(rn_receiver(uint64_t) in, rn_sender(sum) result)
{
    sum got = { 0 };
    for (uint64_t v; rn_recv(in, &v) == 0;)
        add(&got, v);
    soak_received(got.n, got.total);
    return rn_send(result, got);
}
RN_TASK(consume, rn_receiver(uint64_t), rn_sender(sum));

static void many_to_many(rn_group *g, uint64_t seed)
{
    enum { CONSUMERS = 3, EACH = 40 };
    uint64_t producers = 1 + soak_random(&seed) % 4;
    rn_chan(uint64_t) c = rn_make(g, uint64_t, soak_random(&seed) % 3 * 4);
    rn_chan(sum) results = rn_make(g, sum, 0);
    rn_group *senders = rn_group_new(NULL);
    SOAK_CHECK(c && results && senders);
    for (uint64_t i = 0; i < producers; i++)
        SOAK_CHECK(rn_go(senders, produce, rn_tx(c), 1 + i * EACH, EACH) == 0);
    for (int i = 0; i < CONSUMERS; i++)
        SOAK_CHECK(rn_go(g, consume, rn_rx(c), rn_tx(results)) == 0);
    SOAK_CHECK(rn_group_wait(senders) == 0);
    rn_close(c);
    sum all = { 0 };
    for (int i = 0; i < CONSUMERS; i++) {
        sum part;
        SOAK_CHECK(rn_recv(results, &part) == 0);
        all.n += part.n;
        all.total += part.total;
    }
    uint64_t n = producers * EACH;
    SOAK_CHECK(all.n == n && all.total == n * (n + 1) / 2);
    SOAK_CHECK(rn_group_close(senders) == 0);
}

/* ---- batches ---- */

static int produce_batches(rn_sender(uint32_t) out, uint64_t n)
{
    uint32_t values[7];
    for (uint64_t next = 1; next <= n;) {
        size_t k = 0, sent;
        while (k < 7 && next <= n)
            values[k++] = (uint32_t)next++;
        SOAK_CHECK(rn_send_n(out, values, k, &sent) == 0 && sent == k);
    }
    soak_sent(n, n * (n + 1) / 2);
    rn_close(out);
    return 0;
}
RN_TASK(produce_batches, rn_sender(uint32_t), uint64_t);

static void batches(rn_group *g, uint64_t seed)
{
    uint64_t n = soak_random(&seed) % 300, expected = 1;
    rn_chan(uint32_t) c = rn_make(g, uint32_t, soak_random(&seed) % 20);
    SOAK_CHECK(c && rn_go(g, produce_batches, rn_tx(c), n) == 0);
    uint32_t values[11];
    size_t got;
    while (rn_recv_n(c, values, 11, &got) == 0)
        for (size_t i = 0; i < got; i++)
            SOAK_CHECK(values[i] == expected++);
    SOAK_CHECK(expected == n + 1);
    soak_received(n, n * (n + 1) / 2);
}

/* ---- selects ---- */

/* Sends 1 to n, each on whichever channel takes it first. */
static int spread(rn_sender(uint64_t) a, rn_sender(uint64_t) b, rn_sender(uint64_t) nil, uint64_t n)
{
    for (uint64_t v = 1; v <= n; v++) {
        int chosen = rn_select(RN_SEND(a, v), RN_SEND(b, v), RN_SEND(nil, v));
        SOAK_CHECK(chosen == 0 || chosen == 1);
    }
    soak_sent(n, n * (n + 1) / 2);
    return 0;
}
RN_TASK(spread, rn_sender(uint64_t), rn_sender(uint64_t), rn_sender(uint64_t), uint64_t);

static void selects(rn_group *g, uint64_t seed)
{
    enum { A, B, LATE, NOTHING };
    uint64_t n = 20 + soak_random(&seed) % 100;
    rn_chan(uint64_t) a = rn_make(g, uint64_t, soak_random(&seed) % 2);
    rn_chan(uint64_t) b = rn_make(g, uint64_t, soak_random(&seed) % 5);
    rn_chan(uint64_t) nil = NULL;
    SOAK_CHECK(a && b && rn_go(g, spread, rn_tx(a), rn_tx(b), rn_tx(nil), n) == 0);
    sum got = { 0 };
    while (got.n < n) {
        uint64_t v = 0;
        bool ok;
        int chosen;
        if (soak_random(&seed) % 8 == 0)
            chosen = rn_select([A] = RN_RECV(a, &v, &ok), [B] = RN_RECV(b, &v, &ok),
                               [NOTHING] = RN_DEFAULT);
        else
            chosen = rn_select_ordered([A] = RN_RECV(a, &v, &ok), [B] = RN_RECV(b, &v, &ok),
                                       [LATE] = RN_AFTER(RN_SECOND));
        SOAK_CHECK(chosen >= 0);
        if (chosen == A || chosen == B) {
            SOAK_CHECK(ok);
            add(&got, v);
        }
    }
    SOAK_CHECK(got.total == n * (n + 1) / 2);
    soak_received(got.n, got.total);
}

/* ---- values that must be freed, through a cancelled group ---- */

static void drop(void *element)
{
    uint64_t *v = *(uint64_t **)element;
    soak_dropped(1, *v);
    free(v);
}

static int send_owned(rn_sender(uint64_t *) out, uint64_t seed)
{
    int rc = 0;
    while (rc == 0) {
        uint64_t *v = malloc(sizeof *v);
        SOAK_CHECK(v);
        *v = soak_random(&seed);
        soak_sent(1, *v);
        if ((rc = rn_send(out, v)) != 0)
            drop(&v); /* still this task's */
    }
    SOAK_CHECK(rc == -ECANCELED);
    return 0;
}
RN_TASK(send_owned, rn_sender(uint64_t *), uint64_t);

static int receive_owned(rn_receiver(uint64_t *) in)
{
    for (uint64_t *v; rn_recv(in, &v) == 0; free(v))
        soak_received(1, *v);
    return 0;
}
RN_TASK(receive_owned, rn_receiver(uint64_t *));

static void drops(rn_group *g, uint64_t seed)
{
    rn_chan(uint64_t *) c = rn_make_drop(g, uint64_t *, soak_random(&seed) % 6, drop);
    rn_group *work = rn_group_new(NULL);
    SOAK_CHECK(c && work);
    for (int i = 0; i < 3; i++) {
        SOAK_CHECK(rn_go(work, send_owned, rn_tx(c), seed + (uint64_t)i) == 0);
        SOAK_CHECK(i == 2 || rn_go(work, receive_owned, rn_rx(c)) == 0);
    }
    rn_sleep((int64_t)(soak_random(&seed) % 300) * RN_MICROSECOND);
    rn_group_cancel(work, -EIO);
    SOAK_CHECK(rn_group_close(work) == -EIO);
}

/* ---- stages ---- */

static uint64_t doubled(uint64_t v)
{
    return 2 * v;
}
RN_STAGE(doubled, uint64_t, uint64_t);

static bool is_even(uint64_t v)
{
    return v % 2 == 0;
}
RN_STAGE(is_even, bool, uint64_t);

static void stages(rn_group *g, uint64_t seed)
{
    static const rn_mode modes[] = { RN_TASKS, RN_FUSED, RN_BATCHED };
    uint64_t n = 1 + soak_random(&seed) % 200;
    rn_chan(uint64_t) c = rn_make(g, uint64_t, 4);
    SOAK_CHECK(c);
    rn_group *source = rn_group_new(NULL);
    SOAK_CHECK(source && rn_go(source, produce, rn_tx(c), 1, n) == 0);
    rn_stage(uint64_t, uint64_t) even = rn_stage_filter(g, is_even);
    rn_stage(uint64_t, uint64_t) twice = rn_stage_map(g, doubled);
    rn_stage(uint64_t, uint64_t) both = rn_compose(uint64_t, even, twice);
    rn_receiver(uint64_t) out = rn_start_with(g, rn_rx(c), both, modes[soak_random(&seed) % 3]);
    out = rn_parallel_map(g, out, 3, doubled);
    sum got = { 0 };
    uint64_t evens = n / 2;
    while (got.n < evens) {
        uint64_t v;
        SOAK_CHECK(rn_recv(out, &v) == 0);
        add(&got, v);
    }
    SOAK_CHECK(got.total == 4 * evens * (evens + 1));
    SOAK_CHECK(rn_group_wait(source) == 0); /* an odd value may be left to be sent */
    SOAK_CHECK(rn_group_close(source) == 0);
    rn_close(c);
    SOAK_CHECK(rn_wait(out) == -EPIPE);
    soak_received(n, n * (n + 1) / 2);
}

const soak_load soak_channels[] = {
    { "many to many", many_to_many, 0 },
    { "batches", batches, 0 },
    { "selects", selects, 0 },
    { "drops", drops, 0 },
    { "stages", stages, 0 },
    { 0 },
};
