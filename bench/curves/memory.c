/* SPDX-License-Identifier: MIT */
/*
 * How many bytes of RAM one object takes: the memory of the process with n of them, less that
 * before, divided by n. What the allocator and the pools add is in it, as it is in a program.
 */
#include "curves.h"

/* Makes one more object; the check counts those that were made. */
typedef int maker(rn_group *g, int64_t i, void *more);

static int memory(curve_point *p, maker *make, void *more)
{
    rn_group *g = rn_group_new(NULL);
    int rc = g ? make(g, -1, more) : -ENOMEM; /* the pools' first chunk is not an object's */
    int64_t before = curve_resident_bytes();
    for (int64_t i = 0; rc == 0 && i < p->n; i++)
        rc = make(g, i, more);
    p->bytes = (curve_resident_bytes() - before) / p->n;
    p->done = p->n;
    p->check = rc == 0 ? p->n : 0;
    p->expected = p->n;
    rn_group_close(g);
    return rc;
}

typedef struct crowd {
    rn_attr attr;
    rn_chan(rn_unit) never;
    _Atomic int64_t standing;
    int64_t started;
} crowd;

static int stand(crowd *c)
{
    atomic_fetch_add_explicit(&c->standing, 1, memory_order_relaxed);
    return rn_wait(c->never);
}
RN_TASK(stand, crowd *);

/* Goes on when the task waits, so that at no time many have started and do not. */
static int make_task(rn_group *g, int64_t i, void *more)
{
    crowd *c = more;
    (void)i;
    if (!c->never)
        c->never = rn_make(g, rn_unit, 0);
    int rc = c->never ? rn_go_with(g, &c->attr, stand, c) : -ENOMEM;
    c->started += rc == 0;
    while (rc == 0 && atomic_load_explicit(&c->standing, memory_order_relaxed) < c->started)
        rc = rn_yield();
    return rc;
}

static int tasks(curve_point *p, rn_stack_class class)
{
    crowd c = { .attr = { .stack = class } };
    int rc = memory(p, make_task, &c);
    p->check = rc == 0 ? c.standing - 1 : 0; /* without the first */
    return rc;
}

static int memory_task_default(curve_point *p)
{
    return tasks(p, RN_STACK_DEFAULT);
}

static int memory_task_tiny(curve_point *p)
{
    return tasks(p, RN_STACK_TINY);
}

static int memory_task_small(curve_point *p)
{
    return tasks(p, RN_STACK_SMALL);
}

static int memory_task_normal(curve_point *p)
{
    return tasks(p, RN_STACK_NORMAL);
}

static int memory_task_large(curve_point *p)
{
    return tasks(p, RN_STACK_LARGE);
}

static int make_channel(rn_group *g, int64_t i, void *more)
{
    (void)i;
    rn_chan(int64_t) c = rn_make(g, int64_t, *(size_t *)more);
    while (c && rn_try_send(c, 1) == 0) /* a buffer that nobody has written to is not there yet */
        ;
    return c ? 0 : -ENOMEM;
}

static int memory_channel_0(curve_point *p)
{
    return memory(p, make_channel, &(size_t){ 0 });
}

static int memory_channel_1(curve_point *p)
{
    return memory(p, make_channel, &(size_t){ 1 });
}

static int memory_channel_100(curve_point *p)
{
    return memory(p, make_channel, &(size_t){ 100 });
}

static int make_timer(rn_group *g, int64_t i, void *more)
{
    (void)i;
    (void)more;
    return rn_timer_new(g, 3600 * RN_SECOND) ? 0 : -ENOMEM;
}

static int memory_timer(curve_point *p)
{
    return memory(p, make_timer, NULL);
}

static void unref(void *ctx)
{
    rn_ctx_unref(ctx);
}

/* One reference for each is kept in a list of all, which is there before the measuring. */
static int make_context(rn_group *g, int64_t i, void *more)
{
    rn_ctx **all = more, *c = rn_ctx_with_cancel(rn_group_ctx(g));
    if (i < 0)
        return c ? rn_group_defer(g, unref, c) : -ENOMEM;
    all[i] = c;
    return c ? 0 : -ENOMEM;
}

static int contexts(curve_point *p, maker *make)
{
    rn_ctx **all = malloc((size_t)p->n * sizeof *all);
    if (!all)
        return -ENOMEM;
    for (int64_t i = 0; i < p->n; i++)
        all[i] = rn_ctx_background();
    int rc = memory(p, make, all);
    for (int64_t i = 0; i < p->n; i++)
        rn_ctx_unref(all[i]);
    free(all);
    return rc;
}

static int memory_context(curve_point *p)
{
    return contexts(p, make_context);
}

static int make_context_done(rn_group *g, int64_t i, void *more)
{
    int rc = make_context(g, i, more);
    return rc || i < 0 || rn_ctx_done(((rn_ctx **)more)[i]) ? rc : -ENOMEM;
}

/* With the channel that rn_ctx_done makes. */
static int memory_context_done(curve_point *p)
{
    return contexts(p, make_context_done);
}

static int make_group(rn_group *g, int64_t i, void *more)
{
    (void)i;
    (void)more;
    return rn_group_new(rn_group_ctx(g)) ? 0 : -ENOMEM;
}

/* Children of the task's group, which closes them. */
static int memory_group(curve_point *p)
{
    return memory(p, make_group, NULL);
}

const curve memory_curves[] = { { "memory_task_default", memory_task_default },
                                { "memory_task_tiny", memory_task_tiny },
                                { "memory_task_small", memory_task_small },
                                { "memory_task_normal", memory_task_normal },
                                { "memory_task_large", memory_task_large },
                                { "memory_channel_0", memory_channel_0 },
                                { "memory_channel_1", memory_channel_1 },
                                { "memory_channel_100", memory_channel_100 },
                                { "memory_timer", memory_timer },
                                { "memory_context", memory_context },
                                { "memory_context_done", memory_context_done },
                                { "memory_group", memory_group },
                                { 0 } };
