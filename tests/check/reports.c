/* SPDX-License-Identifier: MIT */
/*
 * What reports read of tasks that begin meanwhile: a spawn record that is queued, and a task that
 * is live, are complete.
 */
#define _GNU_SOURCE /* as obs/report.c */
#include "seam.h"

/* Each of these files has its entries for debuggers, and some a name in common. */
#define layout layout_of_spawn
#include "core/spawn.c"
#undef layout
#include "core/start.c"
#define layout layout_of_dispatch
#define begin begin_task
#include "core/dispatch.c"
#undef begin
#undef layout
#define layout layout_of_dump
#include "obs/dump.c"
#undef layout
#define say say_line
#include "obs/report.c"
#undef say

enum { RUN = 7 };

typedef struct state {
    unsigned seen;
    unsigned told;
} state;

static state *running;
static rni_task task;
static rni_worker worker;
static rni_spawn *spawned;
static rni_spawn_cache cache; /* of who makes the record of the task */

static int entry(void *args)
{
    (void)args;
    return 0;
}

static void begin(void *p)
{
    running = p;
    model_begin();
    model_owner.run = RUN;
    atomic_store_explicit(&slabs, NULL, memory_order_relaxed);
    pool = NULL;
    pool_lock = (rni_lock){ 0 };
    memset(&rni_rt, 0, sizeof rni_rt);
}

/* Of an owner whose tasks are in no report. */
static void begin_internal(void *p)
{
    begin(p);
    model_owner.internal = true;
}

/* A task is about to begin, on a stack that nobody has used. */
static void begin_picked(void *p)
{
    begin(p);
    memset(&task, 0, sizeof task);
    memset(&worker, 0, sizeof worker);
    cache = (rni_spawn_cache){ 0 };
    spawned = rni_spawn_take(&cache, 0);
    fill(spawned, &model_owner, entry, NULL, 0);
    atomic_store_explicit(&spawned->name, "name", memory_order_relaxed);
    atomic_store_explicit(&spawned->site, "site", memory_order_relaxed);
}

/* ---- the rest of the scheduler ---- */

void rni_queue_anywhere(rni_runnable r)
{
    RN_CHECK_ASSERT(rni_is_spawn(r));
}

void rni_runtime_ensure(void)
{
}

int rni_stack_class_of(rn_stack_class c)
{
    return c == RN_STACK_DEFAULT ? 0 : -1;
}

int rni_first_grant = RNI_FIRST_GRANT;

size_t rni_depth_of(const rni_task *t)
{
    (void)t;
    return 0;
}

bool rni_leaks_has(const rni_survey *s, const rni_task *t)
{
    (void)s;
    (void)t;
    return false;
}

void rni_say(int fd, const char *text, size_t n)
{
    (void)fd;
    (void)text;
    (void)n;
    running->told++;
}

/* ---- threads ---- */

static void spawns(void *p)
{
    (void)p;
    RN_CHECK_ASSERT(rni_start(&model_owner, entry, NULL, 0, NULL, "name", "site") == 0);
}

static void begins(void *p)
{
    (void)p;
    begin_task(&worker, &task, spawned);
}

static void looks_at_spawns(void *p)
{
    count c = { .run = RUN };
    rni_spawn_each(count_unstarted, &c);
    ((state *)p)->seen = (unsigned)c.n;
}

static void tells_of_spawns(void *p)
{
    table tb = { .fd = -1 };
    rni_spawn_each(spawn_line, &tb);
    ((state *)p)->seen = (unsigned)tb.lines;
}

static void counts(uintptr_t base, size_t n, void *arg)
{
    const rni_spawn *s = (const rni_spawn *)base;
    RN_CHECK_ASSERT(n == SLAB_RECORDS && !s->big);
    ++*(unsigned *)arg;
}

static void looks_at_slabs(void *p)
{
    rni_spawn_slabs_each(counts, &((state *)p)->seen);
}

static void looks_at_task(void *p)
{
    count c = { .run = RUN };
    RN_CHECK_ASSERT(!is_of(&task, 0));
    count_unsettled(&task, &c);
    ((state *)p)->seen = (unsigned)c.n;
}

static void tells_of_task(void *p)
{
    table tb = { .fd = -1, .run = RUN };
    task_line(&task, &tb);
    ((state *)p)->seen = (unsigned)tb.lines;
}

/* ---- what must be so then ---- */

static void free_slabs(void)
{
    for (slab *s = slabs, *next; s; s = next) {
        next = s->next;
        rni_os_free(s);
    }
}

static void one_at_most(void *p)
{
    RN_CHECK_ASSERT(((state *)p)->seen <= 1);
    free_slabs();
}

static void none_was_told(void *p)
{
    RN_CHECK_ASSERT(((state *)p)->told == 0);
    free_slabs();
}

static void spawned_two(void *p)
{
    count c = { .run = RUN };
    rni_spawn_each(count_unstarted, &c);
    RN_CHECK_ASSERT(c.n == 2 && rni_rt.foreign_started == 2);
    size_t records = 0, in_pool = 0;
    for (slab *s = slabs; s; s = s->next)
        records += SLAB_RECORDS;
    for (rni_spawn *s = pool; s; s = s->next)
        in_pool++;
    RN_CHECK_ASSERT(in_pool + 2 == records);
    (void)p;
    free_slabs();
}

static const model_run runs[] = {
    { MODEL("reports-spawn", begin, spawned_two, spawns, spawns), .options = { .preemptions = 2 } },
    { MODEL("reports-spawn-each", begin, one_at_most, spawns, looks_at_spawns) },
    { MODEL("reports-spawn-told", begin_internal, none_was_told, spawns, tells_of_spawns) },
    { MODEL("reports-slabs", begin, one_at_most, spawns, looks_at_slabs) },
    { MODEL("reports-task", begin_picked, one_at_most, begins, looks_at_task) },
    { MODEL("reports-task-told", begin_picked, one_at_most, begins, tells_of_task) },
};

int main(int argc, char **argv)
{
    return model_main(runs, sizeof runs / sizeof runs[0], argc, argv);
}
