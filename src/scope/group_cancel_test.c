/* SPDX-License-Identifier: MIT */
/* Every waiting call is a cancellation point: at entry, ready or not, and while parked. */
#include <runnel.h>

#include <stdatomic.h>
#include <stdio.h>
#include <unistd.h>

#include "kit/kit.h"

/* What the calls below wait for. In a ready world none of them has to wait. */
struct world {
    rn_chan(int) in, out, idle;
    rn_mutex mutex, cond_mutex;
    rn_rwmutex rw;
    rn_waitgroup wg;
    rn_cond cond;
    rn_semaphore sem;
    rn_once once;
    rn_group *other;
    int fd;
    rn_listener *listener;
    rn_conn *conn, *peer;
};

/* ---- the calls ---- */

static int do_send(struct world *w)
{
    return rn_send(w->out, 1);
}
static int do_recv(struct world *w)
{
    int v;
    return rn_recv(w->in, &v);
}
static int do_wait(struct world *w)
{
    return rn_wait(w->in);
}
static int do_send_until(struct world *w)
{
    return rn_send_until(w->out, RN_FOREVER, 1);
}
static int do_recv_until(struct world *w)
{
    int v;
    return rn_recv_until(w->in, &v, rn_now() + RN_HOUR);
}
static int do_send_n(struct world *w)
{
    size_t sent = 9;
    int v[2] = { 1, 2 }, rc = rn_send_n(w->out, v, 2, &sent);
    CHECK(rc == 0 ? sent == 2 : sent < 2);
    return rc;
}
static int do_recv_n(struct world *w)
{
    size_t got = 9;
    int v[2], rc = rn_recv_n(w->in, v, 2, &got);
    CHECK(rc == 0 ? got > 0 : got == 0);
    return rc;
}
static int do_nil(struct world *w)
{
    rn_chan(int) nil = NULL;
    int v;
    (void)w;
    return rn_recv(nil, &v);
}
static int do_select(struct world *w)
{
    int v;
    return rn_select(RN_RECV(w->in, &v, NULL), RN_SEND(w->out, 1));
}
static int do_select_ordered(struct world *w)
{
    int v;
    return rn_select_ordered(RN_DONE(w->idle), RN_RECV(w->in, &v, NULL));
}
static int do_select_after(struct world *w)
{
    return rn_select(RN_DONE(w->in), RN_AFTER(RN_HOUR));
}
static int do_select_default(struct world *w)
{
    return rn_select(RN_DONE(w->idle), RN_DEFAULT);
}
static int do_sleep(struct world *w)
{
    (void)w;
    return rn_sleep(RN_HOUR);
}
static int do_sleep_nothing(struct world *w)
{
    (void)w;
    return rn_sleep(-1);
}
static int do_yield(struct world *w)
{
    (void)w;
    return rn_yield();
}
static int do_lock(struct world *w)
{
    int rc = rn_mutex_lock(&w->mutex);
    if (rc == 0)
        rn_mutex_unlock(&w->mutex);
    return rc;
}
static int do_wlock(struct world *w)
{
    int rc = rn_rwmutex_lock(&w->rw);
    if (rc == 0)
        rn_rwmutex_unlock(&w->rw);
    return rc;
}
static int do_rlock(struct world *w)
{
    int rc = rn_rwmutex_rlock(&w->rw);
    if (rc == 0)
        rn_rwmutex_runlock(&w->rw);
    return rc;
}
static int do_waitgroup(struct world *w)
{
    return rn_waitgroup_wait(&w->wg);
}
static int do_cond(struct world *w)
{
    CHECK_EQ(rn_mutex_try_lock(&w->cond_mutex), 0);
    int rc = rn_cond_wait(&w->cond, &w->cond_mutex);
    CHECK_EQ(rn_mutex_try_lock(&w->cond_mutex), -EAGAIN); /* it is ours again */
    rn_mutex_unlock(&w->cond_mutex);
    return rc;
}
static int do_semaphore(struct world *w)
{
    int rc = rn_semaphore_acquire(&w->sem, 2);
    if (rc == 0)
        rn_semaphore_release(&w->sem, 2);
    return rc;
}
static void nothing(void *arg)
{
    (void)arg;
}
static int do_once(struct world *w)
{
    return rn_once_do(&w->once, nothing, NULL);
}
static int do_group(struct world *w)
{
    return rn_group_wait(w->other);
}
static int do_fd(struct world *w)
{
    return rn_fd_wait(w->fd, RN_READABLE, RN_FOREVER);
}
static int do_accept(struct world *w)
{
    rn_conn *c;
    int rc = rn_tcp_accept(w->listener, RN_FOREVER, &c);
    rn_conn_close(c);
    return rc;
}
static int do_read(struct world *w)
{
    char byte;
    return (int)rn_conn_read(w->conn, &byte, 1, RN_FOREVER);
}
static int return_three(void *arg)
{
    (void)arg;
    return 3;
}
static int do_blocking(struct world *w)
{
    (void)w;
    return rn_blocking(return_three, NULL);
}

enum { PARKS = 1, ENTRY = 2, BOTH = 3 };
static const struct call {
    const char *name;
    int (*fn)(struct world *w);
    int when; /* PARKS: waits in an unready world; ENTRY: returns at once in a ready one */
} calls[] = {
    { "send", do_send, BOTH },
    { "recv", do_recv, BOTH },
    { "wait", do_wait, BOTH },
    { "send_until", do_send_until, BOTH },
    { "recv_until", do_recv_until, BOTH },
    { "send_n", do_send_n, BOTH },
    { "recv_n", do_recv_n, BOTH },
    { "nil", do_nil, PARKS },
    { "select", do_select, BOTH },
    { "select_ordered", do_select_ordered, BOTH },
    { "select_after", do_select_after, BOTH },
    { "select_default", do_select_default, ENTRY },
    { "sleep", do_sleep, PARKS },
    { "sleep_nothing", do_sleep_nothing, ENTRY },
    { "yield", do_yield, ENTRY },
    { "mutex", do_lock, BOTH },
    { "rwmutex lock", do_wlock, BOTH },
    { "rwmutex rlock", do_rlock, BOTH },
    { "waitgroup", do_waitgroup, BOTH },
    { "cond", do_cond, PARKS },
    { "semaphore", do_semaphore, BOTH },
    { "once", do_once, PARKS },
    { "group", do_group, BOTH },
    { "fd", do_fd, BOTH },
    { "accept", do_accept, PARKS },
    { "read", do_read, PARKS },
    { "blocking", do_blocking, ENTRY },
};
enum { CALLS = sizeof calls / sizeof *calls };

/* ---- two worlds ---- */

static int hold_group(rn_receiver(rn_unit) release)
{
    rn_shield();
    rn_wait(release);
    rn_unshield();
    return 0;
}
RN_TASK(hold_group, rn_receiver(rn_unit));

static _Atomic(bool) once_taken;

static void wait_for_release(void *arg)
{
    atomic_store(&once_taken, true);
    rn_shield();
    rn_wait((rn_receiver(rn_unit))arg);
    rn_unshield();
}

static int hold_once(struct world *w, rn_receiver(rn_unit) release)
{
    return rn_once_do(&w->once, wait_for_release, release);
}
RN_TASK(hold_once, struct world *, rn_receiver(rn_unit));

/* Nothing in this world is ready before `release` is closed. */
static void open_unready(struct world *w, rn_group *g, int ends[2], rn_receiver(rn_unit) release)
{
    *w = (struct world){ .in = rn_make(g, int, 0), .out = rn_make(g, int, 1) };
    w->idle = rn_make(g, int, 0);
    CHECK_EQ(rn_send(w->out, 0), 0);
    CHECK_EQ(rn_mutex_lock(&w->mutex), 0);
    CHECK_EQ(rn_rwmutex_lock(&w->rw), 0);
    rn_waitgroup_add(&w->wg, 1);
    rn_semaphore_release(&w->sem, 1);
    w->other = rn_group_new(NULL);
    CHECK_EQ(rn_go(w->other, hold_group, release), 0);
    CHECK_EQ(rn_go(w->other, hold_once, w, release), 0);
    CHECK_EQ(pipe(ends), 0);
    w->fd = ends[0];
    CHECK_EQ(rn_tcp_listen("127.0.0.1", 0, &w->listener), 0);
    CHECK_EQ(rn_tcp_dial("127.0.0.1", rn_listener_port(w->listener), RN_FOREVER, &w->conn), 0);
    CHECK_EQ(rn_tcp_accept(w->listener, RN_FOREVER, &w->peer), 0);
}

static int call_it(const struct call *c, struct world *w, _Atomic(int) *result)
{
    atomic_store(result, c->fn(w));
    return -EIO; /* too late to be the cause */
}
RN_TASK(call_it, const struct call *, struct world *, _Atomic(int) *);

enum { UNSET = 12345 };

TASK_TEST(cancel_ends_every_call_that_is_parked)
{
    struct world w;
    int ends[2];
    rn_chan(rn_unit) release = rn_make(g, rn_unit, 0);
    open_unready(&w, g, ends, rn_rx(release));
    while (!atomic_load(&once_taken))
        rn_sleep(100 * RN_MICROSECOND);
    for (int i = 0; i < CALLS; i++) {
        _Atomic(int) result = UNSET;
        if (!(calls[i].when & PARKS))
            continue;
        if (kit_is_interactive())
            fprintf(stderr, "%s\n", calls[i].name);
        rn_group *h = rn_group_new(NULL);
        CHECK_EQ(rn_go(h, call_it, &calls[i], &w, &result), 0);
        rn_sleep(2 * RN_MILLISECOND);
        CHECK_EQ(atomic_load(&result), UNSET); /* it waits */
        rn_group_cancel(h, -ENOLINK);
        CHECK_EQ(rn_group_wait(h), -ENOLINK);
        CHECK_EQ(atomic_load(&result), -ECANCELED);
        rn_group_close(h);
    }
    CHECK_EQ(rn_len(w.out), 1);
    CHECK_EQ(rn_semaphore_try_acquire(&w.sem, 1), 0); /* nobody took it, nobody is before us */
    rn_mutex_unlock(&w.mutex);
    CHECK_EQ(rn_mutex_lock(&w.mutex), 0);
    rn_rwmutex_unlock(&w.rw);
    CHECK_EQ(rn_rwmutex_rlock(&w.rw), 0);
    rn_close(release);
    CHECK_EQ(rn_group_close(w.other), 0);
    rn_conn_close(w.conn);
    rn_conn_close(w.peer);
    rn_listener_close(w.listener);
    close(ends[0]);
    close(ends[1]);
    return 0;
}

/* Runs what a ready world lets through, in a cancelled task: refused, then under a shield. */
static int call_ready(struct world *w)
{
    rn_group_cancel(rn_group_current(), -ENOLINK);
    CHECK_EQ(rn_cancelled(), -ENOLINK);
    for (int i = 0; i < CALLS; i++) {
        if (!(calls[i].when & ENTRY))
            continue;
        if (kit_is_interactive())
            fprintf(stderr, "%s\n", calls[i].name);
        size_t in = rn_len(w->in), out = rn_len(w->out);
        CHECK_EQ(calls[i].fn(w), -ECANCELED);
        CHECK_EQ(rn_len(w->in), in); /* nothing was transferred */
        CHECK_EQ(rn_len(w->out), out);
        rn_shield();
        rn_shield();
        rn_unshield();
        CHECK_EQ(rn_cancelled(), 0);
        CHECK(calls[i].fn(w) >= 0);
        rn_unshield();
        CHECK_EQ(rn_cancelled(), -ENOLINK);
    }
    return 0;
}
RN_TASK(call_ready, struct world *);

TASK_TEST(cancelled_task_is_refused_also_what_is_ready_unless_shielded)
{
    struct world w = { .in = rn_make(g, int, 64), .out = rn_make(g, int, 64) };
    int ends[2];
    w.idle = rn_make(g, int, 0);
    for (int i = 0; i < 32; i++)
        CHECK_EQ(rn_send(w.in, i), 0);
    rn_semaphore_release(&w.sem, 2);
    w.other = rn_group_new(NULL);
    CHECK_EQ(pipe(ends), 0);
    CHECK_EQ(write(ends[1], "x", 1), 1);
    w.fd = ends[0];
    rn_group *h = rn_group_new(NULL);
    CHECK_EQ(rn_go(h, call_ready, &w), 0);
    CHECK_EQ(rn_group_wait(h), -ENOLINK);
    rn_group_close(h);
    rn_group_close(w.other);
    close(ends[0]);
    close(ends[1]);
    return 0;
}
