/* SPDX-License-Identifier: MIT */
/*
 * Judging links. A link is as good as the target at the end of its redirects, and as its fragment
 * there. Fragments are judged wherever the page was read: in the tree, on the disk, on the same
 * origin. A page of another site is only asked for with HEAD; its fragments count as unverified.
 *
 * Invariant: every distinct link found on a page lands in exactly one of ok, broken, skipped,
 * unchecked. An input that no page links to is counted only if it is broken.
 */
#include "verdict.h"
#include "escape.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

static finding *add(findings *list, hyperlink *l)
{
    if (list->count == list->cap) {
        list->cap = list->cap ? list->cap * 2 : 32;
        list->list = xrealloc(list->list, list->cap * sizeof *list->list);
    }
    finding *f = &list->list[list->count++];
    *f = (finding){ .link = l };
    return f;
}

static void add_broken(verdict *v, hyperlink *l, const target *end, fault kind, const char *reason)
{
    finding *f = add(&v->broken, l);
    f->fault = kind;
    f->reason = reason;
    f->status = kind == FAULT_STATUS ? end->status : 0;
    f->through = end != l->target && end->kind == URL_HTTP ? end : NULL;
}

static void skip_link(verdict *v, hyperlink *l)
{
    const target *t = l->target;
    str scheme = { 0 };
    const char *why = "offline";
    if (t->reason) {
        why = "excluded";
    } else if (t->kind != URL_HTTP) {
        url_scheme(l->key, &scheme);
        why = scheme.len ? str_c(&scheme) : "a very long scheme"; /* page.c cut it */
    }
    add(&v->notes, l)->reason = skips_add(&v->skips, why);
    v->skipped_total++;
    str_fini(&scheme);
}

/* The end of t's redirects; NULL if they go round in a circle. *redirects is their number. */
static const target *end_of(const target *t, unsigned *redirects)
{
    const target *slow = t;
    bool step = false;
    for (*redirects = 0; t->leads_to; t = t->leads_to) {
        *redirects += t->outcome == OUT_REDIRECT;
        if (step)
            slow = slow->leads_to;
        step = !step;
        if (t->leads_to == slow)
            return NULL;
    }
    return t;
}

static void judge_fragment(verdict *v, hyperlink *l, const target *end, bool redirected)
{
    if (*l->fragment && end->has_ids && !idset_has_fragment(&end->ids, l->fragment)) {
        str reason = { 0 }, name = { 0 };
        bool clean = unescape_percent(&name, l->fragment, strlen(l->fragment));
        str_printf(&reason, "nothing on the page has the id or name \"%s\"",
                   clean ? str_c(&name) : l->fragment);
        add_broken(v, l, end, FAULT_FRAGMENT, NULL);
        finding *f = &v->broken.list[v->broken.count - 1];
        f->reason = f->detail = str_take(&reason);
        str_fini(&name);
        return;
    }
    if (!l->count)
        return; /* an input */
    v->ok++;
    v->fragments_unverified += *l->fragment && !end->has_ids && strcasecmp(l->fragment, "top") != 0;
    if (redirected) {
        v->redirected++;
        finding *f = add(&v->notes, l);
        f->reason = "redirected";
        f->through = end;
    }
}

static void judge(verdict *v, const frontier *f, hyperlink *l)
{
    unsigned redirects = 0;
    const target *t = l->target, *end = end_of(t, &redirects);
    if (!end)
        add_broken(v, l, t, FAULT_REDIRECT, "redirect loop");
    else if (redirects > f->o->max_redirects || end->outcome == OUT_REDIRECT)
        add_broken(v, l, t, FAULT_REDIRECT, "too many redirects");
    else if (end->outcome == OUT_BROKEN)
        add_broken(v, l, end, end->fault, end->reason);
    else if (end->outcome == OUT_SKIPPED && l->count)
        skip_link(v, l);
    else if (end->outcome == OUT_NONE || end->outcome == OUT_UNABLE)
        v->unchecked += l->count != 0;
    else if (end->outcome == OUT_OK)
        judge_fragment(v, l, end, redirects > 0);
}

static int by_place(const void *a, const void *b)
{
    const place *p = a, *q = b;
    int order = strcmp(p->page->url, q->page->url);
    return order ? order : (p->line > q->line) - (p->line < q->line);
}

static int by_link(const void *a, const void *b)
{
    const hyperlink *p = ((const finding *)a)->link, *q = ((const finding *)b)->link;
    int order = strcmp(p->key, q->key);
    return order ? order : strcmp(p->name, q->name);
}

static void sort(findings *list)
{
    if (list->count)
        qsort(list->list, list->count, sizeof *list->list, by_link);
    for (size_t i = 0; i < list->count; i++) {
        hyperlink *l = list->list[i].link;
        if (l->count)
            qsort(l->places, l->count, sizeof *l->places, by_place);
        size_t n = 0;
        for (size_t k = 0; k < l->count; k++)
            if (k == 0 || by_place(&l->places[n - 1], &l->places[k]) != 0)
                l->places[n++] = l->places[k];
        l->count = n;
    }
}

void verdict_make(verdict *v, const frontier *f)
{
    *v = (verdict){ .pages = f->counts.pages, .links = f->counts.links };
    for (hyperlink *l = f->all_links; l; l = l->next)
        judge(v, f, l);
    v->unique = v->ok + v->broken.count + v->skipped_total + v->unchecked;
    sort(&v->broken);
    sort(&v->notes);
    skips_seal(&v->skips);
}

static void findings_fini(findings *list)
{
    for (size_t i = 0; i < list->count; i++)
        free(list->list[i].detail);
    free(list->list);
}

void verdict_fini(verdict *v)
{
    findings_fini(&v->broken);
    findings_fini(&v->notes);
    skips_fini(&v->skips);
}
