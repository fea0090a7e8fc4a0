/* SPDX-License-Identifier: MIT */
/*
 * The reports that come unasked: all tasks asleep, tasks leaked at the end of a run; and the one on
 * SIGQUIT.
 *
 * SIGQUIT: the handler only writes to a pipe. A thread of its own reads it and dumps, because a
 * dump takes locks that the interrupted code may hold.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <runnel/obs.h>

#include "base/say.h"
#include "core/hooks.h"
#include "core/records.h"
#include "core/runtime.h"
#include "core/settings.h"
#include "core/sim.h"
#include "obs/depths.h"
#include "obs/leaks.h"
#include "obs/monitor.h"
#include "obs/table.h"

static void say(const char *line)
{
    rni_say(2, line, strlen(line));
}

void rni_report_deadlock(void)
{
    static _Atomic(uint32_t) reporting;
    if (atomic_exchange_explicit(&reporting, 1, memory_order_acq_rel) != 0)
        for (;;)
            pause(); /* another worker has come to the same verdict */
    if (ftrylockfile(stdout) == 0) {
        fflush(stdout);
        funlockfile(stdout);
    }
    say("runnel: all tasks are asleep - deadlock!\n");
    rni_report_dump(2);
    rni_sim_epitaph();
    _exit(2);
}

/* ---- leaks ---- */

/* A leaked task waits for another task. Sleep, I/O and blocking calls end by themselves, and who
 * waits for a group waits for tasks that are listed themselves. */
static bool waits_for_task(rni_why why)
{
    return why >= RNI_WHY_SEND && why <= RNI_WHY_SEMAPHORE && why != RNI_WHY_SLEEP;
}

typedef struct count {
    uint16_t run;
    size_t n;
} count;

static bool is_of(const rni_task *t, uint16_t run)
{
    return atomic_load_explicit(&t->state, memory_order_acquire) == RNI_TASK_LIVE && t->run == run;
}

static void count_waiting(rni_task *t, void *arg)
{
    count *c = arg;
    c->n += is_of(t, c->run) && !t->background &&
            waits_for_task((rni_why)atomic_load_explicit(&t->why, memory_order_relaxed));
}

static size_t waiting(uint16_t run)
{
    count c = { .run = run };
    rni_stack_each(count_waiting, &c);
    return c.n;
}

/* A task that runs, is queued or has not started may still end, or begin to wait for ever. */
static void count_unsettled(rni_task *t, void *arg)
{
    count *c = arg;
    int why = atomic_load_explicit(&t->why, memory_order_relaxed);
    c->n += is_of(t, c->run) && (why == RNI_WHY_RUNNING || why == RNI_WHY_READY);
}

static void count_unstarted(rni_spawn *s, void *arg)
{
    count *c = arg;
    c->n += s->run == c->run;
}

static bool settled(uint16_t run)
{
    count c = { .run = run };
    rni_stack_each(count_unsettled, &c);
    rni_spawn_each(count_unstarted, &c);
    return c.n == 0;
}

static void fail_at_exit(void)
{
    fflush(NULL);
    _exit(3);
}

void rni_report_leaks(uint16_t run)
{
    rni_leaks mode = rni_settings_leaks();
    if (mode == RNI_LEAKS_OFF)
        return;
    /* Tasks that were started or woken at the last moment are given the time to end, or to show
     * that they never will: 10 ms in all. */
    size_t n = 0;
    for (int64_t pause = 20 * RN_MICROSECOND; pause <= 8 * RN_MILLISECOND; pause *= 2) {
        if (rn_task_count() == 0)
            return; /* also those that waited when last looked at */
        n = waiting(run);
        if (n == 0 && settled(run))
            return;
        rn_sleep(pause);
    }
    n = waiting(run);
    if (n == 0)
        return;
    char line[128];
    snprintf(line, sizeof line,
             "runnel: %zu task%s leaked: still waiting when rn_run's function %s", n,
             n == 1 ? "" : "s", "returned\n");
    say(line);
    rni_survey s;
    bool verify = rni_settings_verify();
    bool looked = verify && rni_leaks_looked(2, rni_leaks_find(&s));
    rni_table_leaks(2, run, waits_for_task, looked ? &s : NULL);
    if (verify)
        rni_leaks_free(&s);
    rni_count_leaks(n);
    if (mode == RNI_LEAKS_FAIL)
        atexit(fail_at_exit);
}

/* ---- SIGQUIT ---- */

static int quit_pipe[2] = { -1, -1 };
static _Atomic(unsigned) quit_threads;

unsigned rni_report_threads(void)
{
    return atomic_load_explicit(&quit_threads, memory_order_relaxed) + rni_monitor_threads();
}

static void on_quit(int sig)
{
    (void)sig;
    ssize_t ignored = write(quit_pipe[1], "", 1);
    (void)ignored;
}

static void *quit_thread(void *unused)
{
    char c;
    (void)unused;
    while (read(quit_pipe[0], &c, 1) == 1)
        rn_dump(2);
    return NULL;
}

/* The pipe and the thread that reads it; 0 or why not, with nothing left behind. */
static int start_quit_thread(void)
{
    rni_os_thread t;
    if (pipe2(quit_pipe, O_CLOEXEC) != 0)
        return -rni_os_error();
    int rc = rni_os_thread_start(&t, quit_thread, NULL);
    if (rc == 0) {
        rni_os_thread_detach(t);
        atomic_store_explicit(&quit_threads, 1, memory_order_relaxed);
        return 0;
    }
    close(quit_pipe[0]);
    close(quit_pipe[1]);
    return rc;
}

int rn_dump_on_sigquit(void)
{
    static pthread_mutex_t once = PTHREAD_MUTEX_INITIALIZER;
    struct sigaction sa;
    memset(&sa, 0, sizeof sa);
    sa.sa_handler = on_quit;
    sa.sa_flags = SA_RESTART | SA_ONSTACK;
    sigemptyset(&sa.sa_mask);
    int saved = rni_os_error(), rc = 0;
    pthread_mutex_lock(&once);
    if (atomic_load_explicit(&quit_threads, memory_order_relaxed) == 0) {
        rc = start_quit_thread();
        if (rc == 0 && sigaction(SIGQUIT, &sa, NULL) != 0)
            rc = -rni_os_error();
    }
    pthread_mutex_unlock(&once);
    rni_os_set_error(saved);
    return rc;
}

void rni_obs_init(void)
{
    if (rni_settings_sigquit())
        rn_dump_on_sigquit();
    rni_monitor_set(rni_settings_hog());
    rni_depths_init();
}

/* ---- the account ---- */

void rn_stats_read(rn_stats *out)
{
    rni_runtime_account(out);
    RNI_WROTE(out, sizeof *out);
}
