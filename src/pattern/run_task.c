/* SPDX-License-Identifier: MIT */
/* The tasks of a run: what a part does with its elements, and how a run ends. See run.c. */
#include <string.h>

#include <runnel/select.h>

#include "base/refs.h"
#include "pattern/run.h"

/* ---- ends ---- */

void rni_run_free(rni_run *r)
{
    for (size_t i = 0; i < r->n_links; i++) {
        rni_step_free(&r->links[i].step);
        rni_os_free(r->links[i].results);
    }
    for (size_t i = 0; r->parts && i < r->n_parts; i++) {
        rni_os_free(r->parts[i].items);
        if (r->parts[i].stop)
            rni_channel_release(r->parts[i].stop);
        if (r->parts[i].ops && r->parts[i].ops->end)
            r->parts[i].ops->end(r->parts[i].station.state);
        if (i > 0)
            rn_channel_free(r->parts[i].in, r->site);
    }
    rni_os_free(r->parts);
    rni_credits_free(&r->credits);
    rni_os_free(r);
}

static void run_unref(rni_run *r)
{
    if (RNI_LEAVES_NONE(&r->refs))
        rni_run_free(r);
}

static void part_end(rni_run_part *p)
{
    rni_run *r = p->run;
    if (p == r->parts)
        rn_channel_unref(p->in);
    rni_step_let_go(&r->links[p->from].step);
    rni_channel_close_once(p->out);
    if (p != r->parts) {
        rni_channel_close_once(p->in);
        rni_credits_end(&r->credits);
        for (rni_run_part *before = r->parts; before < p; before++)
            if (before->stop)
                rni_channel_close_once(before->stop);
    }
    run_unref(r);
}

/* ---- steps: each takes n elements and leaves the address and the number of its results ---- */

static void *map(rni_run_link *l, char *items, size_t n)
{
    int (*call)(void *, void *, void *, const void *) = l->step.fn->call;
    const void *captured = l->step.captured;
    size_t in_size = l->in_size, out_size = l->out_size;
    char *result = l->results;
    for (; n > 0; n--, items += in_size, result += out_size)
        call(result, items, NULL, captured);
    return l->results;
}

static size_t filter(rni_run_link *l, char *items, size_t n)
{
    size_t kept = 0;
    for (size_t i = 0; i < n; i++) {
        void *item = items + i * l->in_size;
        bool keep = false;
        l->step.fn->call(&keep, item, NULL, l->step.captured);
        if (!keep)
            rni_items_drop(l->in_drop, item, l->in_size, 1);
        else if (kept++ != i)
            memcpy(items + (kept - 1) * l->in_size, item, l->in_size);
    }
    return kept;
}

static size_t skip(rni_run_link *l, char **items, size_t n)
{
    size_t gone = l->left < (int64_t)n ? (size_t)l->left : n;
    rni_items_drop(l->in_drop, *items, l->in_size, gone);
    *items += gone * l->in_size;
    l->left -= (int64_t)gone;
    return n - gone;
}

static void flat_map(rni_run_part *p, rni_run_link *l, char *items, size_t n)
{
    rni_run *r = p->run;
    for (size_t i = 0; i < n; i++) {
        p->rc = l->step.fn->call(p->out, items + i * l->in_size, NULL, l->step.captured);
        if (p->rc) {
            rni_items_drop(l->in_drop, items + (i + 1) * l->in_size, l->in_size, n - i - 1);
            return;
        }
        rni_credits_more(&r->credits, (size_t)(l - r->links));
    }
}

/* Takes n elements at *items through the links of the part. Returns how many are left there. */
static size_t through(rni_run_part *p, char **items, size_t n)
{
    rni_run *r = p->run;
    for (size_t i = p->from; i < p->to && n; i++) {
        rni_run_link *l = &r->links[i];
        size_t before = n;
        switch (l->step.kind) {
        case RN_STEP_MAP: *items = map(l, *items, n); continue;
        case RN_STEP_FILTER: n = filter(l, *items, n); break;
        case RN_STEP_SKIP:
            if (l->left)
                n = skip(l, items, n);
            break;
        case RN_STEP_TAKE: l->left -= (int64_t)n; continue;
        case RN_STEP_BUFFER: continue;
        case RN_STEP_FLAT_MAP: flat_map(p, l, *items, n); return 0;
        default: break; /* stations are not in here */
        }
        rni_credits_rejected(&r->credits, i, before - n);
    }
    return n;
}

/* ---- the task of a part ---- */

/* How many elements the part may receive now; 0 if its work is done. */
static size_t demand(rni_run_part *p)
{
    const rni_run *r = p->run;
    size_t n = p->now;
    for (size_t i = p->from; i < p->to; i++)
        if (r->links[i].step.kind == RN_STEP_TAKE && r->links[i].left < (int64_t)n)
            n = (size_t)r->links[i].left;
    return n && p == r->parts ? rni_credits_get(&p->run->credits, n) : n;
}

/* How many elements a fused part takes at a time: more as long as it is done with them soon, so
 * that one does not wait long for those behind it; one again if it was not. */
static void pace(rni_run_part *p)
{
    enum { SOON_NS = 50 * 1000 };
    int64_t now = rn_now();
    size_t more = 2 * p->now < p->batch ? 2 * p->now : p->batch;
    p->now = now - p->last < SOON_NS ? more : 1;
    p->last = now;
}

/* Receives one element, or -EPIPE when the run has been stopped. */
static int receive_unless_stopped(rni_run_part *p)
{
    enum { STOP, IN };
    rn_case k[] = { [STOP] = { .op = RN_OP_RECV, .ch = p->stop },
                    [IN] = { .op = RN_OP_RECV, .ch = p->in, .elem = p->items } };
    int chosen = rn_select_ordered_at(k, 2, p->run->site);
    return chosen < 0 ? chosen : chosen == IN ? k[IN].status : -EPIPE;
}

/* Receives up to n elements, which it waits for one of. A sender without a buffer has one at a
 * time: it is let run for the next, while there is one each time. */
static int receive(rni_run_part *p, size_t n, size_t *got)
{
    size_t size = p->run->links[p->from].in_size;
    int rc = 0;
    if (p->stop) {
        rc = receive_unless_stopped(p);
        *got = 1;
    } else {
        rc = rn_channel_recv_n(p->in, p->items, n, got, p->run->site);
    }
    while (rc == 0 && *got < n && (p->in->cap == 0 ? rn_yield() == 0 : p->stop != NULL) &&
           rn_channel_try_recv(p->in, rni_item(p->items, size, *got)) == 0)
        ++*got;
    return rc;
}

static int deliver(rni_run_part *p, char *items, size_t n)
{
    const rni_run_link *last = &p->run->links[p->to - 1];
    size_t sent = 0;
    int rc = n > 1 ? rn_channel_send_n(p->out, items, n, &sent, p->run->site)
                   : rn_channel_send(p->out, items, p->run->site);
    if (rc)
        rni_items_drop(last->out_drop, items + sent * last->out_size, last->out_size, n - sent);
    return rc;
}

static int part_task(void *arg)
{
    rni_run_part *p = *(rni_run_part **)arg;
    int rc = 0;
    for (size_t n; rc == 0 && (n = demand(p)) > 0;) {
        rc = receive(p, n, &n);
        if (rc)
            break;
        if (p == p->run->parts)
            rni_credits_use(&p->run->credits, n);
        char *items = p->items;
        n = through(p, &items, n);
        rc = n ? deliver(p, items, n) : p->rc;
        if (p->paced)
            pace(p);
    }
    part_end(p);
    return rni_stage_result(rc);
}

typedef struct worker {
    rni_run_part *part;
    size_t index;
} worker;

static void worker_end(rni_run_part *p)
{
    if (RNI_LEAVES_NONE(&p->tasks))
        part_end(p);
}

static int station_task(void *arg)
{
    worker w = *(worker *)arg;
    int rc = w.part->ops->work(&w.part->station, w.index);
    worker_end(w.part);
    return rni_stage_result(rc);
}

static const char *name_of(const rni_run_part *p)
{
    static const char *const names[] = { [RN_STEP_MAP] = "map",
                                         [RN_STEP_FILTER] = "filter",
                                         [RN_STEP_FLAT_MAP] = "flat-map",
                                         [RN_STEP_TAKE] = "take",
                                         [RN_STEP_SKIP] = "skip",
                                         [RN_STEP_BUFFER] = "buffer",
                                         [RN_STEP_ZIP] = "zip",
                                         [RN_STEP_PARALLEL] = "parallel map",
                                         [RN_STEP_ORDERED] = "ordered map",
                                         [RN_STEP_BATCH] = "batch",
                                         [RN_STEP_THROTTLE] = "throttle" };
    const rn_step *step = &p->run->links[p->from].step;
    if (p->to > p->from + 1)
        return "chain";
    return step->fn ? step->fn->name : names[step->kind];
}

static void start_station(rni_run_part *p)
{
    const rni_run *r = p->run;
    size_t n = rni_station_tasks(&r->links[p->from].step);
    atomic_store_explicit(&p->tasks, n, memory_order_relaxed);
    for (size_t i = 0; i < n; i++) {
        worker w = { p, i };
        if (rn_group_go(r->group, station_task, &w, sizeof w, &rni_in_background, name_of(p),
                        r->site) != 0)
            worker_end(p);
    }
}

void rni_run_start(rni_run *r)
{
    atomic_store_explicit(&r->refs, r->n_parts + 1, memory_order_relaxed);
    /* What cannot be started has ended; the group tells why. */
    for (size_t i = 0; i < r->n_parts; i++) {
        rni_run_part *p = &r->parts[i];
        if (p->ops)
            start_station(p);
        else if (rn_group_go(r->group, part_task, &p, sizeof p, &rni_in_background, name_of(p),
                             r->site) != 0)
            part_end(p);
    }
    run_unref(r);
}
