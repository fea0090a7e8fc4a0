/* SPDX-License-Identifier: MIT */
/* The costs of confinement, for-select, leaks, or-channels and errors. */
#include "costs.h"

/* ---- confinement ---- */

static int lock_often(rn_mutex *m, int64_t *sum, int n)
{
    for (int i = 0; i < n; i++) {
        int rc = rn_mutex_lock(m);
        if (rc != 0)
            return rc;
        *sum += i;
        rn_mutex_unlock(m);
    }
    return 0;
}
RN_TASK(lock_often, rn_mutex *, int64_t *, int);

static int64_t locks(rn_group *g, int n, int tasks)
{
    rn_mutex m = { 0 };
    int64_t sum = 0, start = rn_now();
    for (int i = 0; i < tasks; i++)
        rn_go(g, lock_often, &m, &sum, n / tasks);
    return rn_group_wait(g) == 0 ? rn_now() - start : 0;
}

static int64_t mutex_alone(rn_group *g, int n)
{
    return locks(g, n, 1);
}

static int64_t mutex_shared(rn_group *g, int n)
{
    return locks(g, n, 4);
}

/* ---- for-select ---- */

static int select_to(rn_receiver(rn_unit) done, rn_sender(int) out, int n)
{
    enum { DONE, SENT };
    int got = SENT;
    for (int i = 0; got == SENT && i < n; i++)
        got = rn_select([DONE] = RN_DONE(done), [SENT] = RN_SEND(out, i));
    rn_close(out);
    return got < 0 ? got : 0;
}
RN_TASK(select_to, rn_receiver(rn_unit), rn_sender(int), int);

static int64_t select_send(rn_group *g, int n)
{
    rn_chan(rn_unit) done = rn_make(g, rn_unit, 0);
    rn_chan(int) c = rn_make(g, int, 0);
    rn_go(g, select_to, rn_rx(done), rn_tx(c), n);
    return time_to_drain(rn_rx(c));
}

static int64_t select_poll(rn_group *g, int n)
{
    enum { DONE, GO_ON };
    rn_chan(rn_unit) done = rn_make(g, rn_unit, 0);
    int64_t start = rn_now();
    for (int i = 0; i < n; i++)
        if (rn_select([DONE] = RN_DONE(done), [GO_ON] = RN_DEFAULT) != GO_ON)
            break;
    return rn_now() - start;
}

/* ---- leaks ---- */

static int wait_for(rn_receiver(rn_unit) done)
{
    return rn_wait(done);
}
RN_TASK(wait_for, rn_receiver(rn_unit));

static int64_t stop_tasks(rn_group *g, int n)
{
    rn_chan(rn_unit) never = rn_make(g, rn_unit, 0);
    rn_group *tasks = rn_group_new(NULL);
    for (int i = 0; i < n; i++)
        rn_go(tasks, wait_for, rn_rx(never));
    rn_sleep(2 * RN_MILLISECOND); /* all of them wait by now */
    int64_t start = rn_now();
    rn_group_close(tasks);
    return rn_now() - start;
}

/* ---- or ---- */

static int64_t or_of(rn_group *g, int n, size_t width)
{
    int64_t all = 0;
    for (int i = 0; i < n; i++) {
        rn_group *here = rn_group_new(rn_group_ctx(g));
        rn_chan(rn_unit) c[256];
        for (size_t j = 0; j < width; j++)
            c[j] = rn_make(here, rn_unit, 0);
        int64_t start = rn_now();
        rn_receiver(rn_unit) any = rn_or_n(here, c, width);
        rn_yield();
        rn_close(c[width / 2]);
        rn_wait(any);
        all += rn_now() - start;
        rn_group_close(here);
    }
    return all;
}

static int64_t or_4(rn_group *g, int n)
{
    return or_of(g, n, 4);
}

static int64_t or_256(rn_group *g, int n)
{
    return or_of(g, n, 256);
}

/* ---- errors ---- */

typedef RN_RESULT(int) result;

static int send_results(rn_sender(result) out, int n)
{
    int rc = 0;
    for (int i = 0; rc == 0 && i < n; i++)
        rc = rn_send(out, { .value = i });
    rn_close(out);
    return rc;
}
RN_TASK(send_results, rn_sender(result), int);

static int64_t results(rn_group *g, int n)
{
    rn_chan(result) c = rn_make(g, result, 0);
    rn_go(g, send_results, rn_tx(c), n);
    int64_t start = rn_now();
    for (result r; rn_recv(c, &r) == 0;)
        ;
    return rn_now() - start;
}

static int64_t error_new(rn_group *g, int n)
{
    (void)g;
    int64_t start = rn_now();
    for (int i = 0; i < n; i++)
        rn_error_unref(rn_error_new(-EIO, "cannot read block %d", i));
    return rn_now() - start;
}

static int64_t error_wrap(rn_group *g, int n)
{
    (void)g;
    int64_t start = rn_now();
    for (int i = 0; i < n; i++)
        rn_error_unref(rn_error_wrap(rn_error_new(-EIO, "cannot read block %d", i), 0,
                                     "cannot run job %d", i));
    return rn_now() - start;
}

const costs_row costs_basics[] = {
    { "confinement", "mutex, one task", mutex_alone, MANY },
    { "confinement", "mutex, four tasks", mutex_shared, MANY },
    { "confinement", "unbuffered channel", channel_0, MANY },
    { "for-select", "send", channel_0, MANY },
    { "for-select", "select: send or done", select_send, MANY },
    { "for-select", "select: done or default", select_poll, MANY },
    { "leaks", "cancel and join a waiting task", stop_tasks, SOME },
    { "or-channel", "rn_or_n of 4, and its end", or_4, SOME },
    { "or-channel", "rn_or_n of 256, and its end", or_256, SOME },
    { "error-handling", "send an int", channel_0, MANY },
    { "error-handling", "send an RN_RESULT(int)", results, MANY },
    { "error-propagation", "rn_error_new, unref", error_new, MANY },
    { "error-propagation", "new, wrap, unref", error_wrap, MANY },
    { NULL, NULL, NULL, 0 },
};
