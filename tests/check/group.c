/* SPDX-License-Identifier: MIT */
/*
 * Groups: who waits for one finds all that its tasks have done, and who is refused because it is
 * cancelled finds what came before; a limit that is set while it is cancelled makes nobody wait;
 * and it is freed when nobody uses it any more.
 *
 * The tasks are threads of the model, counted in beforehand, which end as tasks do.
 */
#include "seam.h"

#define background background_context
#include "scope/context.c"
#undef background
#define destroy destroy_func
#define cancelled func_cancelled
#define state func_state
#include "scope/after_func.c"
#undef destroy
#undef cancelled
#undef state
#include "scope/failures.c"
#include "scope/group.c"
#include "scope/owned.c"
#include "scope/shield.c"

enum { ERROR = -71, CAUSE = -72 };

typedef struct state {
    rn_group *g;
    rn_semaphore *spare; /* what the limit will be made of */
    rn_ctx *above;
    rn_ctx_func *func;
    int data[2]; /* plain: each task its own, until it has ended */
    int result, started;
    bool stopped;
} state;

static state *running;
static void *mistake[5]; /* where who makes one goes on */

static int entry(void *args)
{
    (void)args;
    return 0;
}

/* With n tasks that are about to end. */
static void begin(state *s, int n)
{
    running = s;
    model_begin();
    background_context = (rn_ctx){
        .refs = 1,
        .children = { &background_context.children, &background_context.children },
        .link = { &background_context.link, &background_context.link },
        .deadline = INT64_MAX,
    };
    s->above = rn_ctx_with_cancel(rn_ctx_background());
    s->g = rn_group_new_at(s->above, "here");
    s->spare = calloc(1, sizeof *s->spare);
    model_lot_empty(0, &s->g->live);
    model_lot_empty(1, s->spare);
    while (n-- > 0)
        RN_CHECK_ASSERT(rni_group_enter(s->g));
}

static void begin_empty(void *p)
{
    begin(p, 0);
}

static void begin_with_one(void *p)
{
    begin(p, 1);
}

static void begin_with_two(void *p)
{
    begin(p, 2);
}

static void begin_keeping_going(void *p)
{
    begin(p, 2);
    ((state *)p)->g->keep_going = true;
}

/* So many places, one of which a task has. */
static void begin_limited(state *s, int64_t places)
{
    begin(s, 0);
    RN_CHECK_ASSERT(rn_group_limit(s->g, places) == 0);
    RN_CHECK_ASSERT(rn_group_go(s->g, entry, NULL, 0, NULL, "", "") == 0);
}

static void begin_full(void *p)
{
    begin_limited(p, 1);
}

static void begin_with_place(void *p)
{
    begin_limited(p, 2);
}

/* Thread 2 is a task of the group's. */
static void begin_inside(void *p)
{
    state *s = p;
    begin(p, 1);
    model_tasks[1].owner = &s->g->owner;
    model_tasks[1].cancelled = &s->g->owner.cancelled;
}

static void begin_with_func(void *p)
{
    state *s = p;
    begin(p, 0);
    s->func = rn_ctx_start_after(s->above, s->g, entry, NULL, 0, "", "");
}

/* ---- the rest ---- */

void *rni_os_alloc(size_t bytes)
{
    rn_semaphore *s = running->spare;
    if (!s || bytes != sizeof *s)
        return calloc(1, bytes);
    running->spare = NULL;
    return memset(s, 0, sizeof *s);
}

int rni_start(rni_owner *o, int (*function)(void *), const void *args, size_t bytes,
              const rn_attr *attr, const char *name, const char *site)
{
    (void)args;
    (void)bytes;
    (void)attr;
    (void)name;
    (void)site;
    RN_CHECK_ASSERT(o == &running->g->owner && function);
    running->started++;
    return 0;
}

void rni_panic(const char *site, const char *format, ...)
{
    (void)site;
    RN_CHECK_ASSERT(strcmp(format, "%s of a group set while tasks run in it") == 0);
    __builtin_longjmp(mistake, 1);
}

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

void rni_channel_release(rn_channel *c)
{
    (void)c;
    rn_check_fail("no context has a channel");
}

/* ---- threads ---- */

static void ends_with(state *s, int rc)
{
    int i = rn_check_self() - 1;
    s->data[i] = i + 1;
    task_ended(&s->g->owner, rc, false);
}

static void ends(void *p)
{
    ends_with(p, 0);
}

static void fails(void *p)
{
    ends_with(p, ERROR);
}

static void waits(void *p)
{
    state *s = p;
    s->result = rn_group_wait_at(s->g, "");
    RN_CHECK_ASSERT(s->data[0] == 1 && s->data[1] == 2);
}

static void waits_for_one(void *p)
{
    state *s = p;
    s->result = rn_group_wait_at(s->g, "");
    RN_CHECK_ASSERT(s->data[0] == 1);
}

static void closes(void *p)
{
    state *s = p;
    s->result = rn_group_close_at(s->g, "");
    RN_CHECK_ASSERT(s->data[0] == 1);
    s->g = NULL;
}

static void cancels(void *p)
{
    state *s = p;
    s->data[0] = 1;
    rn_group_cancel(s->g, CAUSE);
}

static void goes(void *p)
{
    state *s = p;
    s->result = rn_group_go(s->g, entry, NULL, 0, NULL, "", "");
    RN_CHECK_ASSERT(s->result == 0 || (s->result == -ECANCELED && s->data[0] == 1));
}

/* Only after the limit has been set: to set it while tasks run is a mistake. */
static void goes_once_limited(void *p)
{
    state *s = p;
    if (rni_group_places(s->g))
        goes(p);
}

static void asks(void *p)
{
    state *s = p;
    s->result = rn_cancelled();
    RN_CHECK_ASSERT(s->result == 0 || (s->result == CAUSE && s->data[0] == 1));
    task_ended(&s->g->owner, 0, false);
}

static void limits_to_none(void *p)
{
    RN_CHECK_ASSERT(rn_group_limit(((state *)p)->g, 0) == 0);
}

static void limits_to_one(void *p)
{
    RN_CHECK_ASSERT(rn_group_limit(((state *)p)->g, 1) == 0);
}

/* Once the last task has ended; before, that is a mistake. */
static void keeps_going(void *p)
{
    if (__builtin_setjmp(mistake) == 0)
        rn_group_keep_going(((state *)p)->g);
}

static void cancels_above(void *p)
{
    state *s = p;
    rn_ctx_cancel(s->above, CAUSE);
}

static void stops(void *p)
{
    state *s = p;
    s->stopped = rn_ctx_func_stop(s->func);
}

/* ---- what must be so then ---- */

/* Also after the tasks that were started. */
static void free_all(state *s)
{
    while (s->started-- > 0)
        task_ended(&s->g->owner, 0, false);
    rn_group_close_at(s->g, "");
    rn_ctx_unref(s->above);
    free(s->spare);
}

static void has_waited(void *p)
{
    state *s = p;
    RN_CHECK_ASSERT(s->result == 0 && s->g->drained);
    free_all(s);
}

static void has_failed(void *p)
{
    state *s = p;
    RN_CHECK_ASSERT(s->result == ERROR && s->g->drained);
    RN_CHECK_ASSERT(rn_group_errors(s->g, NULL, 0) == 1);
    free_all(s);
}

static void have_failed(void *p)
{
    state *s = p;
    int errors[3];
    RN_CHECK_ASSERT(rn_group_wait_at(s->g, "") == ERROR && rn_group_errors(s->g, errors, 3) == 2);
    RN_CHECK_ASSERT(errors[0] == ERROR && errors[1] == ERROR);
    free_all(s);
}

static void was_refused(void *p)
{
    state *s = p;
    RN_CHECK_ASSERT(s->result == -ECANCELED);
    free_all(s);
}

static void is_whole(void *p)
{
    free_all(p);
}

static void is_closed(void *p)
{
    state *s = p;
    RN_CHECK_ASSERT(!s->g && rni_list_empty(&s->above->children));
    free_all(s);
}

/* Nobody would wait for a place. */
static void has_no_limit(void *p)
{
    state *s = p;
    rn_semaphore *places = rni_group_places(s->g);
    RN_CHECK_ASSERT(places && rn_semaphore_try_acquire(places, 1000) == 0);
    free_all(s);
}

static void started_or_stopped(void *p)
{
    state *s = p;
    RN_CHECK_ASSERT(s->started == !s->stopped);
    free_all(s);
}

static const model_run runs[] = {
    { MODEL("group-wait", begin_with_two, has_waited, ends, ends, waits),
      .options = { .preemptions = 2 } },
    { MODEL("group-wait-one", begin_with_one, has_waited, ends, waits_for_one) },
    { MODEL("group-fail", begin_with_one, has_failed, fails, waits_for_one),
      .options = { .preemptions = 2 } },
    { MODEL("group-fail-on", begin_keeping_going, have_failed, fails, fails),
      .options = { .preemptions = 2 } },
    { MODEL("group-close", begin_with_one, is_closed, ends, closes) },
    { MODEL("group-go", begin_empty, is_whole, cancels, goes) },
    { MODEL("group-place", begin_with_place, is_whole, cancels, goes),
      .options = { .preemptions = 2 } },
    { MODEL("group-place-wait", begin_full, was_refused, cancels, goes),
      .options = { .preemptions = 2 } },
    { MODEL("group-asks", begin_inside, is_whole, cancels, asks) },
    { MODEL("group-limit", begin_empty, has_no_limit, limits_to_none, cancels),
      .options = { .preemptions = 2 } },
    { MODEL("group-limit-go", begin_empty, is_whole, limits_to_one, goes_once_limited) },
    { MODEL("group-keep-going", begin_with_one, is_whole, fails, keeps_going) },
    { MODEL("group-after", begin_with_func, started_or_stopped, cancels_above, stops) },
};

int main(int argc, char **argv)
{
    return model_main(runs, sizeof runs / sizeof runs[0], argc, argv);
}
