/* SPDX-License-Identifier: MIT */
/* Loads of groups, contexts and timers. */
#include <errno.h>

#include "soak/soak.h"

static int wait_for_cancel(rn_receiver(rn_unit) never)
{
    return rn_wait(never);
}
RN_TASK(wait_for_cancel, rn_receiver(rn_unit));

static int fail(int64_t after_ns, int rc)
{
    rn_sleep(after_ns);
    return rc;
}
RN_TASK(fail, int64_t, int);

/* Opens groups below groups, each with tasks that wait, and returns the error that ends them. */
static int nest(unsigned depth, uint64_t seed)
{
    rn_group *g = rn_group_new(NULL);
    SOAK_CHECK(g);
    rn_chan(rn_unit) never = rn_make(g, rn_unit, 0);
    for (int i = 0; i < 3; i++)
        SOAK_CHECK(rn_go(g, wait_for_cancel, rn_rx(never)) == 0);
    int rc, expected = -ENOENT;
    if (depth > 0) {
        rc = nest(depth - 1, seed);
        rn_group_cancel(g, rc);
    } else if (soak_random(&seed) % 2) {
        SOAK_CHECK(rn_go(g, fail, soak_random(&seed) % 50 * RN_MICROSECOND, -ENOENT) == 0);
    } else {
        rn_group_cancel(g, -ENOENT);
    }
    rc = rn_group_wait(g);
    SOAK_CHECK(rc == expected);
    SOAK_CHECK(rn_group_close(g) == expected);
    return rc;
}

static void groups(rn_group *g, uint64_t seed)
{
    (void)g;
    SOAK_CHECK(nest(soak_random(&seed) % 4, seed) == -ENOENT);
}

/* ---- contexts ---- */

static void contexts(rn_group *g, uint64_t seed)
{
    static const char key;
    rn_ctx *top = rn_ctx_with_cancel(rn_group_ctx(g));
    rn_ctx *named = rn_ctx_with_value(top, &key, &seed);
    rn_ctx *timed = rn_ctx_with_timeout(named, soak_random(&seed) % 400 * RN_MICROSECOND);
    rn_group *work = rn_group_new(timed);
    SOAK_CHECK(top && named && timed && work);
    SOAK_CHECK(rn_ctx_value(timed, &key) == &seed);
    rn_chan(rn_unit) never = rn_make(work, rn_unit, 0);
    for (int i = 0; i < 4; i++)
        (void)rn_go(work, wait_for_cancel, rn_rx(never)); /* it may be too late already */
    bool by_hand = soak_random(&seed) % 2;
    if (by_hand)
        rn_ctx_cancel(top, -EIO);
    int rc = rn_group_close(work);
    /* Closing waits for nothing that time would have to end, so it may be first. */
    SOAK_CHECK(rc == 0 || rc == -ETIMEDOUT || (by_hand && rc == -EIO));
    SOAK_CHECK(!by_hand || rc != 0);
    SOAK_CHECK(!by_hand || rn_ctx_err(timed) != 0);
    rn_ctx_unref(timed);
    rn_ctx_unref(named);
    rn_ctx_unref(top);
}

/* ---- timers ---- */

static int note(rn_sender(uint64_t) out, uint64_t v)
{
    soak_sent(1, v);
    return rn_send(out, v);
}
RN_TASK(note, rn_sender(uint64_t), uint64_t);

static void timers(rn_group *g, uint64_t seed)
{
    enum { TIMERS = 5 };
    rn_timer *stopped[TIMERS];
    rn_chan(uint64_t) out = rn_make(g, uint64_t, 0);
    uint64_t due = 0, total = 0, sum = 0;
    SOAK_CHECK(out);
    for (uint64_t i = 0; i < TIMERS; i++) {
        int64_t ns = soak_random(&seed) % 300 * RN_MICROSECOND;
        SOAK_CHECK(rn_timer_go(g, ns, note, rn_tx(out), 100 + i));
        stopped[i] = rn_timer_new(g, ns + RN_HOUR);
        SOAK_CHECK(stopped[i]);
        total += 100 + i;
    }
    rn_ticker *ticker = rn_ticker_new(g, 100 * RN_MICROSECOND);
    SOAK_CHECK(ticker);
    int64_t last = 0, tick;
    while (due < TIMERS) {
        uint64_t v = 0;
        switch (rn_select(RN_RECV(out, &v, NULL), RN_RECV(rn_ticker_chan(ticker), &tick, NULL))) {
        case 0:
            due++;
            sum += v;
            soak_received(1, v);
            break;
        case 1:
            SOAK_CHECK(tick > last);
            last = tick;
            break;
        default: SOAK_CHECK(!"a select that was not cancelled"); break;
        }
    }
    SOAK_CHECK(sum == total);
    int64_t until = rn_now() + 50 * RN_MICROSECOND;
    SOAK_CHECK(rn_sleep(50 * RN_MICROSECOND) == 0 && rn_now() >= until);
    for (int i = 0; i < TIMERS; i++)
        SOAK_CHECK(rn_timer_reset(stopped[i], RN_HOUR) && rn_timer_stop(stopped[i]));
}

/* ---- tasks ---- */

static int count(rn_waitgroup *w, uint64_t *n)
{
    __atomic_fetch_add(n, 1, __ATOMIC_RELAXED);
    rn_waitgroup_done(w);
    return 0;
}
RN_TASK(count, rn_waitgroup *, uint64_t *);

static void tasks(rn_group *g, uint64_t seed)
{
    int n = 1 + (int)(soak_random(&seed) % 300);
    rn_waitgroup w = { 0 };
    uint64_t counted = 0;
    rn_waitgroup_add(&w, n);
    for (int i = 0; i < n; i++)
        SOAK_CHECK(rn_go(g, count, &w, &counted) == 0);
    SOAK_CHECK(rn_waitgroup_wait(&w) == 0);
    SOAK_CHECK(__atomic_load_n(&counted, __ATOMIC_RELAXED) == (uint64_t)n);
    SOAK_CHECK(rn_group_wait(g) == 0); /* they use this frame until they have returned */
}

const soak_load soak_scopes[] = {
    { "groups", groups, 0 },
    { "contexts", contexts, 0 },
    { "timers", timers, 0 },
    { "tasks", tasks, 0 },
    { 0 },
};
