/* SPDX-License-Identifier: MIT */
/*
 * Parallel maps: n workers call one function on the elements of a channel.
 *
 * Unordered, each worker receives and sends for itself. Ordered, a worker receives under `reading`
 * and draws a ticket, so that tickets are in the order of the elements, and sends when it is its
 * turn. Turns are semaphores, since each has one waiter: at most n tickets are out, so ticket
 * modulo n tells them apart. A worker that waits for its turn takes nothing, so no more than n
 * elements are ahead of the output. Only a cancelled worker ends without giving the turn on, and
 * then all are cancelled.
 *
 * The last worker to end frees the pool.
 */
#include <runnel/sync.h>

#include "pattern/stage.h"

typedef struct pool {
    _Atomic(size_t) refs;
    rn_channel *in, *out; /* in is kept while a worker runs */
    rn_step step;
    void *items, *results; /* one a worker */
    size_t n;
    rn_semaphore *turns; /* n of them; NULL: unordered */
    rn_mutex reading;
    size_t tickets; /* drawn; under reading */
    const char *site;
} pool;

typedef struct worker {
    pool *pool;
    size_t index;
} worker;

static void pool_free(pool *p)
{
    rn_channel_unref(p->in);
    rni_step_free(&p->step);
    rni_os_free(p->items);
    rni_os_free(p->results);
    rni_os_free(p->turns);
    rni_os_free(p);
}

static void pool_unref(pool *p)
{
    /* acq_rel: the workers' last uses of the pool happen before its end */
    if (atomic_fetch_sub_explicit(&p->refs, 1, memory_order_acq_rel) != 1)
        return;
    rn_channel *out = p->out;
    pool_free(p);
    rni_channel_close_once(out);
}

static int receive(pool *p, void *item, size_t *ticket)
{
    if (!p->turns)
        return rn_channel_recv(p->in, item, p->site);
    int rc = rn_mutex_lock_at(&p->reading, p->site);
    if (rc)
        return rc;
    rc = rn_channel_recv(p->in, item, p->site);
    if (rc == 0)
        *ticket = p->tickets++;
    rn_mutex_unlock_at(&p->reading, p->site);
    return rc;
}

static int deliver(pool *p, void *result, size_t ticket)
{
    int rc = p->turns ? rn_semaphore_acquire_at(&p->turns[ticket % p->n], 1, p->site) : 0;
    if (rc == 0)
        rc = rn_channel_send(p->out, result, p->site);
    if (rc)
        rni_items_drop(p->step.drop, result, p->step.fn->result_size, 1);
    else if (p->turns)
        rn_semaphore_release(&p->turns[(ticket + 1) % p->n], 1);
    return rc;
}

static int worker_task(void *arg)
{
    worker w = *(worker *)arg;
    const rn_function *fn = w.pool->step.fn;
    void *item = rni_item(w.pool->items, fn->a_size, w.index);
    void *result = rni_item(w.pool->results, fn->result_size, w.index);
    size_t ticket = 0;
    int rc;
    while ((rc = receive(w.pool, item, &ticket)) == 0) {
        fn->call(result, item, NULL, w.pool->step.captured);
        rc = deliver(w.pool, result, ticket);
        if (rc)
            break;
    }
    pool_unref(w.pool);
    return rni_stage_result(rc);
}

/* Fills in the pool; false: no memory. */
static bool pool_init(pool *p, rn_channel *in, size_t n, bool ordered, const rn_step *step,
                      const char *site)
{
    rn_channel_ref(p->in = in);
    p->n = n;
    p->site = site;
    p->items = rni_items_new(step->fn->a_size, n);
    p->results = rni_items_new(step->fn->result_size, n);
    if (ordered) {
        p->turns = rni_items_new(sizeof *p->turns, n);
        if (!p->turns)
            return false;
        p->turns[0] = (rn_semaphore)RN_SEMAPHORE_INIT(1);
    }
    return rni_step_copy(&p->step, step) && p->items && p->results;
}

rn_channel *rn_parallel_start(rn_group *g, rn_channel *in, int64_t n, bool ordered,
                              const rn_step *step, const char *site)
{
    const rn_function *fn = step->fn;
    if (!g)
        rni_panic(site, "a stage needs a group");
    rni_stage_check(in, fn->a_size, site);
    pool *p = rni_os_alloc(sizeof *p);
    if (!p)
        return rni_stage_failed(g);
    size_t count = n < 1 ? 1 : (size_t)n;
    bool ok = pool_init(p, in, count, ordered, step, site);
    rn_channel *out = ok ? rni_stage_out(g, fn->result_size, 0, step->drop, site) : NULL;
    if (!out) {
        pool_free(p);
        return rni_stage_failed(g);
    }
    p->out = out;
    atomic_store_explicit(&p->refs, count + 1, memory_order_relaxed);
    for (size_t i = 0; i < count; i++) {
        worker w = { p, i };
        if (rn_group_go(g, worker_task, &w, sizeof w, &rni_in_background, fn->name, site) != 0)
            pool_unref(p);
    }
    pool_unref(p);
    return out;
}
