/* SPDX-License-Identifier: MIT */
/* rn_dump: what its lines say about tasks in every state; and SIGQUIT; and the statistics. */
#define _GNU_SOURCE
#include <runnel.h>

#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "kit/capture.h"
#include "kit/dumped.h"
#include "kit/kit.h"

/* ---- how long ---- */

static int wait_for(rn_receiver(rn_unit) c)
{
    return rn_wait(c) == -EPIPE ? 0 : 1;
}
RN_TASK(wait_for, rn_receiver(rn_unit));

/* Its worker has hardly begun, and not looked at the clock again. */
TASK_TEST(dump_tells_no_duration_of_a_wait_that_has_just_begun)
{
    rn_chan(rn_unit) c = rn_make(g, rn_unit, 0);
    CHECK_EQ(rn_go(g, wait_for, rn_rx(c)), 0);
    rn_yield();
    CHECK_EQ(lines_with(dumped(), " s] at "), 0);
    rn_close(c);
    return 0;
}

/* ---- wait reasons ---- */

struct world {
    rn_chan(int) empty, full;
    rn_mutex mutex, cond_mutex;
    rn_rwmutex rw;
    rn_waitgroup wg;
    rn_cond cond;
    rn_once once;
    rn_semaphore sem;
    rn_group *group;
    int fd;
    _Atomic(bool) release;
};

static void once_body(void *arg)
{
    (void)arg;
    rn_sleep(RN_FOREVER);
}

static int block(void *arg)
{
    struct world *w = arg;
    while (!atomic_load(&w->release))
        usleep(1000);
    return 0;
}

static int wait_in(int how, struct world *w)
{
    int v;
    rn_chan(int) nil = NULL;
    switch (how) {
    case 0: return rn_recv(w->empty, &v);
    case 1: return rn_send(w->full, 1);
    case 2: return rn_recv(nil, &v);
    case 3: return rn_send(nil, 1);
    case 4: return rn_select(RN_RECV(w->empty, &v, NULL), RN_SEND(w->full, 1));
    case 5: return rn_select_n(NULL, 0);
    case 6: return rn_sleep(RN_FOREVER);
    case 7: return rn_mutex_lock(&w->mutex);
    case 8: return rn_rwmutex_lock(&w->rw);
    case 9: return rn_rwmutex_rlock(&w->rw);
    case 10: return rn_waitgroup_wait(&w->wg);
    case 11:
        CHECK_EQ(rn_mutex_lock(&w->cond_mutex), 0);
        return rn_cond_wait(&w->cond, &w->cond_mutex);
    case 12: return rn_once_do(&w->once, once_body, NULL);
    case 13: return rn_semaphore_acquire(&w->sem, 1);
    case 14: return rn_group_wait(w->group);
    case 15: return rn_fd_wait(w->fd, RN_READABLE, RN_FOREVER);
    default: return rn_blocking(block, w);
    }
}
RN_TASK(wait_in, int, struct world *);

static const char *const reasons[] = {
    "chan receive",
    "chan send",
    "chan receive (nil chan)",
    "chan send (nil chan)",
    "select",
    "select (no cases)",
    "sleep",
    "mutex lock",
    "rwmutex write lock",
    "rwmutex read lock",
    "waitgroup wait",
    "cond wait",
    "once",
    "semaphore acquire",
    "group wait",
    "IO wait",
    "blocking call",
};
enum { REASONS = sizeof reasons / sizeof *reasons };

static int hold(void)
{
    return rn_sleep(RN_FOREVER);
}
RN_TASK(hold);

static int take_once(struct world *w)
{
    return rn_once_do(&w->once, once_body, NULL);
}
RN_TASK(take_once, struct world *);

static void open_world(struct world *w, rn_group *g, int ends[2])
{
    w->empty = rn_make(g, int, 0);
    w->full = rn_make(g, int, 1);
    CHECK_EQ(rn_send(w->full, 0), 0);
    CHECK_EQ(rn_mutex_lock(&w->mutex), 0);
    CHECK_EQ(rn_rwmutex_lock(&w->rw), 0);
    rn_waitgroup_add(&w->wg, 1);
    w->group = rn_group_new(NULL);
    CHECK_EQ(rn_go(w->group, take_once, w), 0);
    CHECK_EQ(rn_go(w->group, hold), 0);
    CHECK_EQ(pipe(ends), 0);
    w->fd = ends[0];
    until_dumped("[sleep]", 2); /* the once is taken */
}

TASK_TEST(dump_says_why_and_where_each_task_waits_and_where_it_was_started)
{
    static const char *const names[REASONS] = { "t0",  "t1",  "t2",  "t3",  "t4",  "t5",
                                                "t6",  "t7",  "t8",  "t9",  "t10", "t11",
                                                "t12", "t13", "t14", "t15", "t16" };
    struct world w = { 0 };
    const void *const objects[REASONS] = { [7] = &w.mutex, &w.rw,   &w.rw, &w.wg,
                                           &w.cond,        &w.once, &w.sem };
    int ends[2];
    rn_group *h = rn_group_new(NULL);
    open_world(&w, g, ends);
    for (int i = 0; i < REASONS; i++) {
        rn_attr attr = { .name = names[i] };
        char want[120], on[32];
        CHECK_EQ(rn_go_with(h, &attr, wait_in, i, &w), 0);
        snprintf(want, sizeof want, " %s [%s] at ", names[i], reasons[i]);
        until_dumped(want, 1);
        const char *line = strstr(dumped(), want), *end = strchr(line, '\n');
        const char *where = strstr(line, "dump_test.c:"), *site = strstr(line, ", started at ");
        CHECK(where && where < end && site && site < end && where < site);
        CHECK(strstr(site, "dump_test.c:") && strstr(site, "dump_test.c:") < end);
        snprintf(on, sizeof on, " on %p, ", objects[i]);
        CHECK(!objects[i] || (strstr(where, on) && strstr(where, on) < end));
    }
    CHECK_EQ(lines_with(dumped(), "  task "), rn_task_count());
    CHECK(strstr(dumped(), " main [running], started at"));
    atomic_store(&w.release, true);
    rn_group_close(h);
    rn_group_close(w.group);
    CHECK_EQ(lines_with(dumped(), "  task "), 1);
    close(ends[0]);
    close(ends[1]);
    return 0;
}

TASK_TEST(dump_lists_channels)
{
    rn_chan(int64_t) c = rn_make(g, int64_t, 5);
    CHECK_EQ(rn_send(c, 1), 0);
    CHECK_EQ(rn_send(c, 2), 0);
    CHECK(strstr(dumped(), "8-byte elements, 2 of 5 buffered, 0 sending, 0 receiving, made at "));
    rn_close(c);
    CHECK(strstr(dumped(), "0 receiving, closed, made at "));
    rn_free(c);
    CHECK(!strstr(dumped(), "8-byte elements, 2 of 5 buffered"));
    return 0;
}

static int churn(rn_chan(int) c)
{
    for (int i = 0, v; i < 300; i++) {
        CHECK_EQ(rn_send(c, i), 0);
        CHECK_EQ(rn_recv(c, &v), 0);
        rn_yield();
    }
    return 0;
}
RN_TASK(churn, rn_chan(int));

static int receive_one(rn_receiver(int) in)
{
    int v;
    return rn_recv(in, &v);
}
RN_TASK(receive_one, rn_receiver(int));

TASK_TEST(dump_says_how_long_a_task_has_waited)
{
    rn_group *h = rn_group_new(NULL);
    rn_chan(int) c = rn_make(h, int, 0);
    int64_t begun = rn_now(), told;
    CHECK_EQ(rn_go(h, receive_one, rn_rx(c)), 0);
    until_dumped("receive_one [chan receive] at", 1);
    CHECK_EQ(rn_sleep(RN_SECOND), 0);
    const char *part = " receive_one [chan receive, ", *line = strstr(dumped(), part);
    CHECK(line);
    char *end;
    told = strtoll(line + strlen(part), &end, 10);
    CHECK_EQ(strncmp(end, " s] at ", 7), 0);
    CHECK(told >= 1 && told <= (rn_now() - begun) / RN_SECOND + 1); /* the machine may be slow */
    CHECK_EQ(rn_send(c, 1), 0);
    CHECK_EQ(rn_group_wait(h), 0);
    return rn_group_close(h);
}

TASK_TEST(dump_of_a_running_program_does_no_harm)
{
    rn_group *h = rn_group_new(NULL);
    rn_chan(int) c = rn_make(h, int, 20);
    for (int i = 0; i < 20; i++)
        CHECK_EQ(rn_go(h, churn, c), 0);
    for (int i = 0; i < 50; i++) {
        CHECK(strstr(dumped(), "runnel: channels"));
        rn_yield();
    }
    CHECK_EQ(rn_group_wait(h), 0);
    return rn_group_close(h);
}

/* ---- SIGQUIT ---- */

/* Another thread makes the dump: stderr is a file until its last line is there. */
static int quit_and_go_on(rn_group *g, void *arg)
{
    rn_attr attr = { .name = "sleeper" };
    static char text[8192];
    FILE *file = tmpfile();
    int out = dup(2);
    (void)arg;
    CHECK(file && out >= 0);
    rn_go_with(g, &attr, hold);
    until_dumped(" sleeper [sleep] at ", 1);
    dup2(fileno(file), 2);
    kill(getpid(), SIGQUIT);
    while (!strstr(text, "runnel: channels\n")) {
        rn_sleep(RN_MILLISECOND);
        CHECK(pread(fileno(file), text, sizeof text - 1, 0) >= 0);
    }
    dup2(out, 2);
    fputs(text, stderr);
    return 4;
}

static int quit_program(void)
{
    setenv("RUNNEL_SIGQUIT", "1", 1);
    return rn_run(quit_and_go_on, NULL);
}

static int quit_unasked(void)
{
    unsetenv("RUNNEL_SIGQUIT");
    return rn_run(quit_and_go_on, NULL);
}

static int quit_by_call(void)
{
    return rn_dump_on_sigquit() == 0 ? quit_unasked() : 1;
}

TEST(dump_on_sigquit_prints_and_goes_on)
{
    struct capture c;
    int (*const programs[])(void) = { quit_program, quit_by_call };
    for (int i = 0; i < 2; i++) {
        capture(&c, programs[i]);
        CHECK_EQ(c.status, 4);
        capture_has(&c, "runnel: 2 tasks");
        capture_has(&c, " sleeper [sleep] at ");
    }
    capture(&c, quit_unasked);
    CHECK_EQ(c.status, 128 + SIGQUIT);
}

TASK_TEST(stats_count_tasks_switches_and_calls)
{
    rn_stats a, b;
    rn_stats_read(&a);
    rn_group *h = rn_group_new(NULL);
    rn_chan(int) c = rn_make(h, int, 20);
    for (int i = 0; i < 10; i++)
        CHECK_EQ(rn_go(h, churn, c), 0);
    CHECK_EQ(rn_group_wait(h), 0);
    rn_stats_read(&b);
    CHECK_EQ(b.tasks_started - a.tasks_started, 10);
    CHECK_EQ(b.tasks_ended - a.tasks_ended, 10);
    CHECK_EQ(b.tasks_leaked, 0);
    CHECK(b.switches - a.switches >= 10);
    CHECK_EQ(b.workers, rn_worker_count());
    return rn_group_close(h);
}
