/* SPDX-License-Identifier: MIT */
/*
 * The frontier: a queue that feeds itself, owned by one task, and why it cannot deadlock and ends.
 *
 *             jobs (unbuffered)                       results (unbuffered)
 *   owner  ------------------------>  fetchers x N  ------------------------>  owner
 *
 * One task, the owner, has the visited set, the queues and the counter `pending`; nobody else can
 * reach them, so there are no locks. The owner never sends and never receives: it selects over
 * {give the next job, take a result, the stop signal, the clock}.
 *
 * No deadlock. Suppose that nobody can go on. A fetcher waits either to take a job or to give a
 * result. If one waits to give a result, the owner's TAKE case is ready, since it is in every
 * select the owner makes. So all of them wait for jobs; if a job can be given out, the owner's GIVE
 * case is ready. If none can, then either a host must wait for its time, and the clock case will be
 * ready, or all hosts with work are at their limit, which means that a job of theirs is with a
 * fetcher, who then does not wait for a job: a contradiction. Or nothing is queued and nothing is
 * out: pending is 0 and the loop has ended. The links of a page come back in one result, so a
 * fetcher never waits half-way through a page. Nothing here has a bound that can be full: the queue
 * that may grow, from one page with a million links, is in the owner's memory and runs through the
 * targets themselves. (With bounded channels both ways each side ends up sending to a full one,
 * reading from neither.)
 *
 * Termination. Each distinct URL becomes a target once, when it is first seen: the visited set only
 * grows. A target is queued when it is made, +1 to pending, and is done after one job, -1, but for
 * retries, of which there are at most o->retries, and for one more look if it came into scope late
 * (visited.c); a redirect makes a target only up to o->max_redirects hops from a link. New targets
 * come only from pages in scope. So the sum of the jobs is bounded by 2 x (1 + retries) x the
 * number of distinct URLs, each job is bounded by --timeout, and pending reaches 0 if there are
 * finitely many URLs. A disk has finitely many, since a file has one name (disk.c). A site may not
 * (a calendar links to the next month for ever), so at most max_site_pages of its pages are
 * followed, each with as many links as fit into --max-body: what is in the queue then is looked at
 * and brings nothing new. So every run ends, unless --max-pages 0 asks for the whole of an endless
 * site; --max-time ends even that.
 *
 * Memory: the visited set and the places of each link grow with the site; what is in flight is
 * bounded by the number of fetchers.
 */
#include "frontier.h"
#include "fetcher.h"
#include "visited.h"

#include <stdlib.h>
#include <string.h>

enum { PROGRESS_NS = 100 * 1000 * 1000 };

/* Takes over what the fetcher found on a page or in an input directory. */
static void take_found(frontier *f, const target *page, result *r)
{
    for (size_t i = 0; i < r->count; i++) {
        const found *l = &r->found[i];
        if (page->is_listing)
            frontier_add_input(f, l->url, l->kind, "", l->is_dir);
        else
            visited_add_link(f, page, l);
        f->counts.listed += page->is_listing && !l->is_dir;
    }
}

/* Whether no further page like t may be followed. */
static bool is_full(const frontier *f, const target *t)
{
    const options *o = f->o;
    return (o->max_pages && f->counts.pages >= o->max_pages) ||
           (t->kind == URL_HTTP && o->max_site_pages && f->counts.site_pages >= o->max_site_pages);
}

static void take_page(frontier *f, target *t, result *r)
{
    t->has_ids = true;
    t->ids = r->ids;
    r->ids = (idset){ 0 };
    if (!t->in_scope)
        return;
    if (is_full(f, t)) {
        f->limited = true;
        return;
    }
    t->is_page = true;
    f->counts.pages++;
    f->counts.site_pages += t->kind == URL_HTTP;
    f->counts.links += r->count;
    take_found(f, t, r);
}

/* Whether the target goes back into its queue instead of being done. */
static bool try_later(frontier *f, target *t, const result *r)
{
    bool busy = r->outcome == OUT_LATER;
    if (!busy || t->attempts > f->o->retries || hosts_is_hopeless(t)) {
        hosts_note(t, busy);
        return false;
    }
    hosts_pause(&f->hosts, t, rn_now() + r->retry_ns);
    hosts_done(&f->hosts, t);
    hosts_push(&f->hosts, t, true);
    return true;
}

static void take(frontier *f, result *r)
{
    /* NOLINTNEXTLINE(clang-analyzer-core.NullDereference): a result was received. */
    target *t = r->target;
    f->counts.running--;
    t->running = false;
    if (t->again) {
        t->again = false;
        t->attempts = 0;
        hosts_done(&f->hosts, t);
        hosts_push(&f->hosts, t, true);
        result_free(r);
        return;
    }
    if (try_later(f, t, r)) {
        result_free(r);
        return;
    }
    hosts_done(&f->hosts, t);
    f->pending--;
    f->counts.looked_at++;
    t->outcome = r->outcome == OUT_LATER ? OUT_BROKEN : r->outcome;
    t->fault = r->fault;
    t->status = r->status;
    t->reason = r->reason;
    t->location = r->location;
    r->reason = r->location = NULL;
    f->counts.broken += t->outcome == OUT_BROKEN;
    if (t->is_listing) {
        f->input_errors |= t->outcome == OUT_BROKEN;
        take_found(f, t, r);
    } else if (r->is_page) {
        take_page(f, t, r);
    }
    if (t->location)
        visited_follow(f, t);
    result_free(r);
}

static job job_of(target *t)
{
    return (job){ .target = t,
                  .url = t->url,
                  .kind = t->kind,
                  .list = t->is_listing,
                  /* A file outside the tree is read for its ids, a remote page is not. */
                  .parse = t->in_scope || t->kind == URL_FILE,
                  .forced = t->input_hops == 0 };
}

static int64_t next_tick(const frontier *f, int64_t now_ns)
{
    int64_t next = hosts_next_ns(&f->hosts), wait = RN_FOREVER;
    if (next != INT64_MAX)
        wait = next > now_ns ? next - now_ns : 0;
    return f->progress && wait > PROGRESS_NS ? PROGRESS_NS : wait;
}

static void own(frontier *f, rn_sender(job) jobs, rn_receiver(result_ptr) results,
                rn_receiver(rn_unit) stop)
{
    enum { GIVE, TAKE, STOP, TICK };
    int64_t shown_ns = 0;
    while (f->pending > 0) {
        int64_t now = rn_now();
        if (f->progress && now - shown_ns >= PROGRESS_NS) {
            f->progress(&f->counts);
            shown_ns = now;
        }
        target *next = hosts_peek(&f->hosts, now);
        job j = next ? job_of(next) : (job){ 0 };
        rn_sender(job) gate = next ? jobs : NULL; /* nil: never ready */
        result *r = NULL;
        switch (rn_select([GIVE] = RN_SEND(gate, j), [TAKE] = RN_RECV(results, &r, NULL),
                          [STOP] = RN_DONE(stop), [TICK] = RN_AFTER(next_tick(f, now)))) {
        case GIVE:
            hosts_take(&f->hosts, next);
            /* NOLINTNEXTLINE(clang-analyzer-core.NullDereference): there is a gate, so a next. */
            next->attempts++;
            next->running = true;
            next->asked_page = j.parse;
            f->counts.running++;
            break;
        case TAKE: take(f, r); break;
        case TICK: break;
        default: /* STOP, or the owner itself was cancelled */ f->cut_short = true; return;
        }
    }
}

int frontier_run(frontier *f, rn_ctx *ctx)
{
    rn_group *g = rn_group_new(ctx);
    if (!g)
        return -ENOMEM;
    fetch_env env = { .o = f->o, .ctx = ctx };
    /* One more than there are CPUs, which has its page read when another's parser has ended. */
    rn_semaphore_release(&env.parsers, rn_worker_count() + 1);
    rn_chan(job) jobs = rn_make(g, job, 0);
    rn_chan(result_ptr) results = rn_make(g, result_ptr, 0);
    int rc = jobs && results ? 0 : -ENOMEM;
    if (rc == 0)
        rc = fetchers_start(g, f->o->jobs, rn_rx(jobs), rn_tx(results), &env);
    if (rc == 0) {
        /* The group's context ends with ctx, and also if a fetcher fails. */
        own(f, rn_tx(jobs), rn_rx(results), rn_ctx_done(rn_group_ctx(g)));
        rn_close(jobs);
        rc = f->cut_short ? 0 : rn_group_wait(g);
    }
    int closed = rn_group_close(g);
    bool stopped = rn_ctx_err(ctx) != 0;
    if (rc == 0 && f->cut_short && !stopped)
        rc = closed;
    return stopped ? 0 : rc;
}
