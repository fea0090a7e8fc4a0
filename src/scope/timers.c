/* SPDX-License-Identifier: MIT */
/*
 * Timers and tickers that users see: a core timer, and a channel or a task to start.
 *
 * The channel buffers one value, but shows neither length nor capacity. A tick that finds the
 * buffer full is lost. Who receives between the instant and the firing gets the value at once
 * (sync/chan_timer.c).
 *
 * Firing against stopping. `lock` protects setting, armed and period. A stop (or reset) takes the
 * lock, stops the core timer, counts `setting` up and takes an undelivered value back out of the
 * channel. A firing notes `setting` while the core timer is still FIRING, when no stop can get past
 * rni_timer_stop; takes a reference, so that a free cannot take the memory away; then lets the core
 * timer go, takes the lock, and delivers only if `setting` is still what it noted. So a stop never
 * waits for a lock that waits for it, and after a stop nothing old is delivered. The channel's lock
 * is taken under `lock`, never the other way round.
 *
 * The record belongs to its group (rni_owned), which holds the first reference; each firing holds
 * one more. It refers to the group in turn, because a firing may still be looking at the group when
 * that has closed. The channel is the record's and goes with the free.
 */
#include <runnel/time.h>

#include "base/copy.h"
#include "base/refs.h"
#include "scope/group.h"
#include "sync/chan.h"

struct rn_timer {
    rni_owned owned;
    rni_timer timer;
    rni_lock lock;
    unsigned setting;
    bool armed;      /* will fire */
    bool never;      /* armed for an instant that does not come */
    int64_t period;  /* 0: once */
    rn_channel *out; /* fixed; NULL: starts a task */
    _Atomic(int) refs;

    /* the task to start; fixed */
    int (*entry)(void *args);
    const char *name, *site;
    size_t size;
    _Alignas(16) char args[];
};

/* A ticker is the same record under another name, so that none is taken for a timer. */
static rn_timer *record(rn_ticker *t)
{
    return (rn_timer *)(void *)t;
}

static void free_memory(rn_timer *t)
{
    rn_ctx_unref(&t->owned.group->ctx);
    rni_os_free(t);
}

static void give_back(rn_timer *t)
{
    if (RNI_LEAVES_NONE(&t->refs))
        free_memory(t);
}

/* ---- setting ---- */

static rn_timer *need(rn_timer *t, const char *call)
{
    if (!t)
        rni_panic(NULL, "%s of a NULL timer", call);
    return t;
}

/* Arms t for `when`; its lock is held and it is not armed. */
static void arm(rn_timer *t, int64_t when)
{
    t->armed = true;
    t->never = when == INT64_MAX;
    if (!t->never)
        rni_timer_arm(&t->timer, when); /* the memory it may want was there when t was made */
}

/* Disarms t; its lock is held. True if that prevented a value from being received. */
static bool disarm(rn_timer *t)
{
    bool prevented = t->armed && (!t->out || t->never);
    rni_timer_stop(&t->timer);
    t->setting++;
    t->armed = false;
    if (t->out && rni_channel_disarm(t->out))
        prevented = true; /* else it has been received, perhaps before it fired */
    return prevented;
}

static bool set_anew(rn_timer *t, int64_t ns, int64_t period)
{
    rni_lock_take(&t->lock);
    bool prevented = disarm(t);
    t->period = period;
    t->timer.periodic = period > 0;
    if (ns >= 0) {
        int64_t when = rni_add_ns(rni_now(), ns);
        if (t->out)
            rni_channel_set_due(t->out, when, period);
        arm(t, when);
    }
    rni_unlock(&t->lock);
    return prevented;
}

static bool set_by_user(rn_timer *t, int64_t ns, int64_t period)
{
    return rni_spend_here(set_anew(t, ns, period));
}

/* ---- firing ---- */

static void fired(rni_timer *timer)
{
    rn_timer *t = RNI_CONTAINER(timer, rn_timer, timer);
    unsigned setting = t->setting;
    int64_t next = INT64_MAX;
    atomic_fetch_add_explicit(&t->refs, 1, memory_order_relaxed);
    rni_timer_fired(timer);
    rn_group *g = t->owned.group;
    bool start = false;
    rni_lock_take(&t->lock);
    if (t->setting == setting) {
        t->armed = false;
        if (t->out)
            next = rni_channel_fire(t->out);
        else /* counted in before a stop is told that it comes too late */
            start = rni_ctx_cause(&g->ctx) == 0 && rni_group_enter(g);
        if (t->period)
            arm(t, next);
    }
    rni_unlock(&t->lock);
    if (start)
        rni_group_start(g, t->entry, t->args, t->size, t->name, t->site);
    give_back(t);
}

/* ---- making and freeing ---- */

/* Stops t for good; it is out of its group's list. */
static void end_timer(rni_owned *o)
{
    rn_timer *t = RNI_CONTAINER(o, rn_timer, owned);
    rni_lock_take(&t->lock);
    disarm(t);
    rni_unlock(&t->lock);
    if (t->out) {
        bool kept = rni_channel_refs(t->out) > 1;
        rni_channel_untime(t->out);
        rni_channel_shut(t->out, kept ? 0 : -ECANCELED);
        rni_channel_release(t->out);
    }
    give_back(t);
}

static void free_record(rn_timer *t)
{
    if (t && rni_group_disown(&t->owned))
        end_timer(&t->owned);
}

static void freed_channel(void *timer)
{
    free_record(timer);
}

/* What a timer that starts tasks starts. */
typedef struct start {
    int (*entry)(void *args);
    const void *args;
    size_t size;
    const char *name;
} start;

/* A timer that is set to ns and period: one with a channel, which goes to *out, or one that starts
 * tasks. It is finished before the group gets it, since the group may be closing, and end it at
 * once: the caller must not touch it any more. */
static rn_timer *make(rn_group *g, int64_t ns, int64_t period, const start *s, rn_channel **out,
                      const char *site)
{
    if (!g)
        rni_panic(site, "a timer" RNI_NEEDS_A_GROUP);
    rn_timer *t = rni_os_alloc(sizeof *t + (s ? s->size : 0));
    if (!t) {
        rni_group_lacks_memory(g);
        return NULL;
    }
    t->timer.fn = fired;
    t->timer.when = INT64_MAX;
    t->site = site;
    atomic_store_explicit(&t->refs, 1, memory_order_relaxed);
    if (s) {
        t->entry = s->entry;
        t->name = s->name;
        t->size = s->size;
        rni_copy(t->args, s->args, s->size);
    } else {
        t->out = rni_channel_make(sizeof(int64_t), _Alignof(int64_t), 1, NULL, site);
        if (!t->out)
            goto failed;
        rni_channel_time(t->out, freed_channel, t);
    }
    if (rni_runtime_prepare() != 0)
        goto failed;
    if (out)
        *out = t->out;
    rn_ctx_ref(&g->ctx); /* for as long as the record is there */
    t->owned.group = g;
    set_anew(t, ns > 0 ? ns : 0, period);
    if (rni_group_own(g, &t->owned, end_timer))
        return t;
    end_timer(&t->owned);
    return NULL;
failed:
    if (t->out) {
        rni_channel_untime(t->out);
        rni_channel_release(t->out);
    }
    rni_os_free(t);
    rni_group_lacks_memory(g);
    return NULL;
}

rn_timer *rn_timer_new_at(rn_group *g, int64_t ns, const char *site)
{
    return make(g, ns, 0, NULL, NULL, site);
}

rn_timer *rn_timer_start_task(rn_group *g, int64_t ns, int (*entry)(void *args), const void *args,
                              size_t size, const char *name, const char *site)
{
    if (!entry)
        rni_panic(site, "timer of a NULL function");
    start s = { .entry = entry, .args = args, .size = size, .name = name };
    return make(g, ns, 0, &s, NULL, site);
}

bool rn_timer_stop(rn_timer *t)
{
    return set_by_user(need(t, "rn_timer_stop"), -1, 0);
}

bool rn_timer_reset(rn_timer *t, int64_t ns)
{
    return set_by_user(need(t, "rn_timer_reset"), ns > 0 ? ns : 0, 0);
}

void rn_timer_free(rn_timer *t)
{
    free_record(t);
}

rn_ticker *rn_ticker_new_at(rn_group *g, int64_t period_ns, const char *site)
{
    if (period_ns <= 0)
        return NULL;
    return (rn_ticker *)(void *)make(g, period_ns, period_ns, NULL, NULL, site);
}

void rn_ticker_stop(rn_ticker *t)
{
    set_by_user(need(record(t), "rn_ticker_stop"), -1, 0);
}

int rn_ticker_reset(rn_ticker *t, int64_t period_ns)
{
    need(record(t), "rn_ticker_reset");
    if (period_ns <= 0)
        return -EINVAL;
    set_by_user(record(t), period_ns, period_ns);
    return 0;
}

void rn_ticker_free(rn_ticker *t)
{
    free_record(record(t));
}

/* ---- channels ---- */

rn_channel *rn_timer_channel(rn_timer *t)
{
    return need(t, "rn_timer_chan")->out;
}

rn_channel *rn_ticker_channel(rn_ticker *t)
{
    return need(record(t), "rn_ticker_chan")->out;
}

rn_channel *rn_after_channel(rn_group *g, int64_t ns, const char *site)
{
    rn_channel *out;
    return make(g, ns, 0, NULL, &out, site) ? out : NULL;
}

rn_channel *rn_tick_channel(rn_group *g, int64_t period_ns, const char *site)
{
    rn_channel *out;
    return period_ns > 0 && make(g, period_ns, period_ns, NULL, &out, site) ? out : NULL;
}
