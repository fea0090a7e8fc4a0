/* SPDX-License-Identifier: MIT */
/*
 * rn_verify_none: leaked tasks, while the program runs.
 *
 * One check at a time: each stops all threads. The lock is a POSIX one because who waits for it is
 * stopped, too, by who has it.
 */
#include "obs/leaks.h"

#include <errno.h>
#include <limits.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>

#include <runnel/obs.h>

#include "base/say.h"
#include "core/records.h"
#include "obs/table.h"

enum {
    SHORTEST_NS = 50 * 1000,
    LONGEST_NS = 10 * 1000 * 1000,
    REST_NS = 50 * 1000 * 1000,
    PATIENCE_NS = 2000 * 1000 * 1000,
    LEAVING_NS = 200 * 1000 * 1000 /* then a look at such a worker counts as it is */
};

static pthread_mutex_t checking = PTHREAD_MUTEX_INITIALIZER;

/* Until a look succeeds. A thread in a channel's section lets its lock go, once it gets a CPU, and
 * a worker on its way gets there, unless a signal's handler holds it up; one that did not stop may
 * be in a call that nothing interrupts and that ends some day, and meanwhile the others run as long
 * as they stood. */
static int check(rni_survey *s)
{
    _Atomic(uint32_t) never = 0;
    int64_t pause = SHORTEST_NS, start = rni_os_now();
    for (;;) {
        int rc = rni_os_stop_world(rni_survey_world, s);
        int64_t spent = rni_os_now() - start;
        if (rc == RNI_SURVEY_LEAVING && spent > LEAVING_NS)
            return 0;
        if (rc != RNI_SURVEY_LOCKED && rc != RNI_SURVEY_LEAVING && rc != -EBUSY)
            return rc;
        rni_leaks_free(s);
        if (spent > PATIENCE_NS)
            return -EBUSY;
        rni_os_futex_wait(&never, 0, rc == -EBUSY ? REST_NS : pause);
        pause = pause < LONGEST_NS ? 2 * pause : pause;
    }
}

typedef struct standing {
    uintptr_t at;
    bool task_stack; /* at is in one */
} standing;

static void look_in_chunk(const rni_stack_chunk *c, void *arg)
{
    standing *on = arg;
    on->task_stack |= on->at - c->base < c->bytes;
}

/* What the caller's frames use is above its own; this one's registers are in it. */
RNI_NOINLINE static int check_from(rni_survey *s)
{
    s->low = __builtin_frame_address(0);
    standing on = { .at = (uintptr_t)s->low };
    rni_stack_chunks_each(look_in_chunk, &on);
    int rc = on.task_stack ? 0 : rni_os_own_stack(&s->stack);
    if (rc != 0)
        return rc;
    if ((uintptr_t)s->low - (uintptr_t)s->stack.base >= s->stack.bytes)
        s->stack.bytes = 0; /* the thread stands on another, of the program's own */
    int cancel;             /* the check opens files, and would end there with the lock taken */
    pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &cancel);
    pthread_mutex_lock(&checking);
    rc = check(s);
    pthread_mutex_unlock(&checking);
    pthread_setcancelstate(cancel, NULL);
    return rc;
}

RNI_NOINLINE int rni_leaks_find(rni_survey *out)
{
    memset(out, 0, sizeof *out);
    __builtin_unwind_init(); /* the callers' registers are in this frame from here on */
    int rc = check_from(out);
    __asm__ volatile("" ::: "memory"); /* no tail call */
    if (rc != 0)
        return rc;
    return out->n < INT_MAX ? (int)out->n : INT_MAX;
}

void rni_leaks_free(rni_survey *s)
{
    if (s->memory)
        rni_os_unreserve(s->memory, s->bytes);
    s->memory = NULL;
    s->n = 0;
}

bool rni_leaks_looked(int fd, int found)
{
    char line[128];
    if (found >= 0)
        return true;
    int n = snprintf(line, sizeof line, "runnel: leaks were not looked for: %s\n",
                     strerror(-found));
    rni_say(fd, line, (size_t)n < sizeof line ? (size_t)n : sizeof line - 1);
    return false;
}

bool rni_leaks_has(const rni_survey *s, const rni_task *t)
{
    size_t low = 0, high = s->n;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        const rni_leaked_task *l = &s->found[middle];
        if (l->task == t)
            return l->id == atomic_load_explicit(&t->id, memory_order_relaxed);
        if ((uintptr_t)l->task < (uintptr_t)t)
            low = middle + 1;
        else
            high = middle;
    }
    return false;
}

RNI_NOINLINE static void report(const rni_survey *s)
{
    char line[128];
    int n = snprintf(
        line, sizeof line,
        "runnel: %zu task%s leaked: no task that can still run can reach what %s for\n", s->n,
        s->n == 1 ? "" : "s", s->n == 1 ? "it waits" : "they wait");
    rni_say(2, line, (size_t)n);
    rni_table_found(2, s);
}

/* Little is in its frame that could hold what earlier calls have left there. */
int rn_verify_none(void)
{
    rni_survey s;
    int n = rni_leaks_find(&s);
    if (n > 0)
        report(&s);
    rni_leaks_free(&s);
    return n;
}
