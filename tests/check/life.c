/* SPDX-License-Identifier: MIT */
/*
 * The life of a channel: headers are made and walked over at once, and with the last reference what
 * everybody did comes before the end. And reference counts on their own (base/refs.h).
 */
#include <errno.h>

#include "seam.h"

#include "base/refs.h"
#include "sync/chan_life.c"

typedef struct state {
    rn_channel *c;
    int got, value;
    _Atomic(rn_channel *) shared;
    _Atomic(long) refs;
    int data[RN_CHECK_THREADS]; /* plain: each thread its own, until the end */
    int ends;
    unsigned seen;
} state;

static int dropped;

static void drop(void *element)
{
    RN_CHECK_ASSERT(*(int *)element == 1);
    dropped++;
}

static void begin(void *p)
{
    (void)p;
    model_begin();
    dropped = 0;
    atomic_store_explicit(&slabs, NULL, memory_order_relaxed);
    free_headers = NULL;
    pool_lock = (rni_lock){ 0 };
}

static void begin_shared(void *p)
{
    state *s = p;
    begin(p);
    s->c = rni_channel_make(sizeof(int), sizeof(int), 1, drop, "");
    rn_channel_ref(s->c);
}

/* A select that has been completed elsewhere stands in the queue. */
static void begin_selected(void *p)
{
    state *s = p;
    begin(p);
    s->c = rni_channel_make(sizeof(int), sizeof(int), 1, drop, "");
    rni_claim_open(&model_tasks[0]);
    model_tasks[0].waiter.task = &model_tasks[0];
    model_tasks[0].waiter.flags = RNI_WAITER_CLAIM;
    rni_lock_take(&s->c->lock);
    rni_enqueue(&s->c->receivers, &s->c->lock, &model_tasks[0].waiter);
    rni_unlock(&s->c->lock);
}

/* The groups that own channels are not in these models. */
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

/* ---- reference counts ---- */

static void begin_counted(void *p)
{
    begin(p);
    atomic_store_explicit(&((state *)p)->refs, 2, memory_order_relaxed);
}

/* What both have written is there for who ends it. */
static void lets_go(void *p)
{
    state *s = p;
    s->data[rn_check_self() - 1] = 1;
    if (RNI_LEAVES_NONE(&s->refs)) {
        RN_CHECK_ASSERT(s->data[0] == 1 && s->data[1] == 1);
        s->data[0] = s->data[1] = 2;
        s->ends++;
    }
}

static void ended_once(void *p)
{
    RN_CHECK_ASSERT(((state *)p)->ends == 1);
}

/* ---- the end of a channel ---- */

static void sends_and_unrefs(void *p)
{
    state *s = p;
    int one = 1;
    RN_CHECK_ASSERT(rn_channel_try_send(s->c, &one) == 0);
    rn_channel_unref(s->c);
}

static void tries_and_unrefs(void *p)
{
    state *s = p;
    s->got = rn_channel_try_recv(s->c, &s->value);
    RN_CHECK_ASSERT(s->got == 0 ? s->value == 1 : s->got == -EAGAIN);
    rn_channel_unref(s->c);
}

/* The owner may free it when its count says that nobody else has it. */
static void waits_and_frees(void *p)
{
    state *s = p;
    while (rni_channel_refs(s->c) != 1)
        rn_check_spin();
    s->data[1]++;
    rn_channel_free(s->c, "");
}

static void writes_and_unrefs(void *p)
{
    state *s = p;
    s->data[1] = 1;
    rn_channel_unref(s->c);
}

/* A call that keeps the channel returns while its owner frees it. */
static void begin_kept(void *p)
{
    state *s = p;
    begin(p);
    s->c = rni_channel_make(sizeof(int), sizeof(int), 1, drop, "");
    rni_channel_keep(s->c);
}

static void unkeeps(void *p)
{
    rni_channel_unkeep(((state *)p)->c);
}

static void frees(void *p)
{
    rn_channel_free(((state *)p)->c, "");
}

static void completes_select(void *p)
{
    state *s = p;
    if (rni_claim(&model_tasks[0])) {
        s->data[0] = 1;
        rni_ready(&model_tasks[0], 0);
    }
}

/* Freed once nobody waits on it. */
static void frees_when_over(void *p)
{
    state *s = p;
    while (rni_waiter_waits(&model_tasks[0].waiter))
        rn_check_spin();
    frees(s);
}

static void is_free(state *s)
{
    RN_CHECK_ASSERT(free_headers == s->c && !s->c->live && s->c->closed);
    rni_os_free(slabs);
}

static void was_dropped(void *p)
{
    state *s = p;
    RN_CHECK_ASSERT(dropped == (s->got != 0));
    is_free(s);
}

static void was_freed(void *p)
{
    is_free(p);
}

/* ---- making ---- */

static void makes(void *p)
{
    state *s = p;
    rn_channel *c = rni_channel_make(sizeof(int), sizeof(int), 0, NULL, "here");
    if (rn_check_self() == 1)
        s->c = c;
}

static void sees(rn_channel *c, void *arg)
{
    RN_CHECK_ASSERT(strcmp(c->site, "here") == 0 && c->size == sizeof(int));
    ++*(unsigned *)arg;
}

static void looks(void *p)
{
    rni_channel_each(sees, &((state *)p)->seen);
}

static void counts(rn_channel *first, size_t n, void *arg)
{
    RN_CHECK_ASSERT(first != NULL && n == SLAB_HEADERS);
    ++*(unsigned *)arg;
}

static void looks_at_slabs(void *p)
{
    rni_channel_slabs_each(counts, &((state *)p)->seen);
}

static void free_slabs(void *p)
{
    (void)p;
    for (slab *s = slabs, *next; s; s = next) {
        next = s->next;
        rni_os_free(s);
    }
}

static void one_at_most(void *p)
{
    RN_CHECK_ASSERT(((state *)p)->seen <= 1);
    free_slabs(p);
}

static const model_run runs[] = {
    { MODEL("refs", begin_counted, ended_once, lets_go, lets_go) },
    { MODEL("life-unref", begin_shared, was_dropped, sends_and_unrefs, tries_and_unrefs) },
    { MODEL("life-free", begin_shared, was_freed, waits_and_frees, writes_and_unrefs) },
    { MODEL("life-kept", begin_kept, was_freed, frees, unkeeps) },
    { MODEL("life-selected", begin_selected, was_freed, frees_when_over, completes_select) },
    { MODEL("life-each", begin, one_at_most, makes, looks) },
    { MODEL("life-slabs", begin, one_at_most, makes, looks_at_slabs) },
    { MODEL("life-make", begin, free_slabs, makes, makes), .options = { .preemptions = 1 } },
};

int main(int argc, char **argv)
{
    return model_main(runs, sizeof runs / sizeof runs[0], argc, argv);
}
