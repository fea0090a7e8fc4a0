/* SPDX-License-Identifier: MIT */
/* What a group owns and ends when it is closed: timers and the like, deferred calls, channels. */
#include "scope/group.h"

bool rni_group_own(rn_group *g, rni_owned *o, void (*end)(rni_owned *o))
{
    if (o->group != g) /* else it is in use already: a timer that may have fired */
        o->group = g;
    o->end = end;
    rni_lock_take(&g->lock);
    bool open = !g->sealed;
    if (open)
        rni_list_push(&g->owned, &o->link);
    rni_unlock(&g->lock);
    return open;
}

bool rni_group_disown(rni_owned *o)
{
    rni_lock_take(&o->group->lock);
    bool listed = !rni_list_empty(&o->link);
    rni_list_remove(&o->link);
    rni_unlock(&o->group->lock);
    return listed;
}

/* Until here the tasks could make channels and the like although the group was cancelled, since
 * clean-up may need them. */
void rni_group_end_owned(rn_group *g)
{
    rni_lock_take(&g->lock);
    g->sealed = true;
    rni_unlock(&g->lock);
    for (;;) {
        rni_lock_take(&g->lock);
        rni_link *last = g->owned.prev;
        if (last != &g->owned)
            rni_list_remove(last);
        rni_unlock(&g->lock);
        if (last == &g->owned)
            return;
        rni_owned *o = RNI_CONTAINER(last, rni_owned, link);
        o->end(o);
    }
}

/* ---- deferred calls ---- */

typedef struct deferred {
    rni_owned owned;
    void (*fn)(void *arg);
    void *arg;
} deferred;

static void end_deferred(rni_owned *o)
{
    deferred *d = RNI_CONTAINER(o, deferred, owned);
    d->fn(d->arg);
    rni_os_free(d);
}

int rn_group_defer(rn_group *g, void (*fn)(void *arg), void *arg)
{
    if (!g || !fn)
        rni_panic(NULL, g ? "defer of a NULL function" : "defer" RNI_NEEDS_A_GROUP);
    deferred *d = rni_os_alloc(sizeof *d);
    if (!d)
        return -ENOMEM;
    d->fn = fn;
    d->arg = arg;
    if (rni_group_own(g, &d->owned, end_deferred))
        return 0;
    rni_os_free(d);
    return -ECANCELED;
}

/* ---- channels ---- */

void rni_group_lacks_memory(rn_group *g)
{
    rni_lock_take(&g->lock);
    bool sealed = g->sealed;
    rni_unlock(&g->lock);
    if (!sealed)
        rn_group_cancel(g, -ENOMEM);
}

bool rni_group_adopt(rn_group *g, rn_channel *c)
{
    rni_lock_take(&g->lock);
    bool open = !g->sealed;
    if (open) {
        __atomic_store_n(&c->group, g, __ATOMIC_RELAXED);
        rni_list_push(&g->channels, &c->owned);
    }
    rni_unlock(&g->lock);
    return open;
}

void rni_group_forget(rn_channel *c)
{
    rn_group *g = c->group;
    if (!g)
        return;
    rni_lock_take(&g->lock);
    rni_list_remove(&c->owned);
    __atomic_store_n(&c->group, NULL, __ATOMIC_RELAXED);
    rni_unlock(&g->lock);
}

void rni_group_end_channels(rn_group *g)
{
    while (!rni_list_empty(&g->channels)) {
        rn_channel *c = RNI_CONTAINER(g->channels.next, rn_channel, owned);
        rni_list_remove(&c->owned);
        __atomic_store_n(&c->group, NULL, __ATOMIC_RELAXED);
        bool kept = rni_channel_refs(c) > 1;
        rni_channel_shut(c, kept ? 0 : -ECANCELED);
        rni_channel_release(c);
    }
}
