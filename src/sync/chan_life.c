/* SPDX-License-Identifier: MIT */
/*
 * Making and freeing channels.
 *
 * Headers come from slabs that are kept for ever (chan.h says why); a freed header goes to a list
 * for the next channel. A buffer of more than a word or two is allocated apart and is freed with
 * the channel. A channel starts with one reference, its group's; the last one to go drops what is
 * buffered.
 */
#include <string.h>

#include "base/layout.h"
#include "base/refs.h"
#include "sync/chan.h"

enum { SLAB_HEADERS = 64, ELEMENT_MAX = 1 << 30 };

typedef struct slab {
    struct slab *next;
    _Alignas(64) rn_channel channels[SLAB_HEADERS];
} slab;

static _Atomic(slab *) slabs; /* prepended to under pool_lock; release store, acquire load */
static rni_lock pool_lock;    /* protects free_headers */
static rn_channel *free_headers;
rn_channel rni_no_channel = { .closed = true, .refs = 1 }; /* the reference is never given back */
static char no_elements[1]; /* the ring of channels whose elements have no size */

RNI_LAYOUT = {
    RNI_LAYOUT_ADDRESS("channels", slabs),
    RNI_LAYOUT_FIELD("channels.next", slab, next),
    RNI_LAYOUT_FIELD("channels.headers", slab, channels),
    RNI_LAYOUT_NUMBER("channels.n", SLAB_HEADERS),
    RNI_LAYOUT_NUMBER("channel.bytes", sizeof(rn_channel)),
    RNI_LAYOUT_FIELD("channel.live", rn_channel, live),
    RNI_LAYOUT_FIELD("channel.closed", rn_channel, closed),
    RNI_LAYOUT_FIELD("channel.size", rn_channel, size),
    RNI_LAYOUT_FIELD("channel.cap", rn_channel, cap),
    RNI_LAYOUT_FIELD("channel.count", rn_channel, count),
    RNI_LAYOUT_FIELD("channel.receivers", rn_channel, receivers.head),
    RNI_LAYOUT_FIELD("channel.senders", rn_channel, senders.head),
    RNI_LAYOUT_FIELD("channel.site", rn_channel, site),
};

static rn_channel *take_header(void)
{
    rni_lock_take(&pool_lock);
    rn_channel *c = free_headers;
    if (c)
        free_headers = c->next_free;
    rni_unlock(&pool_lock);
    if (c)
        return c;
    slab *s = rni_os_alloc_aligned(64, sizeof *s);
    if (!s)
        return NULL;
    rni_lock_take(&pool_lock);
    s->next = atomic_load_explicit(&slabs, memory_order_relaxed);
    atomic_store_explicit(&slabs, s, memory_order_release);
    for (unsigned i = 1; i < SLAB_HEADERS; i++) {
        s->channels[i].next_free = free_headers;
        free_headers = &s->channels[i];
    }
    rni_unlock(&pool_lock);
    return &s->channels[0];
}

static void give_header(rn_channel *c)
{
    rni_lock_take(&pool_lock);
    c->next_free = free_headers;
    free_headers = c;
    rni_unlock(&pool_lock);
}

static char *make_ring(rn_channel *c, size_t align, size_t bytes)
{
    if (bytes == 0)
        return no_elements;
    return bytes <= sizeof c->few && align <= sizeof c->few ? c->few
                                                            : rni_os_alloc_aligned(align, bytes);
}

static void free_ring(rn_channel *c, char *ring)
{
    if (ring != no_elements && ring != c->few)
        rni_os_free(ring);
}

/* Whether there can be such a channel; the bytes of its buffer. */
static bool possible(size_t size, size_t align, size_t cap, size_t *bytes)
{
    return size <= ELEMENT_MAX && align != 0 && (align & (align - 1)) == 0 &&
           !__builtin_mul_overflow(size, cap, bytes) && *bytes <= PTRDIFF_MAX && cap <= PTRDIFF_MAX;
}

rn_channel *rni_channel_make(size_t size, size_t align, size_t cap, void (*drop)(void *),
                             const char *site)
{
    size_t bytes;
    if (!possible(size, align, cap, &bytes))
        return NULL;
    rn_channel *c = take_header();
    if (!c)
        return NULL;
    char *ring = make_ring(c, align, bytes);
    if (!ring) {
        give_header(c);
        return NULL;
    }
    /* Under the lock: an aborter with a stale pointer may be looking (core/park.h). */
    rni_lock_take(&c->lock);
    c->closed = c->freeing = false;
    c->size = size;
    c->align = align;
    c->cap = cap;
    c->count = c->head = 0;
    c->ring = ring;
    c->receivers = c->senders = (rni_queue){ NULL, NULL };
    c->drop = drop;
    c->site = site;
    c->group = NULL;
    atomic_store_explicit(&c->refs, 1, memory_order_relaxed);
    c->timer_freed = NULL;
    c->timer = NULL;
    c->due = INT64_MAX;
    c->measure = NULL;
    c->measured = false;
    rni_unlock(&c->lock);
    atomic_store_explicit(&c->live, true, memory_order_release);
    return c;
}

rn_channel *rn_channel_new(rn_group *g, size_t size, size_t align, size_t cap,
                           void (*drop)(void *element), const char *site)
{
    if (!g)
        rni_panic(site, "a channel" RNI_NEEDS_A_GROUP);
    rn_channel *c = rni_channel_make(size, align, cap, drop, site);
    size_t bytes;
    if (!c && possible(size, align, cap, &bytes))
        rni_group_lacks_memory(g);
    if (c && !rni_group_adopt(g, c)) {
        rni_channel_release(c);
        return NULL;
    }
    return c;
}

/* Nobody can reach c any more but through this call. */
static void destroy(rn_channel *c)
{
    atomic_store_explicit(&c->live, false, memory_order_relaxed);
    /* Selects that were completed elsewhere may still stand in the queues. */
    rni_channel_shut(c, -ECANCELED);
    for (size_t i = 0; c->drop && i < c->count; i++)
        c->drop(rni_chan_slot(c, i));
    rni_lock_take(&c->lock);
    char *ring = c->ring;
    struct rni_measure *measure = c->measure;
    c->measured = false;
    c->ring = no_elements;
    c->count = c->cap = 0;
    c->closed = true;
    rni_unlock(&c->lock);
    free_ring(c, ring);
    rni_os_free(measure);
    give_header(c);
}

void rni_channel_release(rn_channel *c)
{
    if (RNI_LEAVES_NONE(&c->refs))
        destroy(c);
}

void rni_channel_keep(rn_channel *c)
{
    atomic_fetch_add_explicit(&c->refs, RNI_CHANNEL_KEEP, memory_order_relaxed);
}

void rni_channel_unkeep(rn_channel *c)
{
    if (RNI_LEAVES_NONE_OF(&c->refs, RNI_CHANNEL_KEEP))
        destroy(c);
}

void rn_channel_ref(rn_channel *c)
{
    if (c)
        atomic_fetch_add_explicit(&c->refs, 1, memory_order_relaxed);
}

void rn_channel_unref(rn_channel *c)
{
    if (!c)
        return;
    /* While the group owns the channel, one of the references is the group's. */
    if (rni_channel_refs(c) < 2 && __atomic_load_n(&c->group, __ATOMIC_RELAXED))
        rni_panic(NULL, "unref of a channel without a ref (made at %s)", c->site);
    rni_channel_release(c);
}

/* Whether q holds more than records of selects that another channel has completed. */
static bool anyone_waits(const rni_queue *q)
{
    for (rni_waiter *w = q->head; w; w = w->next)
        if (rni_waiter_waits(w))
            return true;
    return false;
}

/* Whether a call that will look at c again is under way. */
static bool kept(const rn_channel *c)
{
    return atomic_load_explicit(&c->refs, memory_order_acquire) >> 32 != 0;
}

void rn_channel_free(rn_channel *c, const char *site)
{
    if (!c || c == &rni_no_channel)
        return;
    rni_lock_take(&c->lock);
    bool waited = anyone_waits(&c->receivers) || anyone_waits(&c->senders), again = c->freeing;
    c->freeing = true;
    rni_unlock(&c->lock);
    if (again || !atomic_load_explicit(&c->live, memory_order_relaxed))
        rni_panic(site, "channel freed twice (made at %s)", c->site);
    if (waited)
        rni_panic(site, "free of a channel that a task waits on (made at %s)", c->site);
    if (rni_channel_refs(c) != 1)
        rni_panic(site, "free of a channel that rn_ref keeps (made at %s)", c->site);
    if (c->timer) {
        c->timer_freed(c->timer);
        return;
    }
    rni_group_forget(c);
    if (kept(c))
        rni_channel_shut(c, -EPIPE); /* such a call would wait for ever */
    rni_channel_release(c);
}

void rni_channel_each(void (*fn)(rn_channel *c, void *arg), void *arg)
{
    for (slab *s = atomic_load_explicit(&slabs, memory_order_acquire); s; s = s->next)
        for (unsigned i = 0; i < SLAB_HEADERS; i++)
            if (atomic_load_explicit(&s->channels[i].live, memory_order_acquire))
                fn(&s->channels[i], arg);
}

void rni_channel_slabs_each(void (*fn)(rn_channel *first, size_t n, void *arg), void *arg)
{
    for (slab *s = atomic_load_explicit(&slabs, memory_order_acquire); s; s = s->next)
        fn(s->channels, SLAB_HEADERS, arg);
}
