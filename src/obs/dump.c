/* SPDX-License-Identifier: MIT */
/*
 * rn_dump: the tables of tasks and channels.
 *
 * A snapshot of a moving world: the fields of a record are read one after the other, so a line may
 * show a mix of two moments, and even of two tasks: a record may be another's by the time the line
 * is complete. It is still a task's, because records are never given back. Most fields are read
 * with relaxed order; `internal`, `foreign` and those of channels are plain reads.
 * Writes line by line with a buffer on the stack, allocates nothing, waits for no task and lets
 * none run, because a panic may come from anywhere.
 */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <runnel/obs.h>

#include "base/layout.h"
#include "base/say.h"
#include "core/depth.h"
#include "core/hooks.h"
#include "core/records.h"
#include "core/runtime.h"
#include "core/settings.h"
#include "obs/leaks.h"
#include "obs/table.h"
#include "sync/chan.h"

static const char *const why_names[RNI_WHY_MAX] = {
    [RNI_WHY_RUNNING] = "running",
    [RNI_WHY_READY] = "runnable",
    [RNI_WHY_SEND] = "chan send",
    [RNI_WHY_RECV] = "chan receive",
    [RNI_WHY_SEND_NIL] = "chan send (nil chan)",
    [RNI_WHY_RECV_NIL] = "chan receive (nil chan)",
    [RNI_WHY_SELECT] = "select",
    [RNI_WHY_SELECT_NONE] = "select (no cases)",
    [RNI_WHY_SELECT_IO] = "select",
    [RNI_WHY_SLEEP] = "sleep",
    [RNI_WHY_MUTEX] = "mutex lock",
    [RNI_WHY_RLOCK] = "rwmutex read lock",
    [RNI_WHY_WLOCK] = "rwmutex write lock",
    [RNI_WHY_COND] = "cond wait",
    [RNI_WHY_WAITGROUP] = "waitgroup wait",
    [RNI_WHY_ONCE] = "once",
    [RNI_WHY_SEMAPHORE] = "semaphore acquire",
    [RNI_WHY_GROUP] = "group wait",
    [RNI_WHY_JOIN] = "join",
    [RNI_WHY_BLOCKING] = "blocking call",
    [RNI_WHY_IO] = "IO wait",
};

RNI_LAYOUT = {
    RNI_LAYOUT_ADDRESS("why", why_names),
    RNI_LAYOUT_NUMBER("why.count", RNI_WHY_MAX),
};

typedef struct table {
    int fd;
    bool (*wanted)(rni_why why); /* NULL: every task */
    uint16_t run;                /* else those of this run */
    const rni_survey *leaked;    /* not NULL: to be marked */
    size_t lines;
} table;

static const char *text(_Atomic(const char *) *field)
{
    const char *s = atomic_load_explicit(field, memory_order_relaxed);
    return s ? s : "?";
}

static void put(table *tb, const char *line, int n)
{
    if (n < 0)
        return;
    rni_say(tb->fd, line, (size_t)n < 511 ? (size_t)n : 511);
    tb->lines++;
}

static bool on_channel(rni_why why)
{
    return why == RNI_WHY_SEND || why == RNI_WHY_RECV || why == RNI_WHY_SELECT ||
           why == RNI_WHY_SELECT_IO;
}

/* ", 12 s": how long t has waited, if that is a second or more. At most so long: the worker may
 * have looked at the clock some time before the wait. */
static void duration(rni_task *t, char *buf, size_t size)
{
    int64_t ns = rni_now() - atomic_load_explicit(&t->since, memory_order_relaxed);
    if (ns >= RN_SECOND)
        snprintf(buf, size, ", %lld s", (long long)(ns / RN_SECOND));
}

static void task_line(rni_task *t, void *arg)
{
    table *tb = arg;
    char line[512], where[160] = "", waited[32] = "", depth[48] = "";
    if (atomic_load_explicit(&t->state, memory_order_acquire) != RNI_TASK_LIVE || t->internal)
        return;
    rni_why why = (rni_why)atomic_load_explicit(&t->why, memory_order_relaxed);
    if (tb->wanted && (t->background || t->run != tb->run || !tb->wanted(why)))
        return;
    const void *what = atomic_load_explicit(&t->what, memory_order_relaxed);
    if (why > RNI_WHY_READY) {
        duration(t, waited, sizeof waited);
        int n = snprintf(where, sizeof where, " at %s", text(&t->where));
        if (what && n > 0 && (size_t)n < sizeof where)
            snprintf(where + n, sizeof where - (size_t)n, " on %s%p",
                     on_channel(why) ? "channel " : "", what);
    }
    if (rni_depth_known(t))
        snprintf(depth, sizeof depth, ", stack used %zu bytes", rni_depth_of(t));
    int n = snprintf(line, sizeof line, "  %s %llu %s [%s%s%s]%s, started at %s%s\n",
                     t->foreign ? "thread" : "task",
                     (unsigned long long)atomic_load_explicit(&t->id, memory_order_relaxed),
                     text(&t->name), why < RNI_WHY_MAX ? why_names[why] : "?",
                     tb->leaked && rni_leaks_has(tb->leaked, t) ? ", leaked" : "", waited, where,
                     text(&t->site), depth);
    put(tb, line, n);
}

static void spawn_line(rni_spawn *s, void *arg)
{
    table *tb = arg;
    char line[512];
    if (s->internal)
        return;
    int n = snprintf(line, sizeof line, "  task %s [not started], started at %s\n", text(&s->name),
                     text(&s->site));
    put(tb, line, n);
}

static unsigned length(const rni_queue *q)
{
    unsigned n = 0;
    for (const rni_waiter *w = q->head; w; w = w->next)
        n++;
    return n;
}

static void channel_line(rn_channel *c, void *arg)
{
    table *tb = arg;
    char line[512];
    bool locked = rni_lock_try(&c->lock);
    int n = snprintf(line, sizeof line,
                     "  channel %p: %zu-byte elements, %zu of %zu buffered, %u sending, %u "
                     "receiving%s, made at %s\n",
                     (void *)c, c->size, c->count, c->cap, locked ? length(&c->senders) : 0,
                     locked ? length(&c->receivers) : 0, c->closed ? ", closed" : "", c->site);
    if (locked)
        rni_unlock(&c->lock);
    put(tb, line, n);
}

size_t rni_table_leaks(int fd, uint16_t run, bool (*wanted)(rni_why why), const rni_survey *leaked)
{
    table tb = { .fd = fd, .run = run, .wanted = wanted, .leaked = leaked };
    rni_stack_each(task_line, &tb);
    return tb.lines;
}

static bool waits_first(const rni_queue *q, const rni_survey *found)
{
    return q->head && rni_leaks_has(found, q->head->task);
}

/* A line for c, if the first who waits on it is among those found: `what` of a task that goes on
 * may name anything by now. */
static void found_channel(rn_channel *c, void *arg)
{
    table *tb = arg;
    if (!rni_lock_try(&c->lock))
        return;
    bool first = waits_first(&c->receivers, tb->leaked) || waits_first(&c->senders, tb->leaked);
    rni_unlock(&c->lock);
    if (first)
        channel_line(c, tb);
}

void rni_table_found(int fd, const rni_survey *found)
{
    table tasks = { .fd = fd }, channels = { .fd = fd, .leaked = found };
    for (size_t i = 0; i < found->n; i++)
        if (rni_leaks_has(found, found->found[i].task))
            task_line(found->found[i].task, &tasks);
    rni_channel_each(found_channel, &channels);
}

static void dump(int fd, const rni_survey *leaked)
{
    int saved = rni_os_error();
    char line[128];
    table tb = { .fd = fd, .leaked = leaked };
    unsigned long long live = rni_live_tasks();
    put(&tb, line,
        snprintf(line, sizeof line, "runnel: %llu task%s\n", live, live == 1 ? "" : "s"));
    rni_stack_each(task_line, &tb);
    rni_spawn_each(spawn_line, &tb);
    rni_foreign_each(task_line, &tb);
    put(&tb, line, snprintf(line, sizeof line, "runnel: channels\n"));
    rni_channel_each(channel_line, &tb);
    rni_os_set_error(saved);
}

void rni_report_dump(int fd)
{
    dump(fd, NULL);
}

void rn_dump(int fd)
{
    rni_survey s;
    if (!rni_settings_verify()) {
        dump(fd, NULL);
        return;
    }
    dump(fd, rni_leaks_looked(fd, rni_leaks_find(&s)) ? &s : NULL);
    rni_leaks_free(&s);
}
