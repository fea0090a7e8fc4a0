/* SPDX-License-Identifier: MIT */
/*
 * Runs of chains.
 *
 * A run is cut into parts, each with a task, an input and an output channel and some of the steps:
 * behind every step, or, fused, behind flat-maps and buffers only. A part receives a few elements
 * (one, unless batched or between buffers), takes them through its steps in place or from one array
 * to the next, and sends what is left. A value in these arrays belongs to the part, which drops it
 * when a step rejects it or the output refuses it. A station (station.h) is a part of its own, with
 * tasks and a loop of its own; the part ends with the last of them.
 *
 * A fused part between two buffers is let run ahead by them, so it takes what is there, up to twice
 * what the second holds: a source that waits for room in a buffer of that size holds one element
 * more, which would cost a turn of its own. It waits for nothing but a first element, and sends all
 * it has before it receives again. No element waits long for those that were received with it: the
 * number falls to one when a turn has taken 50 us, and is doubled when it has not.
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
#include "pattern/run.h"

enum { BATCH_MAX = 64, BATCH_BYTES = 32 * 1024 };

static bool cut_behind(const rni_run_link *l, rn_mode mode)
{
    return mode != RN_FUSED || l->step.kind == RN_STEP_FLAT_MAP || l->step.kind == RN_STEP_BUFFER ||
           rni_station_of(l->step.kind);
}

static size_t least(size_t a, size_t b)
{
    return a < b ? a : b;
}

/* How many elements of that size are moved at a time, one at least. */
static size_t batch_of(size_t size)
{
    size_t fit = size ? BATCH_BYTES / size : BATCH_MAX;
    return fit < 1 ? 1 : least(fit, BATCH_MAX);
}

/* Adds a copy of the step behind those there are. */
static bool add_link(rni_run *r, const rn_step *step, size_t size, void (*drop)(void *))
{
    size_t i = r->n_links;
    rni_run_link *l = &r->links[i];
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
static bool make_links(rni_run *r, const rn_step *steps, size_t n, const rn_channel *in)
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
static bool make_items(rni_run *r, rni_run_part *p, rn_mode mode)
{
    const rn_step *last = &r->links[p->to - 1].step;
    bool between = last->kind == RN_STEP_BUFFER && last->n > 1 && p->in && p->in->cap > 1;
    p->paced = mode == RN_FUSED && between;
    p->batch = mode == RN_BATCHED || p->paced ? batch_of(r->links[p->from].in_size) : 1;
    if (p->paced)
        p->batch = 2 * least(p->batch, (size_t)last->n);
    p->now = p->paced ? 1 : p->batch;
    p->items = rni_items_new(r->links[p->from].in_size, p->batch);
    for (size_t i = p->from; i < p->to; i++) {
        rni_run_link *l = &r->links[i];
        if (l->step.kind == RN_STEP_MAP)
            l->results = rni_items_new(l->out_size, p->batch);
        if (l->step.kind == RN_STEP_MAP && !l->results)
            return false;
    }
    return p->items;
}

static bool make_station(rni_run *r, rni_run_part *p)
{
    const rni_run_link *l = &r->links[p->from];
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
static bool make_part(rni_run *r, rni_run_part *p, size_t from, rn_channel *in, rn_mode mode)
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
    const rni_run_link *last = &r->links[p->to - 1];
    /* Whatever is held between a flat-map and a take may have been taken in vain. And a throttled
     * element is not to be had before its time. */
    if ((r->flat <= from && from < r->takes) || last->step.kind == RN_STEP_THROTTLE)
        mode = RN_TASKS;
    size_t cap = mode == RN_BATCHED ? batch_of(last->out_size) : 0;
    if (last->step.kind == RN_STEP_BUFFER && (size_t)last->step.n > cap)
        cap = (size_t)last->step.n;
    p->out = rni_stage_out(r->group, last->out_size, cap, last->out_drop, r->site);
    return p->out && (p->ops ? make_station(r, p) : make_items(r, p, mode));
}

static bool make_parts(rni_run *r, rn_channel *in, rn_mode mode)
{
    r->parts = rni_os_alloc(r->n_links * sizeof *r->parts);
    for (size_t from = 0; r->parts && from < r->n_links; from = r->parts[r->n_parts - 1].to) {
        rni_run_part *p = &r->parts[r->n_parts++];
        if (!make_part(r, p, from, in, mode))
            return false;
        in = p->out;
    }
    return r->parts != NULL;
}

static bool make_limits(rni_run *r)
{
    size_t from = r->parts[0].to;
    if (from >= r->takes || r->flat < from)
        return true; /* no take behind the first part, or one behind what does not count */
    if (!rni_credits_init(&r->credits, r->takes - from, r->site))
        return false;
    for (size_t i = from; i < r->takes && i <= r->flat; i++) {
        const rni_run_link *l = &r->links[i]; /* a batch at r->flat has no limit */
        if (l->step.kind == RN_STEP_TAKE || l->step.kind == RN_STEP_FLAT_MAP)
            rni_credits_add(&r->credits, i, i == r->flat ? 1 : l->left);
    }
    return true;
}

static rn_channel *start(rn_group *g, rn_channel *in, const rn_step *steps, size_t n, rn_mode mode,
                         const char *site)
{
    if (in == &rni_no_channel)
        return in; /* whose elements have no size to go by */
    rni_run *r = rni_os_alloc(sizeof *r + (n + 1) * sizeof r->links[0]);
    if (!r)
        return rni_stage_failed(g);
    r->group = g;
    r->site = site;
    rn_channel_ref(
        in); /* the source's group may close first; given back by the first rni_run_part */
    if (!make_links(r, steps, n, in) || !make_parts(r, in, mode) || !make_limits(r)) {
        if (r->n_parts)
            rn_channel_free(r->parts[r->n_parts - 1].out, site);
        rni_run_free(r);
        rn_channel_unref(in);
        return rni_stage_failed(g);
    }
    rn_channel *out = r->parts[r->n_parts - 1].out;
    rni_run_start(r);
    return out;
}

rn_channel *rn_chain_start(rn_group *g, rn_channel *in, const rn_chain *chain, rn_mode mode,
                           const char *site)
{
    if (!g)
        rni_panic(site, "a stage" RNI_NEEDS_A_GROUP);
    if (!chain)
        return rni_stage_failed(g);
    return start(g, in, chain->steps, chain->n, mode, site);
}

rn_channel *rn_step_start(rn_group *g, rn_channel *in, const rn_step *step, const char *site)
{
    if (!g)
        rni_panic(site, "a stage" RNI_NEEDS_A_GROUP);
    return start(g, in, step, 1, RN_TASKS, site);
}
