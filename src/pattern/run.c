/* SPDX-License-Identifier: MIT */
/*
 * Runs of chains.
 *
 * A run is cut into parts, each with a task, an input and an output channel and some of the steps:
 * behind every step, or, fused, behind flat-maps and buffers only. A part receives a few elements
 * (one, unless batched), takes them through its steps in place or from one array to the next, and
 * sends what is left. A value in these arrays belongs to the part, which drops it when a step
 * rejects it or the output refuses it. A station (station.h) is a part of its own, with tasks and a
 * loop of its own; the part ends with the last of them.
 *
 * A part that ends closes its output and its input, if that is inside the run. So the end of the
 * source runs down the chain as closes of outputs, and the end of a take up as closes of inputs.
 *
 * Nothing is taken from the source in vain: a take in a part behind the first has a limit
 * (credits.h), and whoever rejects an element says so. A flat-map with a take behind it is itself a
 * limit, of one credit, which comes back when its function returns; and then no limit behind it is
 * kept. Nor is one behind a batch, which says itself what it takes. Takes in the first part are
 * looked at directly, since nothing is under way when it receives. A station knows nothing of
 * credits: with a take behind it, it is not the first part.
 *
 * With a take behind a flat-map or a batch the first part may wait for an element that nobody needs
 * any more when the take is full, and a station for something else. Their `stop`, which there is in
 * such runs only, is closed when a part behind them has ended, and ends these waits.
 *
 * `refs` counts the parts that have not ended; the last one to end frees the run and its inner
 * channels.
 */
#include <string.h>

#include <runnel/select.h>

#include "pattern/credits.h"
#include "pattern/station.h"

enum { BATCH_MAX = 64, BATCH_BYTES = 32 * 1024 };

typedef struct link {
    rn_step step;
    size_t in_size, out_size;
    void (*in_drop)(void *), (*out_drop)(void *);
    int64_t left;  /* TAKE, SKIP; the part's task */
    void *results; /* MAP: room for a part's batch; the part's task */
} link;

typedef struct part {
    struct run *run;
    size_t from, to; /* its links; fixed */
    rn_channel *in, *out;
    void *items;                /* room for batch elements */
    size_t batch;               /* fixed */
    int rc;                     /* of a flat-map's function */
    rn_channel *stop;           /* or NULL; fixed */
    const rni_station_ops *ops; /* of a station, or NULL; fixed */
    rni_station station;
    _Atomic(size_t) tasks; /* of a station, that have not ended */
} part;

typedef struct run {
    _Atomic(size_t) refs;
    rn_group *group;
    const char *site;
    size_t n_links, n_parts;
    size_t flat, takes; /* the first flat-map or batch, the end of the last take; fixed */
    part *parts;
    rni_credits credits;
    link links[];
} run;

/* ---- ends ---- */

static void run_free(run *r)
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

static void run_unref(run *r)
{
    /* acq_rel: the parts' last uses of the run happen before its end */
    if (atomic_fetch_sub_explicit(&r->refs, 1, memory_order_acq_rel) == 1)
        run_free(r);
}

static void part_end(part *p)
{
    run *r = p->run;
    if (p == r->parts)
        rn_channel_unref(p->in);
    rni_step_let_go(&r->links[p->from].step);
    rni_channel_close_once(p->out);
    if (p != r->parts) {
        rni_channel_close_once(p->in);
        rni_credits_end(&r->credits);
        for (part *before = r->parts; before < p; before++)
            if (before->stop)
                rni_channel_close_once(before->stop);
    }
    run_unref(r);
}

/* ---- steps: each takes n elements and leaves the address and the number of its results ---- */

static void *map(link *l, char *items, size_t n)
{
    for (size_t i = 0; i < n; i++)
        l->step.fn->call(rni_item(l->results, l->out_size, i), items + i * l->in_size, NULL,
                         l->step.captured);
    return l->results;
}

static size_t filter(link *l, char *items, size_t n)
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

static size_t skip(link *l, char **items, size_t n)
{
    size_t gone = l->left < (int64_t)n ? (size_t)l->left : n;
    rni_items_drop(l->in_drop, *items, l->in_size, gone);
    *items += gone * l->in_size;
    l->left -= (int64_t)gone;
    return n - gone;
}

static void flat_map(part *p, link *l, char *items, size_t n)
{
    run *r = p->run;
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
static size_t through(part *p, char **items, size_t n)
{
    run *r = p->run;
    for (size_t i = p->from; i < p->to && n; i++) {
        link *l = &r->links[i];
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
static size_t demand(part *p)
{
    const run *r = p->run;
    size_t n = p->batch;
    for (size_t i = p->from; i < p->to; i++)
        if (r->links[i].step.kind == RN_STEP_TAKE && r->links[i].left < (int64_t)n)
            n = (size_t)r->links[i].left;
    return n && p == r->parts ? rni_credits_get(&p->run->credits, n) : n;
}

/* Receives one element, or -EPIPE when the run has been stopped. */
static int receive_unless_stopped(part *p)
{
    enum { STOP, IN };
    rn_case k[] = { [STOP] = { .op = RN_OP_RECV, .ch = p->stop },
                    [IN] = { .op = RN_OP_RECV, .ch = p->in, .elem = p->items } };
    int chosen = rn_select_ordered_at(k, 2, p->run->site);
    return chosen < 0 ? chosen : chosen == IN ? k[IN].status : -EPIPE;
}

/* Receives up to n elements, which it waits for one of. A sender without a buffer has one at a
 * time: it is let run for the next, while there is one each time. */
static int receive(part *p, size_t n, size_t *got)
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

static int deliver(part *p, char *items, size_t n)
{
    const link *last = &p->run->links[p->to - 1];
    size_t sent = 0;
    int rc = n > 1 ? rn_channel_send_n(p->out, items, n, &sent, p->run->site)
                   : rn_channel_send(p->out, items, p->run->site);
    if (rc)
        rni_items_drop(last->out_drop, items + sent * last->out_size, last->out_size, n - sent);
    return rc;
}

static int part_task(void *arg)
{
    part *p = *(part **)arg;
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
    }
    part_end(p);
    return rni_stage_result(rc);
}

typedef struct worker {
    part *part;
    size_t index;
} worker;

static void worker_end(part *p)
{
    /* acq_rel: the tasks' last uses of the station happen before its end */
    if (atomic_fetch_sub_explicit(&p->tasks, 1, memory_order_acq_rel) == 1)
        part_end(p);
}

static int station_task(void *arg)
{
    worker w = *(worker *)arg;
    int rc = w.part->ops->work(&w.part->station, w.index);
    worker_end(w.part);
    return rni_stage_result(rc);
}

/* ---- starting ---- */

static bool cut_behind(const link *l, rn_mode mode)
{
    return mode != RN_FUSED || l->step.kind == RN_STEP_FLAT_MAP || l->step.kind == RN_STEP_BUFFER ||
           rni_station_of(l->step.kind);
}

static size_t batch_of(size_t size, rn_mode mode)
{
    size_t fit = size ? BATCH_BYTES / size : BATCH_MAX;
    if (mode != RN_BATCHED || fit < 1)
        return 1;
    return fit < BATCH_MAX ? fit : BATCH_MAX;
}

/* Adds a copy of the step behind those there are. */
static bool add_link(run *r, const rn_step *step, size_t size, void (*drop)(void *))
{
    size_t i = r->n_links;
    link *l = &r->links[i];
    if (!rni_step_copy(&l->step, step))
        return false;
    r->n_links++;
    l->left = l->step.n;
    l->in_size = size;
    l->in_drop = drop;
    l->out_size = rni_step_out(&l->step, size);
    if (l->step.kind == RN_STEP_BATCH)
        l->out_drop = rni_batch_drop;
    else
        l->out_drop = rni_step_makes(&l->step) ? l->step.drop : drop;
    if ((l->step.kind == RN_STEP_FLAT_MAP || l->step.kind == RN_STEP_BATCH) && r->flat > i)
        r->flat = i;
    if (l->step.kind == RN_STEP_TAKE)
        r->takes = i + 1;
    return true;
}

/* Copies the steps and works out what flows between them. There is room for one more. */
static bool make_links(run *r, const rn_step *steps, size_t n, const rn_channel *in)
{
    static const rn_step pass = { .kind = RN_STEP_SKIP };
    size_t size = rni_step_in(&steps[0], in ? in->size : 0);
    void (*drop)(void *) = in ? in->drop : NULL;
    bool takes = false;
    rni_stage_check(in, size, r->site);
    r->flat = SIZE_MAX;
    for (size_t i = 0; i < n; i++)
        takes |= steps[i].kind == RN_STEP_TAKE;
    if (takes && rni_station_of(steps[0].kind) && !add_link(r, &pass, size, drop))
        return false;
    for (size_t i = 0; i < n; i++) {
        if (rni_step_in(&steps[i], size) != size) /* joined when the size was not known */
            rni_panic(r->site, "a step for elements of %zu bytes behind one of %zu",
                      rni_step_in(&steps[i], size), size);
        if (!add_link(r, &steps[i], size, drop))
            return false;
        size = r->links[r->n_links - 1].out_size;
        drop = r->links[r->n_links - 1].out_drop;
    }
    return true;
}

/* Makes room for the elements that a part has in hand. */
static bool make_items(run *r, part *p, rn_mode mode)
{
    p->batch = batch_of(r->links[p->from].in_size, mode);
    p->items = rni_items_new(r->links[p->from].in_size, p->batch);
    for (size_t i = p->from; i < p->to; i++) {
        link *l = &r->links[i];
        if (l->step.kind == RN_STEP_MAP)
            l->results = rni_items_new(l->out_size, p->batch);
        if (l->step.kind == RN_STEP_MAP && !l->results)
            return false;
    }
    return p->items;
}

static bool make_station(run *r, part *p)
{
    const link *l = &r->links[p->from];
    p->station = (rni_station){ .step = &l->step,
                                .in = p->in,
                                .out = p->out,
                                .in_size = l->in_size,
                                .out_size = l->out_size,
                                .in_drop = l->in_drop,
                                .out_drop = l->out_drop,
                                .stop = p->stop,
                                .site = r->site };
    return !p->ops->make || p->ops->make(&p->station);
}

/* Sets up the part that begins at link `from`; in is its input. */
static bool make_part(run *r, part *p, size_t from, rn_channel *in, rn_mode mode)
{
    p->run = r;
    p->from = from;
    p->ops = rni_station_of(r->links[from].step.kind);
    for (p->to = from + 1; p->to < r->n_links && !cut_behind(&r->links[p->to - 1], mode) &&
                           !rni_station_of(r->links[p->to].step.kind);
         p->to++)
        continue;
    p->in = in;
    if (r->flat < r->takes && (p == r->parts || p->ops)) {
        p->stop = rni_channel_make(0, 1, 0, NULL, r->site);
        if (!p->stop)
            return false;
    }
    const link *last = &r->links[p->to - 1];
    /* Whatever is held between a flat-map and a take may have been taken in vain. And a throttled
     * element is not to be had before its time. */
    if ((r->flat <= from && from < r->takes) || last->step.kind == RN_STEP_THROTTLE)
        mode = RN_TASKS;
    size_t cap = mode == RN_BATCHED ? batch_of(last->out_size, mode) : 0;
    if (last->step.kind == RN_STEP_BUFFER && (size_t)last->step.n > cap)
        cap = (size_t)last->step.n;
    p->out = rni_stage_out(r->group, last->out_size, cap, last->out_drop, r->site);
    return p->out && (p->ops ? make_station(r, p) : make_items(r, p, mode));
}

static bool make_parts(run *r, rn_channel *in, rn_mode mode)
{
    r->parts = rni_os_alloc(r->n_links * sizeof *r->parts);
    for (size_t from = 0; r->parts && from < r->n_links; from = r->parts[r->n_parts - 1].to) {
        part *p = &r->parts[r->n_parts++];
        if (!make_part(r, p, from, in, mode))
            return false;
        in = p->out;
    }
    return r->parts != NULL;
}

static bool make_limits(run *r)
{
    size_t from = r->parts[0].to;
    if (from >= r->takes || r->flat < from)
        return true; /* no take behind the first part, or one behind what does not count */
    if (!rni_credits_init(&r->credits, r->takes - from, r->site))
        return false;
    for (size_t i = from; i < r->takes && i <= r->flat; i++) {
        const link *l = &r->links[i]; /* a batch at r->flat has no limit */
        if (l->step.kind == RN_STEP_TAKE || l->step.kind == RN_STEP_FLAT_MAP)
            rni_credits_add(&r->credits, i, i == r->flat ? 1 : l->left);
    }
    return true;
}

static const char *name_of(const part *p)
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

static void start_station(part *p)
{
    const run *r = p->run;
    size_t n = rni_station_tasks(&r->links[p->from].step);
    atomic_store_explicit(&p->tasks, n, memory_order_relaxed);
    for (size_t i = 0; i < n; i++) {
        worker w = { p, i };
        if (rn_group_go(r->group, station_task, &w, sizeof w, &rni_in_background, name_of(p),
                        r->site) != 0)
            worker_end(p);
    }
}

static void start_parts(run *r)
{
    atomic_store_explicit(&r->refs, r->n_parts + 1, memory_order_relaxed);
    /* What cannot be started has ended; the group tells why. */
    for (size_t i = 0; i < r->n_parts; i++) {
        part *p = &r->parts[i];
        if (p->ops)
            start_station(p);
        else if (rn_group_go(r->group, part_task, &p, sizeof p, &rni_in_background, name_of(p),
                             r->site) != 0)
            part_end(p);
    }
    run_unref(r);
}

static rn_channel *start(rn_group *g, rn_channel *in, const rn_step *steps, size_t n, rn_mode mode,
                         const char *site)
{
    if (in == &rni_no_channel)
        return in; /* whose elements have no size to go by */
    run *r = rni_os_alloc(sizeof *r + (n + 1) * sizeof r->links[0]);
    if (!r)
        return rni_stage_failed(g);
    r->group = g;
    r->site = site;
    rn_channel_ref(in); /* the source's group may close first; given back by the first part */
    if (!make_links(r, steps, n, in) || !make_parts(r, in, mode) || !make_limits(r)) {
        if (r->n_parts)
            rn_channel_free(r->parts[r->n_parts - 1].out, site);
        run_free(r);
        rn_channel_unref(in);
        return rni_stage_failed(g);
    }
    rn_channel *out = r->parts[r->n_parts - 1].out;
    start_parts(r);
    return out;
}

rn_channel *rn_chain_start(rn_group *g, rn_channel *in, const rn_chain *chain, rn_mode mode,
                           const char *site)
{
    if (!g)
        rni_panic(site, "a stage needs a group");
    if (!chain)
        return rni_stage_failed(g);
    return start(g, in, chain->steps, chain->n, mode, site);
}

rn_channel *rn_step_start(rn_group *g, rn_channel *in, const rn_step *step, const char *site)
{
    if (!g)
        rni_panic(site, "a stage needs a group");
    return start(g, in, step, 1, RN_TASKS, site);
}
