/* SPDX-License-Identifier: MIT */
/*
 * Batches: the elements of a channel by the handful. The task collects into an array that grows as
 * it fills, and gives it away with the batch.
 */
#include <string.h>

#include <runnel/task.h>

#include "pattern/stage.h"

enum { FIRST_ROOM = 16 };

typedef struct batcher {
    rn_channel *in, *out; /* in is kept while the task runs */
    size_t n, size;
    void (*drop)(void *);
    int64_t ns;
    const char *site;
} batcher;

void rn_batch_free(rn_batch *b)
{
    rni_items_drop(b->drop, b->items, b->size, b->count);
    rni_os_free(b->items);
    b->items = NULL;
    b->count = 0;
}

static void drop_batch(void *element)
{
    rn_batch_free(element);
}

void *rn_batch_at(const rn_batch *b, size_t size, size_t i, const char *site)
{
    if (size != b->size)
        rni_panic(site, "a batch of elements of %zu bytes read as one of %zu", b->size, size);
    if (i >= b->count)
        rni_panic(site, "element %zu of a batch of %zu", i, b->count);
    return rni_item(b->items, size, i);
}

/* Makes room for one element more. */
static bool grow(batcher *s, rn_batch *b, size_t *room)
{
    if (b->count < *room)
        return true;
    size_t more = *room ? 2 * *room : FIRST_ROOM;
    if (more > s->n)
        more = s->n;
    void *items = rni_items_new(s->size, more);
    if (!items)
        return false;
    if (b->count)
        memcpy(items, b->items, b->count * s->size);
    rni_os_free(b->items);
    b->items = items;
    *room = more;
    return true;
}

/* Collects a batch. 0 if it is complete; else why it ends, which may be behind some elements. */
static int collect(batcher *s, rn_batch *b)
{
    size_t room = 0;
    int64_t deadline = RN_FOREVER;
    while (b->count < s->n) {
        if (!grow(s, b, &room))
            return -ENOMEM;
        void *item = rni_item(b->items, s->size, b->count);
        int rc = b->count ? rn_channel_recv_until(s->in, item, deadline, s->site)
                          : rn_channel_recv(s->in, item, s->site);
        if (rc)
            return rc == -ETIMEDOUT ? 0 : rc;
        if (b->count++ == 0 && __builtin_add_overflow(rn_now(), s->ns, &deadline))
            deadline = s->ns < 0 ? 0 : RN_FOREVER;
    }
    return 0;
}

static int end(batcher *s, int rc)
{
    rn_channel *out = s->out;
    rn_channel_unref(s->in);
    rni_os_free(s);
    rni_channel_close_once(out);
    return rni_stage_result(rc);
}

static int batch_task(void *arg)
{
    batcher *s = *(batcher **)arg;
    int rc = 0;
    while (rc == 0) {
        rn_batch b = { .size = s->size, .drop = s->drop };
        rc = collect(s, &b);
        int sent = b.count ? rn_channel_send(s->out, &b, s->site) : -EAGAIN;
        if (sent != 0)
            rn_batch_free(&b);
        if (rc == 0)
            rc = sent;
    }
    return end(s, rc);
}

rn_channel *rn_batch_start(rn_group *g, rn_channel *in, int64_t n, int64_t ns, size_t size,
                           const char *site)
{
    if (!g)
        rni_panic(site, "a stage needs a group");
    rni_stage_check(in, size, site);
    batcher *s = rni_os_alloc(sizeof *s);
    rn_channel *out = s ? rni_stage_out(g, sizeof(rn_batch), 0, drop_batch, site) : NULL;
    if (!out) {
        rni_os_free(s);
        return rni_stage_failed(g);
    }
    rn_channel_ref(in);
    *s = (batcher){ .in = in,
                    .out = out,
                    .n = n < 1 ? 1 : (size_t)n,
                    .size = size,
                    .drop = in ? in->drop : NULL,
                    .ns = ns,
                    .site = site };
    if (rn_group_go(g, batch_task, &s, sizeof s, &rni_in_background, "batch", site) != 0)
        end(s, 0);
    return out;
}
