/* SPDX-License-Identifier: MIT */
/*
 * Targets and links, each made once.
 *
 * hops is the least number of redirects known to lead from a link to a target: 0 if a link names it
 * itself. A target that was out of reach because of its hops comes into reach when a shorter way to
 * it is found; visited_follow then goes on from there. It calls itself along the chain, at most 50
 * deep (the largest --max-redirects).
 *
 * The scope may grow during the run: where an input redirects to is the site that was meant. What
 * is followed must not depend on which answer came first, so
 * - input_hops spreads along chains of redirects that are known already, as hops does;
 * - targets of the new origin that were, or are being, looked at as another site's are looked at
 *   once more, as pages. That happens once to each at most, since nothing leaves the scope.
 */
#include "visited.h"

#include <stdlib.h>
#include <string.h>

void frontier_init(frontier *f, const options *o)
{
    *f = (frontier){ .o = o };
    f->hosts.limit = o->per_host;
    f->hosts.local_limit = o->jobs;
}

void frontier_fini(frontier *f)
{
    for (target *t = f->all, *next; t; t = next) {
        next = t->next;
        free(t->url);
        free(t->reason);
        free(t->location);
        idset_fini(&t->ids);
        free(t);
    }
    for (hyperlink *l = f->all_links, *next; l; l = next) {
        next = l->next;
        free(l->fragment);
        free(l->name);
        free(l->places);
        free(l);
    }
    for (size_t i = 0; i < f->scope_count; i++)
        free(f->scopes[i]);
    free(f->scopes);
    map_fini(&f->targets);
    map_fini(&f->links);
    hosts_fini(&f->hosts);
}

void frontier_add_scope(frontier *f, char *prefix)
{
    for (size_t i = 0; i < f->scope_count; i++)
        if (strcmp(f->scopes[i], prefix) == 0) {
            free(prefix);
            return;
        }
    f->scopes = xrealloc(f->scopes, (f->scope_count + 1) * sizeof *f->scopes);
    f->scopes[f->scope_count++] = prefix;
}

static bool in_scope(const frontier *f, const char *url)
{
    for (size_t i = 0; i < f->scope_count; i++)
        if (strncmp(url, f->scopes[i], strlen(f->scopes[i])) == 0)
            return true;
    return false;
}

static target *new_target(frontier *f, const char *url, url_kind kind)
{
    target *t = xcalloc(1, sizeof *t);
    t->url = xstrdup(url);
    t->kind = kind;
    t->in_scope = in_scope(f, url);
    t->input_hops = NO_INPUT;
    t->next = f->all;
    f->all = t;
    return t;
}

static void enqueue(frontier *f, target *t)
{
    f->pending++;
    f->counts.targets++;
    hosts_push(&f->hosts, t, false);
}

/* Lets what is known about t be found out again, now that it is in scope. */
static void look_again(frontier *f, target *t)
{
    if (t->running) {
        t->again = !t->asked_page;
    } else if (t->outcome != OUT_NONE) {
        f->counts.broken -= t->outcome == OUT_BROKEN;
        free(t->reason);
        free(t->location);
        t->reason = t->location = NULL;
        t->leads_to = NULL;
        t->outcome = OUT_NONE;
        t->fault = FAULT_NONE;
        t->attempts = 0;
        enqueue(f, t);
    } /* else it is queued, and its job is made when it is given out */
}

static void widen_scope(frontier *f, const char *url)
{
    size_t known = f->scope_count;
    str origin = { 0 };
    url_origin(url, &origin);
    str_putc(&origin, '/');
    frontier_add_scope(f, str_take(&origin));
    if (f->scope_count == known)
        return;
    for (target *t = f->all; t; t = t->next)
        if (!t->in_scope && in_scope(f, t->url)) {
            t->in_scope = true;
            look_again(f, t);
        }
}

/* The target of a file or http URL, so many redirects away from a link and from an input; a new one
 * is queued. */
static target *intern(frontier *f, const char *url, url_kind kind, unsigned hops,
                      unsigned input_hops)
{
    target *t = map_get(&f->targets, url);
    if (!t) {
        t = new_target(f, url, kind);
        t->hops = hops;
        t->input_hops = input_hops;
        map_put(&f->targets, t->url, t);
        if (kind == URL_HTTP && f->o->offline)
            t->outcome = OUT_SKIPPED;
        else
            enqueue(f, t);
    } else if (hops < t->hops || input_hops < t->input_hops) {
        t->hops = hops < t->hops ? hops : t->hops;
        t->input_hops = input_hops < t->input_hops ? input_hops : t->input_hops;
        if (t->location)
            visited_follow(f, t);
    }
    return t;
}

/* The target of a link that is not looked at: other schemes, excluded, malformed. */
static target *unlooked(frontier *f, const found *l)
{
    /* Its own name space: an excluded link may also be an input, and a file that a page from the
     * network links to may also be linked to from the disk. */
    bool bad = l->kind == URL_BAD && !l->excluded;
    str key = { 0 };
    str_printf(&key, "%s %s", bad ? "bad" : "skip", l->url);
    target *t = map_get(&f->targets, str_c(&key));
    if (!t) {
        t = new_target(f, str_c(&key), l->kind);
        t->in_scope = false;
        t->outcome = bad ? OUT_BROKEN : OUT_SKIPPED;
        if (bad) {
            t->fault = FAULT_URL;
            t->reason = xstrdup(l->fault ? l->fault : "malformed URL");
        } else if (l->excluded) {
            t->reason = xstrdup("excluded");
        }
        map_put(&f->targets, t->url, t);
    }
    str_fini(&key);
    return t;
}

/* The link to t with a fragment; url is the end of t->url, without a mark of unlooked. */
static hyperlink *link_to(frontier *f, target *t, const char *url, const char *fragment)
{
    str name = { 0 };
    str_printf(&name, "%s%s%s", t->url, *fragment ? "#" : "", fragment);
    hyperlink *l = map_get(&f->links, str_c(&name));
    if (!l) {
        l = xcalloc(1, sizeof *l);
        l->name = str_take(&name);
        l->key = l->name + strlen(t->url) - strlen(url);
        l->fragment = xstrdup(fragment);
        l->target = t;
        l->next = f->all_links;
        f->all_links = l;
        map_put(&f->links, l->name, l);
    }
    str_fini(&name);
    return l;
}

void visited_add_link(frontier *f, const target *page, const found *l)
{
    bool look = (l->kind == URL_FILE || l->kind == URL_HTTP) && !l->excluded;
    /* A page from the network does not get to ask what is on this disk. */
    if (l->kind == URL_FILE && page->kind == URL_HTTP)
        look = false;
    target *t = look ? intern(f, l->url, l->kind, 0, NO_INPUT) : unlooked(f, l);
    hyperlink *link = link_to(f, t, l->url, l->fragment);
    f->counts.unique += link->count == 0;
    if (link->count == link->cap) {
        link->cap = link->cap ? link->cap * 2 : 2;
        link->places = xrealloc(link->places, link->cap * sizeof *link->places);
    }
    link->places[link->count++] = (place){ page, l->line };
}

void frontier_add_input(frontier *f, const char *url, url_kind kind, const char *fragment,
                        bool is_listing)
{
    if (is_listing) {
        target *t = new_target(f, url, kind);
        t->is_listing = true;
        enqueue(f, t);
        return;
    }
    target *t = intern(f, url, kind, 0, 0);
    link_to(f, t, url, fragment);
}

/* The target of t's location, one step further; NULL and why if that is not an http URL. */
static target *next_of(frontier *f, target *t, unsigned input_hops, const char **why)
{
    str url = { 0 }, fragment = { 0 };
    const char *ignored = NULL;
    target *next = NULL;
    url_kind kind = url_resolve(t->url, t->location, &url, &fragment, &ignored);
    *why = kind == URL_BAD ? "redirect to a malformed URL" : "redirect to what is not an http URL";
    if (kind == URL_HTTP) {
        if (input_hops != NO_INPUT) /* example.com that moved to www.example.com: the site */
            widen_scope(f, str_c(&url));
        next = intern(f, str_c(&url), URL_HTTP, t->hops + 1, input_hops);
    }
    str_fini(&url);
    str_fini(&fragment);
    return next;
}

void visited_follow(frontier *f, target *t)
{
    if (t->outcome == OUT_ALIAS) {
        t->leads_to = intern(f, t->location, URL_FILE, t->hops, t->input_hops);
        return;
    }
    if (t->hops >= f->o->max_redirects)
        return;
    unsigned input_hops = t->input_hops < f->o->max_redirects ? t->input_hops + 1 : NO_INPUT;
    const char *why;
    t->leads_to = next_of(f, t, input_hops, &why);
    if (!t->leads_to && t->outcome != OUT_BROKEN) {
        t->outcome = OUT_BROKEN;
        t->fault = FAULT_REDIRECT;
        t->reason = xstrdup(why);
        f->counts.broken++;
    }
}
