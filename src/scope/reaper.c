/* SPDX-License-Identifier: MIT */
/*
 * Contexts that lose their last reference where no code of the user's may run: while a deadline
 * passes, or a task's error cancels its group. What such a context has to call (a value's drop, a
 * foreign context's release) may lock or wait, so a task does it.
 *
 * `lock` protects `first` and `reaping`. Such a task takes the whole list, and ends when it
 * finds it empty. A context in the list has no reference and belongs to it; its
 * work_next is the link.
 */
#include <runnel/sync.h>

#include "core/runtime.h"
#include "scope/context.h"

static rni_lock lock;
static rn_ctx *first;
static bool reaping; /* the task has been started and has not found the list empty */
static rn_waitgroup at_work;

/* No memory for such a task: the list waits for the next that comes, or for the end of the run. */
static void give_up(void)
{
    rni_lock_take(&lock);
    reaping = false;
    rni_unlock(&lock);
    rn_waitgroup_done(&at_work);
}

static void reaper_ended(rni_owner *owner, int rc, bool background)
{
    (void)owner;
    (void)background;
    if (rc == 0)
        rn_waitgroup_done(&at_work);
    else
        give_up();
}

static rni_owner reapers = {
    .tasks = { &reapers.tasks, &reapers.tasks },
    .ended = reaper_ended,
};

/* All that are in the list; if there are none, the caller is done. */
static rn_ctx *take_all(void)
{
    rni_lock_take(&lock);
    rn_ctx *all = first;
    first = NULL;
    reaping = all != NULL;
    rni_unlock(&lock);
    return all;
}

static void free_all(void)
{
    rn_ctx *c;
    while ((c = take_all()) != NULL)
        while (c) {
            rn_ctx *next = c->work_next;
            rni_ctx_free(c);
            c = next;
        }
}

static int reap(void *unused)
{
    (void)unused;
    free_all();
    return 0;
}

void rni_ctx_reap(rn_ctx *c)
{
    rni_lock_take(&lock);
    c->work_next = first;
    first = c;
    bool start = !reaping;
    reaping = true;
    rni_unlock(&lock);
    if (!start)
        return;
    rn_waitgroup_add(&at_work, 1);
    static const rn_attr attr = { .background = true };
    if (rni_start(&reapers, reap, NULL, 0, &attr, "reaper", "rn_ctx_unref") != 0)
        give_up();
}

void rni_ctx_reaped(void)
{
    rni_callbacks_end();
    rn_waitgroup_wait(&at_work);
    free_all();
}
