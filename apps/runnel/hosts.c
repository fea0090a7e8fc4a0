/* SPDX-License-Identifier: MIT */
/*
 * Hosts in turn. Invariant: a host with queued targets is in exactly one place: the ready queue if
 * it is under its limit and not told to wait, the paused list if it was told to wait, neither if it
 * is at its limit (hosts_done puts it back). A host without queued targets is in neither.
 */
#include "hosts.h"

#include <stdlib.h>
#include <string.h>

enum { HOPELESS = 3 };

enum where { NOWHERE = 0, READY, PAUSED };

struct host {
    char *name;
    target *first, *last;
    unsigned running, limit;
    unsigned in_vain; /* targets that were retried in vain since the last that was not */
    int64_t not_before_ns;
    enum where where;
    host *next_ready; /* in the ready queue or the paused list */
    host *next;       /* all hosts */
};

void hosts_fini(hosts *h)
{
    for (host *p = h->all, *next; p; p = next) {
        next = p->next;
        free(p->name);
        free(p);
    }
    map_fini(&h->by_name);
}

static host *host_of(hosts *h, const target *t)
{
    str name = { 0 };
    if (t->kind == URL_HTTP)
        url_origin(t->url, &name);
    host *p = map_get(&h->by_name, str_c(&name));
    if (!p) {
        p = xcalloc(1, sizeof *p);
        p->limit = t->kind == URL_HTTP ? h->limit : h->local_limit;
        p->next = h->all;
        h->all = p;
        p->name = str_take(&name);
        map_put(&h->by_name, p->name, p);
    }
    str_fini(&name);
    return p;
}

/* Puts p where the invariant wants it, if it is nowhere. */
static void settle(hosts *h, host *p)
{
    if (p->where != NOWHERE || !p->first)
        return;
    if (p->not_before_ns) {
        p->where = PAUSED;
        p->next_ready = h->paused;
        h->paused = p;
    } else if (p->running < p->limit) {
        p->where = READY;
        p->next_ready = NULL;
        if (h->ready)
            /* NOLINTNEXTLINE(clang-analyzer-core.NullDereference): there is a first, so a last. */
            h->ready_last->next_ready = p;
        else
            h->ready = p;
        h->ready_last = p;
    }
}

/* Takes p, whose predecessor is before (NULL: it is the first), out of the ready queue. */
static void unready(hosts *h, host *p, host *before)
{
    if (before)
        before->next_ready = p->next_ready;
    else
        h->ready = p->next_ready;
    if (h->ready_last == p)
        h->ready_last = before;
    p->where = NOWHERE;
}

void hosts_push(hosts *h, target *t, bool first)
{
    host *p = t->host ? t->host : host_of(h, t);
    t->host = p;
    t->next_queued = NULL;
    if (!p->first) {
        p->first = p->last = t;
    } else if (first) {
        t->next_queued = p->first;
        p->first = t;
    } else {
        p->last->next_queued = t;
        p->last = t;
    }
    settle(h, p);
}

target *hosts_peek(hosts *h, int64_t now_ns)
{
    for (host **at = &h->paused; *at;) {
        host *p = *at;
        if (p->not_before_ns > now_ns) {
            at = &p->next_ready;
            continue;
        }
        *at = p->next_ready;
        p->not_before_ns = 0;
        p->where = NOWHERE;
        settle(h, p);
    }
    return h->ready ? h->ready->first : NULL;
}

void hosts_take(hosts *h, target *t)
{
    host *p = t->host;
    unready(h, p, NULL); /* it was the first: hosts_peek said so */
    p->first = t->next_queued;
    t->next_queued = NULL;
    p->running++;
    settle(h, p);
}

void hosts_done(hosts *h, target *t)
{
    t->host->running--;
    settle(h, t->host);
}

void hosts_pause(hosts *h, target *t, int64_t not_before_ns)
{
    host *p = t->host, *before = NULL;
    if (p->not_before_ns < not_before_ns)
        p->not_before_ns = not_before_ns;
    if (p->where == READY) {
        for (host *q = h->ready; q != p; q = q->next_ready)
            before = q;
        unready(h, p, before);
        settle(h, p);
    }
}

void hosts_note(const target *t, bool in_vain)
{
    t->host->in_vain = in_vain ? t->host->in_vain + 1 : 0;
}

bool hosts_is_hopeless(const target *t)
{
    return t->host->in_vain >= HOPELESS;
}

int64_t hosts_next_ns(const hosts *h)
{
    int64_t next = INT64_MAX;
    for (const host *p = h->paused; p; p = p->next_ready)
        if (p->not_before_ns < next)
            next = p->not_before_ns;
    return next;
}
