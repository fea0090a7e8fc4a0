/* SPDX-License-Identifier: MIT */
/*
 * The poller: one worker at a time waits in it, after it has been opened, and it is closed when the
 * last one that may touch it is done. The system's poller is plain memory here, so that what is not
 * ordered is a race.
 */
#include "seam.h"

#include "core/idle.c"
#include "core/poll.c"

enum { FAR = POLL_EVERY_NS };

typedef struct state {
    int rc[2];
    _Atomic(uint32_t) done;
} state;

static rni_worker workers[2];
static struct {
    int open;
    int waits; /* calls of _wait, by whoever has the place */
    _Atomic(uint32_t) woken;
} poller;

static void begin(void *p)
{
    (void)p;
    model_begin();
    memset(&rni_rt, 0, sizeof rni_rt);
    rni_rt.workers = workers;
    rni_rt.count = rni_rt.active = 2;
    rni_list_init(&rni_rt.idle_list);
    for (int i = 0; i < 2; i++) {
        memset(&workers[i], 0, sizeof workers[i]);
        rni_timers_init(&workers[i].timers);
        workers[i].id = (unsigned)i;
    }
    rni_rt.watcher = 9; /* somebody else watches */
    memset(&poller, 0, sizeof poller);
    open_lock = (rni_lock){ 0 };
    atomic_store_explicit(&is_open, false, memory_order_relaxed);
}

/* A task waits for a descriptor already. */
static void begin_open(void *p)
{
    begin(p);
    RN_CHECK_ASSERT(rni_poll_open() == 0);
    rni_poll_count(1);
}

/* ---- the system ---- */

int rni_os_poller_open(void)
{
    RN_CHECK_ASSERT(poller.open == 0);
    poller.open = 1;
    return 0;
}

void rni_os_poller_close(void)
{
    RN_CHECK_ASSERT(poller.open == 1);
    poller.open = 0;
}

int rni_os_poller_wait(rni_os_event *events, int n, int64_t timeout_ns)
{
    (void)events;
    (void)n;
    RN_CHECK_ASSERT(poller.open == 1);
    poller.waits++;
    if (timeout_ns != 0)
        while (atomic_exchange_explicit(&poller.woken, 0, memory_order_relaxed) == 0)
            rn_check_wait(&poller.woken, 0);
    return 0;
}

void rni_os_poller_wake(void)
{
    RN_CHECK_ASSERT(poller.open == 1);
    atomic_store_explicit(&poller.woken, 1, memory_order_relaxed);
    rn_check_wake(&poller.woken, 1);
}

/* ---- the rest of the scheduler: there is no work ---- */

rni_worker *rni_worker_self(void)
{
    return NULL;
}

rni_runnable rni_pick(rni_worker *w)
{
    (void)w;
    return 0;
}

rni_verdict rni_ask(void)
{
    return RNI_MAY_GO_ON;
}

/* ---- threads ---- */

static void opens(void *p)
{
    state *s = p;
    int me = rn_check_self() - 1;
    s->rc[me] = rni_poll_open();
    RN_CHECK_ASSERT(poller.open == 1); /* as the arming of a descriptor looks at it */
}

static void opens_and_counts(void *p)
{
    opens(p);
    rni_poll_count(1);
}

static void looks(void *p)
{
    (void)p;
    rni_look_around(&workers[rn_check_self() - 1], FAR);
}

static void idles(void *p)
{
    (void)rni_idle(&workers[0], &((state *)p)->done);
}

/* The runtime stops: the worker is woken out of the poller, has ended, and the poller is closed. */
static void wakes(void *p)
{
    state *s = p;
    atomic_store_explicit(&s->done, 1, memory_order_release);
    rni_wake_worker(&workers[0]);
}

static void idles_and_closes(void *p)
{
    idles(p);
    rni_poll_stop();
}

static void one_opened(void *p)
{
    state *s = p;
    RN_CHECK_ASSERT(poller.open == 1 && s->rc[0] == 0 && s->rc[1] == 0);
}

static void nobody_inside(void *p)
{
    (void)p;
    RN_CHECK_ASSERT(rni_rt.poller == 0 && poller.waits <= 2);
}

static void is_closed(void *p)
{
    (void)p;
    RN_CHECK_ASSERT(poller.open == 0 && rni_rt.poller_users == 0 && rni_rt.poller == 0);
}

static const model_run runs[] = {
    { MODEL("poll-open", begin, one_opened, opens, opens) },
    { MODEL("poll-opened", begin, nobody_inside, looks, opens_and_counts) },
    { MODEL("poll-turns", begin_open, nobody_inside, looks, looks) },
    { MODEL("poll-stop", begin_open, is_closed, idles_and_closes, wakes) },
};

int main(int argc, char **argv)
{
    return model_main(runs, sizeof runs / sizeof runs[0], argc, argv);
}
