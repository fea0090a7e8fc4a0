/* SPDX-License-Identifier: MIT */
/*
 * Contexts: whoever sees that one is cancelled sees what came before, and that its channel is
 * closed before its error is there; a child that is made meanwhile is cancelled, too; of two that
 * ask first for the channel both get the same; and the last reference frees.
 */
#include "seam.h"

#include "scope/context.c"
#include "sync/chan_life.c"

enum { CAUSE = -71, OTHER_CAUSE = -72 };

typedef struct state {
    rn_ctx *parent, *c, *child;
    rn_channel *done[2];
    int data; /* plain: what comes before the cancel */
    int told; /* plain: the cause, by the callback */
} state;

static state *running;

static void begin(void *p)
{
    state *s = running = p;
    model_begin();
    background = (rn_ctx){
        .refs = 1,
        .children = { &background.children, &background.children },
        .link = { &background.link, &background.link },
        .deadline = INT64_MAX,
    };
    atomic_store_explicit(&slabs, NULL, memory_order_relaxed);
    free_headers = NULL;
    pool_lock = (rni_lock){ 0 };
    s->parent = rn_ctx_with_cancel(rn_ctx_background());
    s->c = rn_ctx_with_cancel(s->parent);
}

static void was_told(rn_ctx *c, int cause)
{
    RN_CHECK_ASSERT(rn_ctx_cause(c) == cause && rn_ctx_err(c) == -ECANCELED);
    RN_CHECK_ASSERT(!running->told);
    running->told = cause;
}

static void begin_told(void *p)
{
    state *s = p;
    begin(p);
    s->child = rni_os_alloc(sizeof *s->child);
    rni_ctx_init(s->child, s->c, INT64_MAX, was_told, free_plain);
}

static void begin_watched(void *p)
{
    state *s = p;
    begin(p);
    s->done[0] = rn_ctx_done_channel(s->c);
}

/* A reference each. */
static void begin_shared(void *p)
{
    begin(p);
    rn_ctx_ref(((state *)p)->c);
}

/* ---- the rest of the room ---- */

int rni_timer_arm(rni_timer *timer, int64_t when)
{
    (void)timer;
    (void)when;
    rn_check_fail("no context has a deadline");
}

void rni_ctx_reap(rn_ctx *c)
{
    (void)c;
    rn_check_fail("no context calls code of the user's");
}

void rni_group_forget(rn_channel *c)
{
    (void)c;
}

bool rni_group_adopt(rn_group *g, rn_channel *c)
{
    (void)g;
    (void)c;
    return true;
}

void rni_group_lacks_memory(rn_group *g)
{
    (void)g;
}

/* ---- threads ---- */

static void cancels(void *p)
{
    state *s = p;
    s->data = 1;
    rn_ctx_cancel(s->parent, CAUSE);
}

static void looks_for_cause(void *p)
{
    state *s = p;
    int cause = rn_ctx_cause(s->c);
    RN_CHECK_ASSERT(cause == 0 || (cause == CAUSE && s->data == 1));
}

static void looks_for_error(void *p)
{
    state *s = p;
    int err = rn_ctx_err(s->c);
    RN_CHECK_ASSERT(err == 0 || (err == -ECANCELED && s->data == 1));
    if (err)
        RN_CHECK_ASSERT(rn_channel_try_recv(s->done[0], NULL) == -EPIPE);
}

static void looks_at_channel(void *p)
{
    state *s = p;
    int rc = rn_channel_try_recv(s->done[0], NULL);
    RN_CHECK_ASSERT(rc == -EAGAIN || (rc == -EPIPE && rn_ctx_err(s->c) == -ECANCELED));
}

static void asks(void *p)
{
    state *s = p;
    rn_channel *done = s->done[rn_check_self() - 1] = rn_ctx_done_channel(s->c);
    int rc = rn_channel_try_recv(done, NULL);
    RN_CHECK_ASSERT(rc == -EAGAIN || rc == -EPIPE);
}

static void asks_and_lets_go(void *p)
{
    asks(p);
    rn_ctx_unref(((state *)p)->c);
}

static void makes_child(void *p)
{
    state *s = p;
    s->child = rn_ctx_with_cancel(s->c);
}

static void makes_told_child(void *p)
{
    state *s = p;
    s->child = rni_os_alloc(sizeof *s->child);
    rni_ctx_init(s->child, s->c, INT64_MAX, was_told, free_plain);
}

static void cancels_too(void *p)
{
    rn_ctx_cancel(((state *)p)->child, OTHER_CAUSE);
}

static void lets_go(void *p)
{
    rn_ctx_unref(((state *)p)->c);
}

/* ---- what must be so then ---- */

/* What is not in use is in the pool. */
static void check_headers(size_t in_use)
{
    size_t headers = 0, in_pool = 0;
    for (slab *first = slabs; first; first = first->next)
        headers += SLAB_HEADERS;
    for (rn_channel *c = free_headers; c; c = c->next_free)
        in_pool++;
    RN_CHECK_ASSERT(in_pool + in_use == headers);
}

static void free_slabs(void)
{
    for (slab *first = slabs, *next; first; first = next) {
        next = first->next;
        rni_os_free(first);
    }
}

static void free_all(state *s, bool cancelled)
{
    RN_CHECK_ASSERT((rn_ctx_err(s->c) != 0) == cancelled);
    if (s->done[0])
        RN_CHECK_ASSERT(rn_channel_try_recv(s->done[0], NULL) == (cancelled ? -EPIPE : -EAGAIN));
    rn_ctx_unref(s->child);
    rn_ctx_unref(s->c);
    rn_ctx_unref(s->parent);
    free_slabs();
}

static void is_cancelled(void *p)
{
    free_all(p, true);
}

static void child_is_cancelled(void *p)
{
    state *s = p;
    RN_CHECK_ASSERT(rn_ctx_err(s->child) == -ECANCELED && rn_ctx_cause(s->child) == CAUSE);
    free_all(p, true);
}

static void child_was_told(void *p)
{
    RN_CHECK_ASSERT(((state *)p)->told == CAUSE);
    child_is_cancelled(p);
}

/* By one of two, whose cause it is. */
static void child_was_told_once(void *p)
{
    state *s = p;
    RN_CHECK_ASSERT(s->told && s->told == rn_ctx_cause(s->child));
    free_all(s, true);
}

static void is_the_same(void *p)
{
    state *s = p;
    RN_CHECK_ASSERT(s->done[0] == s->done[1] && s->done[0] == rn_ctx_done_channel(s->c));
    check_headers(1);
    rn_ctx_unref(s->c);
    rn_ctx_unref(s->parent);
    check_headers(0);
    free_slabs();
}

static void only_parent_is_left(void *p)
{
    state *s = p;
    RN_CHECK_ASSERT(s->parent->refs == 1 && rni_list_empty(&s->parent->children));
    rn_ctx_unref(s->parent);
    free_slabs();
}

static const model_run runs[] = {
    { MODEL("context-cause", begin, is_cancelled, cancels, looks_for_cause) },
    { MODEL("context-error", begin_watched, is_cancelled, cancels, looks_for_error) },
    { MODEL("context-channel", begin_watched, is_cancelled, cancels, looks_at_channel) },
    { MODEL("context-child", begin, child_is_cancelled, cancels, makes_child) },
    { MODEL("context-told", begin, child_was_told, cancels, makes_told_child) },
    { MODEL("context-twice", begin_told, child_was_told_once, cancels, cancels_too) },
    { MODEL("context-done", begin, is_the_same, asks, asks), .options = { .preemptions = 1 } },
    { MODEL("context-done-cancel", begin, is_cancelled, asks, cancels),
      .options = { .preemptions = 2 } },
    { MODEL("context-unref", begin_shared, only_parent_is_left, asks_and_lets_go, lets_go) },
};

int main(int argc, char **argv)
{
    return model_main(runs, sizeof runs / sizeof runs[0], argc, argv);
}
