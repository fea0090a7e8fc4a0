/* SPDX-License-Identifier: MIT */
/*
 * The monitor: a thread that looks at every worker a few times within the limit. A worker that runs
 * a task and has not been in the scheduler since the last look is being kept by that task, which is
 * named once for each time that it does so.
 *
 * It only reads, relaxed, what the workers write anyway, so it costs them nothing; what it says of
 * a task may be another's that has just begun. Memory of tasks is never given back (core/task.h).
 */
#include "obs/monitor.h"

#include <stdio.h>
#include <unistd.h>

#include <runnel/base.h>

#include "base/say.h"
#include "core/runtime.h"
#include "core/task.h"
#include "os/os.h"

enum { LOOKS = 4 /* within the limit */ };

/* What was seen of a worker. */
typedef struct sighting {
    uint64_t progress;
    int64_t since; /* it has been the same since */
    bool named;
} sighting;

static _Atomic(uint32_t) limit_ms; /* futex word of the monitor's sleep */
static _Atomic(unsigned) threads;

static void name_task(rni_task *t, int64_t ns)
{
    char line[512];
    int n = snprintf(line, sizeof line,
                     "runnel: task %s, started at %s, has let no other task run on its worker for "
                     "%lld ms\n",
                     atomic_load_explicit(&t->name, memory_order_relaxed),
                     atomic_load_explicit(&t->site, memory_order_relaxed),
                     (long long)(ns / RN_MILLISECOND));
    rni_say(2, line, (size_t)n < sizeof line ? (size_t)n : sizeof line - 1);
}

static void look(sighting *s, unsigned worker, int64_t now, int64_t limit)
{
    uint64_t progress = 0;
    rni_task *t = rni_runtime_runs(worker, &progress);
    if (!t || progress != s->progress)
        *s = (sighting){ .progress = progress, .since = now };
    if (s->named || now - s->since < limit)
        return;
    s->named = true;
    name_task(t, now - s->since);
}

static void *monitor(void *unused)
{
    (void)unused;
    sighting *seen = NULL;
    for (;;) {
        uint32_t ms = atomic_load_explicit(&limit_ms, memory_order_relaxed);
        int64_t limit = ms * RN_MILLISECOND;
        unsigned count = ms ? rn_worker_count() : 0;
        if (count && !seen)
            seen = rni_os_alloc(count * sizeof *seen);
        for (unsigned i = 0; seen && i < count; i++)
            look(&seen[i], i, rni_os_now(), limit);
        rni_os_futex_wait(&limit_ms, ms, ms ? limit / LOOKS : -1);
    }
    return NULL;
}

void rni_monitor_set(int ms)
{
    rni_os_thread t;
    atomic_store_explicit(&limit_ms, (uint32_t)ms, memory_order_relaxed);
    rni_os_futex_wake(&limit_ms, 1);
    if (ms == 0 || atomic_exchange_explicit(&threads, 1, memory_order_relaxed) != 0)
        return;
    if (rni_os_thread_start(&t, monitor, NULL) == 0)
        rni_os_thread_detach(t);
    else
        atomic_store_explicit(&threads, 0, memory_order_relaxed);
}

unsigned rni_monitor_threads(void)
{
    return atomic_load_explicit(&threads, memory_order_relaxed);
}
