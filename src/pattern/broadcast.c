/* SPDX-License-Identifier: MIT */
/*
 * Broadcast: every value to whoever subscribes at the moment.
 *
 * One task receives the values. For each it takes a snapshot of the subscriptions, offers the value
 * to all of them without waiting, then waits in one select for those that must be waited for. Who
 * subscribes meanwhile hears the next value. Who unsubscribes closes the channel, which takes it
 * out of the select.
 *
 * Lifetimes: a broadcaster has a reference of its group, one of its task and one of each
 * subscription. A subscription has one of its owner (the subscriber's group, or who has taken it
 * from there to unsubscribe) and one of the task while that is delivering; it keeps its channel.
 *
 * Locks: the broadcaster's lock protects the list of subscriptions and `ended`. Channels' locks may
 * be taken under it: nobody who holds one of them takes it. `ended` never goes back; subscriptions
 * stay in the list after the end.
 */
#include "base/refs.h"
#include "pattern/part.h"
#include "scope/group.h"

struct rn_broadcaster {
    rni_owned owned;
    _Atomic(long) refs;
    rni_lock lock;
    rni_link subscriptions; /* in order of age */
    size_t n;
    bool ended;       /* the task has closed every channel */
    rn_channel *news; /* holds a token after somebody has subscribed */
    rni_element element;
    int (*copy)(void *to, const void *from);
};

typedef struct subscription {
    rni_owned owned;
    rni_link link; /* in b->subscriptions; empty when it has left; b->lock */
    rn_broadcaster *b;
    rn_channel *out;
    rn_slow slow;
    _Atomic(long) refs;
    char *room; /* for its copy of a value; the task's */
} subscription;

typedef struct delivery {
    rni_part part;
    rn_broadcaster *b;
    size_t room;         /* of the next two */
    subscription **subs; /* the snapshot */
    rn_case *waiting;    /* one for each that must be waited for */
} delivery;

/* ---- references ---- */

static void broadcaster_unref(rn_broadcaster *b)
{
    if (!RNI_LEAVES_NONE(&b->refs))
        return;
    rni_channel_release(b->news);
    rni_os_free(b);
}

static void subscription_unref(subscription *s)
{
    if (!RNI_LEAVES_NONE(&s->refs))
        return;
    rni_channel_release(s->out);
    broadcaster_unref(s->b);
    rni_os_free(s);
}

/* ---- the task ---- */

/* Makes room for the snapshot and the select of n subscriptions. */
static bool make_room(delivery *d, size_t n)
{
    if (n <= d->room)
        return true;
    n += n / 2 + 4;
    subscription **subs = rni_os_resize(d->subs, n * sizeof *subs);
    if (subs)
        d->subs = subs;
    rn_case *waiting = rni_os_resize(d->waiting, n * sizeof *waiting);
    if (waiting)
        d->waiting = waiting;
    if (!subs || !waiting)
        return false;
    d->room = n;
    return true;
}

/* The present subscriptions, with a reference to each. Their number; -ENOMEM. */
static ptrdiff_t snapshot(delivery *d)
{
    rn_broadcaster *b = d->b;
    size_t n = 0;
    rni_lock_take(&b->lock);
    while (b->n > d->room) {
        size_t wanted = b->n;
        rni_unlock(&b->lock);
        if (!make_room(d, wanted))
            return -ENOMEM;
        rni_lock_take(&b->lock);
    }
    for (rni_link *l = b->subscriptions.next; l != &b->subscriptions; l = l->next) {
        subscription *s = RNI_CONTAINER(l, subscription, link);
        atomic_fetch_add_explicit(&s->refs, 1, memory_order_relaxed);
        d->subs[n++] = s;
    }
    rni_unlock(&b->lock);
    return (ptrdiff_t)n;
}

static void drop(const delivery *d, void *element)
{
    if (d->part.element.drop)
        d->part.element.drop(element);
}

/* Offers an element without waiting. False if it must be waited for; else it is gone. */
static bool offer(const delivery *d, subscription *s, void *element)
{
    for (;;) {
        int rc = rn_channel_try_send(s->out, element);
        if (rc == 0)
            return true;
        if (rc == -EAGAIN && s->slow == RN_SLOW_WAIT)
            return false;
        if (rc != -EAGAIN || rn_channel_cap(s->out) == 0) {
            drop(d, element);
            return true;
        }
        /* If the subscriber was faster there is room, too. */
        int oldest = rn_channel_try_recv(s->out, NULL);
        (void)oldest;
    }
}

/* Waits until n subscribers have taken theirs or left. On an error the rest is dropped. */
static int wait_for_slow(delivery *d, size_t n)
{
    int rc = 0;
    while (n && rc >= 0) {
        size_t at = 0;
        rc = rn_select_at(d->waiting, n, d->part.site);
        if (rc == -EPIPE) {
            while (d->waiting[at].status == 0)
                at++;
            drop(d, d->waiting[at].elem);
            rc = 0;
        } else {
            at = (size_t)rc;
        }
        if (rc >= 0)
            d->waiting[at] = d->waiting[--n];
    }
    while (n)
        drop(d, d->waiting[--n].elem);
    return rc < 0 ? rc : 0;
}

/* Gives the value in hand to the n of the snapshot: copies, and the original to the last. */
static int deliver(delivery *d, size_t n)
{
    size_t waiting = 0, i = 0;
    int rc = 0;
    for (; i < n && rc == 0; i++) {
        subscription *s = d->subs[i];
        void *element = d->part.held;
        if (d->b->copy && i + 1 < n) {
            element = s->room;
            rc = d->b->copy(element, d->part.held);
        }
        if (rc == 0 && !offer(d, s, element))
            d->waiting[waiting++] = (rn_case){ .op = RN_OP_SEND, .ch = s->out, .elem = element };
    }
    if (rc) {
        drop(d, d->part.held);
        while (waiting)
            drop(d, d->waiting[--waiting].elem);
    }
    return rc ? rc : wait_for_slow(d, waiting);
}

static size_t subscribers(rn_broadcaster *b)
{
    rni_lock_take(&b->lock);
    size_t n = b->n;
    rni_unlock(&b->lock);
    return n;
}

/* Waits until somebody subscribes. 0; -ECANCELED. */
static int wait_for_subscribers(const delivery *d)
{
    int rc = 0;
    while (rc == 0 && subscribers(d->b) == 0)
        rc = rn_channel_recv(d->b->news, NULL, d->part.site);
    return rc;
}

static void let_go(delivery *d, ptrdiff_t n)
{
    while (n > 0)
        subscription_unref(d->subs[--n]);
}

/* Gives the value in hand to everybody, at least one. 0, or an error; then it is dropped. */
static int give(delivery *d)
{
    ptrdiff_t n;
    int rc = 0;
    while ((n = snapshot(d)) == 0 && rc == 0)
        rc = wait_for_subscribers(d);
    if (n > 0 && rc == 0)
        rc = deliver(d, (size_t)n);
    else
        drop(d, d->part.held);
    let_go(d, n);
    return n < 0 ? (int)n : rc;
}

static int broadcast_all(rni_part *p)
{
    delivery *d = RNI_CONTAINER(p, delivery, part);
    int rc;
    while ((rc = wait_for_subscribers(d)) == 0 && (rc = rni_part_recv(p)) == 0 &&
           (rc = give(d)) == 0)
        continue;
    return rc == -ECANCELED || rc == -EPIPE ? 0 : rc;
}

/* Closes what the subscribers read; what comes later is closed from the beginning. */
static void delivery_end(rni_part *p)
{
    delivery *d = RNI_CONTAINER(p, delivery, part);
    rn_broadcaster *b = d->b;
    rni_link *l = &b->subscriptions;
    rni_lock_take(&b->lock);
    b->ended = true;
    while ((l = l->next) != &b->subscriptions)
        rni_channel_close_once(RNI_CONTAINER(l, subscription, link)->out);
    rni_unlock(&b->lock);
    rni_os_free(d->subs);
    rni_os_free(d->waiting);
    broadcaster_unref(b);
}

/* ---- making ---- */

static void broadcaster_end(rni_owned *o)
{
    broadcaster_unref(RNI_CONTAINER(o, rn_broadcaster, owned));
}

static rn_broadcaster *make_broadcaster(const rni_element *e, const char *site)
{
    rn_broadcaster *b = rni_os_alloc(sizeof *b);
    if (b && (b->news = rni_channel_make(0, 1, 1, NULL, site)) != NULL) {
        b->element = *e;
        rni_list_init(&b->subscriptions);
        atomic_store_explicit(&b->refs, 1, memory_order_relaxed);
        return b;
    }
    rni_os_free(b);
    return NULL;
}

rn_broadcaster *rn_broadcaster_new(rn_group *g, rn_channel *in,
                                   int (*copy)(void *to, const void *from), size_t size,
                                   size_t align, const char *site)
{
    rni_element e = rni_element_of(in, size, align, site);
    if (e.drop && !copy)
        rni_panic(site,
                  "rn_broadcast_new of a channel with a drop function needs copies: "
                  "rn_broadcast_copy (made at %s)",
                  in->site);
    rni_part_plan plan = {
        .name = "rn_broadcast", .state = sizeof(delivery), .ins = 1, .rooms = 1
    };
    rni_part *p = rni_part_new(g, &plan, &e, site);
    rn_broadcaster *b = p ? make_broadcaster(&e, site) : NULL;
    if (b) {
        b->copy = copy;
        atomic_fetch_add_explicit(&b->refs, 1, memory_order_relaxed); /* the part's */
    }
    if (!b || !rni_group_own(g, &b->owned, broadcaster_end)) {
        if (b) {
            broadcaster_unref(b);
            broadcaster_unref(b);
        }
        rni_os_free(p);
        rni_group_lacks_memory(g);
        return NULL;
    }
    p->end = delivery_end;
    RNI_CONTAINER(p, delivery, part)->b = b;
    rni_part_add(p, in);
    (void)rni_part_start(p, g, broadcast_all);
    return b;
}

/* ---- subscribing ---- */

/* Takes s out of its broadcaster's list. */
static void leave(subscription *s)
{
    rni_lock_take(&s->b->lock);
    if (!rni_list_empty(&s->link)) {
        rni_list_remove(&s->link);
        s->b->n--;
    }
    rni_unlock(&s->b->lock);
}

/* The owner's part of a subscription's end. The channel is the group's, which closes it next. */
static void subscription_end(rni_owned *o)
{
    subscription *s = RNI_CONTAINER(o, subscription, owned);
    leave(s);
    subscription_unref(s);
}

static subscription *make_subscription(rn_group *g, rn_broadcaster *b, size_t cap, const char *site)
{
    const rni_element *e = &b->element;
    size_t room = (sizeof(subscription) + e->align - 1) & ~(e->align - 1);
    size_t align = e->align > _Alignof(subscription) ? e->align : _Alignof(subscription);
    char *block = rni_os_alloc_aligned(align, room + (b->copy ? e->size : 0));
    subscription *s = (subscription *)(void *)block;
    if (!s)
        return NULL;
    s->out = rn_channel_new(g, e->size, e->align, cap, e->drop, site);
    if (!s->out) {
        rni_os_free(s);
        return NULL;
    }
    rn_channel_ref(s->out);
    atomic_fetch_add_explicit(&b->refs, 1, memory_order_relaxed);
    s->b = b;
    s->room = block + room;
    rni_list_init(&s->link);
    atomic_store_explicit(&s->refs, 1, memory_order_relaxed);
    return s;
}

/* Puts s into the list. True if the broadcast has ended. */
static bool join(subscription *s)
{
    rn_broadcaster *b = s->b;
    rni_lock_take(&b->lock);
    rni_list_push(&b->subscriptions, &s->link);
    b->n++;
    bool ended = b->ended;
    rni_unlock(&b->lock);
    return ended;
}

rn_channel *rn_broadcaster_subscribe(rn_group *g, rn_broadcaster *b, size_t cap, rn_slow slow,
                                     const char *site)
{
    if (!g)
        rni_panic(site, "rn_subscribe" RNI_NEEDS_A_GROUP);
    if (!b)
        return &rni_no_channel;
    subscription *s = make_subscription(g, b, cap, site);
    if (!s) {
        rni_group_lacks_memory(g);
        return &rni_no_channel;
    }
    rn_channel *out = s->out;
    s->slow = slow;
    if (join(s))
        rni_channel_close_once(out);
    if (!rni_group_own(g, &s->owned, subscription_end)) {
        subscription_end(&s->owned);
        return &rni_no_channel;
    }
    int full = rn_channel_try_send(b->news, NULL);
    (void)full; /* one token is enough */
    return out;
}

/* The subscription that c belongs to, with a reference; NULL if there is none. */
static subscription *find(rn_broadcaster *b, const rn_channel *c)
{
    subscription *found = NULL;
    rni_lock_take(&b->lock);
    for (rni_link *l = b->subscriptions.next; !found && l != &b->subscriptions; l = l->next) {
        subscription *s = RNI_CONTAINER(l, subscription, link);
        if (s->out == c) {
            atomic_fetch_add_explicit(&s->refs, 1, memory_order_relaxed);
            found = s;
        }
    }
    rni_unlock(&b->lock);
    return found;
}

void rn_broadcaster_unsubscribe(rn_broadcaster *b, rn_channel *c, const char *site)
{
    if (!c || c == &rni_no_channel)
        return; /* as rn_subscribe gave it, without memory or in a group that closes */
    subscription *s = b ? find(b, c) : NULL;
    if (!s)
        rni_panic(site, "rn_unsubscribe of a receiver that is not subscribed");
    if (rni_group_disown(&s->owned)) { /* else its group closes, and does this */
        leave(s); /* before the close lets the task go on: it would take a value for nobody */
        rni_channel_close_once(c);
        rni_group_forget(c);
        rni_channel_release(c);
        subscription_end(&s->owned);
    }
    subscription_unref(s);
}
