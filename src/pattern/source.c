/* SPDX-License-Identifier: MIT */
/*
 * Sources: stages without an input. A source owns a copy of its list, or one element that its
 * function has made, and drops what it has not sent.
 */
#include <string.h>

#include "pattern/stage.h"

typedef struct source {
    rn_channel *out;
    const char *site;
    void (*drop)(void *);
    size_t n, size;
    bool repeat;
    rn_step step; /* of a source that calls */
    void *items;  /* the list, or room for one element */
} source;

static void source_free(source *s)
{
    rni_step_free(&s->step);
    rni_os_free(s->items);
    rni_os_free(s);
}

static int end(source *s, int rc)
{
    rni_channel_close_once(s->out);
    source_free(s);
    return rni_stage_result(rc);
}

static int send_list(void *arg)
{
    source *s = *(source **)arg;
    size_t sent;
    int rc;
    do {
        rc = rn_channel_send_n(s->out, s->items, s->n, &sent, s->site);
    } while (rc == 0 && s->repeat && s->n);
    if (s->drop)
        rni_items_drop(s->drop, rni_item(s->items, s->size, sent), s->size, s->n - sent);
    return end(s, rc);
}

static int send_calls(void *arg)
{
    source *s = *(source **)arg;
    int rc;
    do {
        s->step.fn->call(s->items, NULL, NULL, s->step.captured);
        rc = rn_channel_send(s->out, s->items, s->site);
    } while (rc == 0);
    rni_items_drop(s->drop, s->items, s->size, 1);
    return end(s, rc);
}

static int call_once(void *arg)
{
    source *s = *(source **)arg;
    return end(s, s->step.fn->call(s->out, NULL, NULL, s->step.captured));
}

/* Makes the output and starts the task; s is filled in but for them. */
static rn_channel *start(rn_group *g, source *s, int (*task)(void *), const char *name)
{
    rn_channel *out = rni_stage_out(g, s->size, 0, s->drop, s->site);
    s->out = out;
    if (out && rn_group_go(g, task, &s, sizeof s, &rni_in_background, name, s->site) == 0)
        return out;
    rni_items_drop(s->drop, s->items, s->size, s->step.fn ? 0 : s->n);
    if (out)
        rni_channel_close_once(out);
    source_free(s);
    return out ? out : rni_stage_failed(g);
}

static source *source_new(rn_group *g, size_t size, size_t n, void (*drop)(void *),
                          const char *site)
{
    if (!g)
        rni_panic(site, "a stage" RNI_NEEDS_A_GROUP);
    source *s = rni_os_alloc(sizeof *s);
    if (!s)
        return NULL;
    s->site = site;
    s->drop = drop;
    s->size = size;
    s->n = n;
    s->items = rni_items_new(size, n);
    if (s->items)
        return s;
    source_free(s);
    return NULL;
}

rn_channel *rn_source_list(rn_group *g, const void *items, size_t n, size_t size, bool repeat,
                           void (*drop)(void *element), const char *site)
{
    if (repeat)
        drop = NULL; /* sent again and again, they are nobody's */
    source *s = source_new(g, size, n, drop, site);
    if (!s) {
        rni_items_drop(drop, (void *)(uintptr_t)items, size, n);
        return rni_stage_failed(g);
    }
    if (n)
        memcpy(s->items, items, n * size);
    s->repeat = repeat;
    return start(g, s, send_list, repeat ? "repeat" : "generator");
}

rn_channel *rn_source_call(rn_group *g, const rn_step *step, const char *site)
{
    source *s = source_new(g, step->fn->result_size, 1, step->drop, site);
    if (!s)
        return rni_stage_failed(g);
    if (!rni_step_copy(&s->step, step)) {
        source_free(s);
        return rni_stage_failed(g);
    }
    return start(g, s, step->kind == RN_STEP_FLAT_MAP ? call_once : send_calls, step->fn->name);
}
