/* SPDX-License-Identifier: MIT */
/*
 * What the patterns cost on the machine at hand: the figures of the tutorial's pages.
 *
 *     build/bin/tutorial-costs            all pages
 *     build/bin/tutorial-costs tee        the page on the tee-channel
 *
 * Prints nanoseconds for one operation, the least of 30 rounds: what else the machine does can only
 * add to it. RUNNEL_WORKERS=1 shows what the calls cost, more workers what moving between cores
 * adds. RUNNEL_COSTS_ROUNDS=1 is for tests. What works on no value does nothing with it: these are
 * the prices of the channels and tasks in a pattern, not of a program.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <runnel.h>

/* Does n operations in group g, which is closed afterwards, and returns how long they took. */
typedef int64_t measure(rn_group *g, int n);

/* ---- shared by several ---- */

static int count_to(rn_sender(int) out, int n)
{
    int rc = 0;
    for (int i = 0; rc == 0 && i < n; i++)
        rc = rn_send(out, i);
    rn_close(out);
    return rc;
}
RN_TASK(count_to, rn_sender(int), int);

static rn_receiver(int) numbers(rn_group *g, int n, size_t cap)
{
    rn_chan(int) c = rn_make(g, int, cap);
    rn_go(g, count_to, rn_tx(c), n);
    return rn_rx(c);
}

static int drain(rn_receiver(int) in)
{
    int v = 0;
    while (rn_recv(in, &v) == 0)
        ;
    return 0;
}
RN_TASK(drain, rn_receiver(int));

static int64_t time_to_drain(rn_receiver(int) in)
{
    int64_t start = rn_now();
    drain(in);
    return rn_now() - start;
}

static int64_t channel_0(rn_group *g, int n)
{
    return time_to_drain(numbers(g, n, 0));
}

static int64_t channel_16(rn_group *g, int n)
{
    return time_to_drain(numbers(g, n, 16));
}

static int64_t channel_64(rn_group *g, int n)
{
    return time_to_drain(numbers(g, n, 64));
}

static int64_t channel_256(rn_group *g, int n)
{
    return time_to_drain(numbers(g, n, 256));
}

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

/* ---- pipelines, generators, fan-out ---- */

static int plus(int v, int by)
{
    return v + by;
}
RN_STAGE(plus, int, int, int);

static int64_t four_maps(rn_group *g, int n, size_t cap, rn_mode mode)
{
    rn_stage(int, int) one = rn_stage_map(g, plus, 1);
    rn_stage(int, int) four = rn_compose(int, one, one, one, one);
    return time_to_drain(rn_start_with(g, numbers(g, n, cap), four, mode));
}

static int64_t maps_tasks(rn_group *g, int n)
{
    return four_maps(g, n, 64, RN_TASKS);
}

static int64_t maps_fused(rn_group *g, int n)
{
    return four_maps(g, n, 64, RN_FUSED);
}

static int64_t maps_batched(rn_group *g, int n)
{
    return four_maps(g, n, 64, RN_BATCHED);
}

static int64_t one_map(rn_group *g, int n)
{
    return time_to_drain(rn_map(g, numbers(g, n, 0), plus, 1));
}

static int64_t repeat_take(rn_group *g, int n)
{
    return time_to_drain(rn_take(g, rn_repeat(g, int, 1), n));
}

static int64_t parallel_map(rn_group *g, int n)
{
    return time_to_drain(rn_parallel_map(g, numbers(g, n, 0), 4, plus, 1));
}

static int64_t ordered_map(rn_group *g, int n)
{
    return time_to_drain(rn_ordered_map(g, numbers(g, n, 0), 4, plus, 1));
}

static int64_t fan_in(rn_group *g, int n)
{
    rn_receiver(int) parts[4];
    for (int i = 0; i < 4; i++)
        parts[i] = numbers(g, n / 4, 0);
    return time_to_drain(rn_fan_in(g, parts, 4));
}

/* ---- or-done, tee, bridge, queues ---- */

static int64_t or_done(rn_group *g, int n)
{
    rn_chan(rn_unit) done = rn_make(g, rn_unit, 0);
    return time_to_drain(rn_or_done(g, done, numbers(g, n, 0)));
}

static int64_t tee(rn_group *g, int n)
{
    rn_receiver(int) twins[2];
    if (rn_tee(g, numbers(g, n, 0), twins, 2) != 0)
        return 0;
    rn_go(g, drain, twins[1]);
    return time_to_drain(twins[0]);
}

typedef rn_receiver(int) stream;

static int send_streams(rn_group *g, rn_sender(stream) out, int n, int each)
{
    int rc = 0;
    for (int i = 0; rc == 0 && i < n; i += each) {
        rn_chan(int) c = rn_make(g, int, (size_t)each);
        for (int j = 0; rc == 0 && j < each; j++)
            rc = rn_send(c, j);
        rn_close(c);
        if (rc == 0)
            rc = rn_send(out, rn_rx(c));
    }
    rn_close(out);
    return rc;
}
RN_TASK(send_streams, rn_group *, rn_sender(stream), int, int);

static int64_t bridge_of(rn_group *g, int n, int each)
{
    rn_chan(stream) c = rn_make(g, stream, 0);
    rn_go(g, send_streams, g, rn_tx(c), n, each);
    return time_to_drain(rn_bridge(g, c));
}

static int64_t bridge_1(rn_group *g, int n)
{
    return bridge_of(g, n, 1);
}

static int64_t bridge_100(rn_group *g, int n)
{
    return bridge_of(g, n, 100);
}

static int64_t measured_16(rn_group *g, int n)
{
    rn_receiver(int) in = numbers(g, n, 16);
    return rn_measure(in) == 0 ? time_to_drain(in) : 0;
}

static int64_t buffer_16(rn_group *g, int n)
{
    return time_to_drain(rn_buffer(g, numbers(g, n, 0), 16));
}

/* ---- contexts and timeouts ---- */

static int64_t ctx_cancel(rn_group *g, int n)
{
    int64_t start = rn_now();
    for (int i = 0; i < n; i++) {
        rn_ctx *ctx = rn_ctx_with_cancel(rn_group_ctx(g));
        if (!ctx)
            return 0;
        rn_ctx_cancel(ctx, 0);
        rn_ctx_unref(ctx);
    }
    return rn_now() - start;
}

static int64_t ctx_timeout(rn_group *g, int n)
{
    int64_t start = rn_now();
    for (int i = 0; i < n; i++) {
        rn_ctx *ctx = rn_ctx_with_timeout(rn_group_ctx(g), RN_HOUR);
        if (!ctx)
            return 0;
        rn_ctx_cancel(ctx, 0);
        rn_ctx_unref(ctx);
    }
    return rn_now() - start;
}

static int64_t ctx_err(rn_group *g, int n)
{
    int64_t start = rn_now();
    for (int i = 0; i < n; i++)
        if (rn_ctx_err(rn_group_ctx(g)) != 0)
            return 0;
    return rn_now() - start;
}

static int64_t value_at(rn_group *g, int n, int depth)
{
    static const char keys[10];
    rn_ctx *ctx = rn_ctx_ref(rn_group_ctx(g));
    for (int i = 0; ctx && i < depth; i++) {
        rn_ctx *below = rn_ctx_with_value(ctx, &keys[i], ctx);
        rn_ctx_unref(ctx);
        ctx = below;
    }
    if (!ctx)
        return 0;
    int64_t start = rn_now(), found = 0;
    for (int i = 0; i < n; i++)
        found += rn_ctx_value(ctx, &keys[0]) != NULL;
    int64_t took = rn_now() - start;
    rn_ctx_unref(ctx);
    return found == n ? took : 0;
}

static int64_t value_1(rn_group *g, int n)
{
    return value_at(g, n, 1);
}

static int64_t value_10(rn_group *g, int n)
{
    return value_at(g, n, 10);
}

static int64_t group_empty(rn_group *g, int n)
{
    int64_t start = rn_now();
    for (int i = 0; i < n; i++)
        rn_group_close(rn_group_new(rn_group_ctx(g)));
    return rn_now() - start;
}

static int64_t recv_until(rn_group *g, int n)
{
    rn_receiver(int) in = numbers(g, n, 0);
    int64_t start = rn_now();
    for (int v; rn_recv_until(in, &v, start + RN_HOUR) == 0;)
        ;
    return rn_now() - start;
}

static int64_t select_after(rn_group *g, int n)
{
    rn_receiver(int) in = numbers(g, n, 0);
    bool ok = true;
    int64_t start = rn_now();
    for (int v; ok && rn_select(RN_RECV(in, &v, &ok), RN_AFTER(RN_HOUR)) == 0;)
        ;
    return rn_now() - start;
}

/* ---- patterns for scale ---- */

static int64_t heart_beat(rn_group *g, int n)
{
    rn_heart heart = { 0 };
    if (!rn_heart_start(&heart, g, 0))
        return 0;
    int64_t start = rn_now();
    for (int i = 0; i < n; i++)
        rn_heart_beat(&heart);
    return rn_now() - start;
}

static int answer(int k, int *out)
{
    *out = k;
    return 0;
}
RN_TASK(answer, int, int *);

static int64_t replicate(rn_group *g, int n)
{
    int64_t start = rn_now();
    for (int i = 0, v; i < n; i++)
        if (rn_replicate(g, 10, &v, answer) < 0)
            return 0;
    return rn_now() - start;
}

static int64_t limiter_allow(rn_group *g, int n)
{
    (void)g;
    rn_limiter limit = RN_LIMITER(1, 1, 1000);
    int64_t start = rn_now();
    for (int i = 0; i < n; i++)
        if (!rn_limiter_allow(&limit, 1))
            i--;
    return rn_now() - start;
}

static int64_t limiter_wait_3(rn_group *g, int n)
{
    (void)g;
    rn_limiter limits[3] = { RN_LIMITER(1, 1, 1000), RN_LIMITER(1, 1, 1000),
                             RN_LIMITER(1, 1, 1000) };
    rn_limiter *all[3] = { &limits[0], &limits[1], &limits[2] };
    int64_t start = rn_now();
    for (int i = 0; i < n; i++)
        if (rn_limiter_wait_all(all, 3, 1) != 0)
            return 0;
    return rn_now() - start;
}

static int finish(rn_heart *heart)
{
    rn_heart_beat(heart);
    return 0;
}
RN_TASK(finish, rn_heart *);

static int64_t steward(rn_group *g, int n)
{
    int64_t start = rn_now();
    for (int i = 0; i < n; i++) {
        rn_receiver(int) restarts = rn_steward(g, RN_HOUR, finish);
        for (int v; rn_recv(restarts, &v) == 0;)
            ;
    }
    return rn_now() - start;
}

/* ---- the table ---- */

enum { MANY = 20000, SOME = 500 };

static const struct row {
    const char *page, *what;
    measure *run;
    int n;
} rows[] = {
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
    { "pipelines", "no stage, 64 places", channel_64, MANY },
    { "pipelines", "four maps, RN_TASKS", maps_tasks, MANY },
    { "pipelines", "four maps, RN_FUSED", maps_fused, MANY },
    { "pipelines", "four maps, RN_BATCHED", maps_batched, MANY },
    { "generators", "unbuffered channel", channel_0, MANY },
    { "generators", "repeat and take", repeat_take, MANY },
    { "fan-out-fan-in", "rn_map", one_map, MANY },
    { "fan-out-fan-in", "rn_parallel_map, 4 tasks", parallel_map, MANY },
    { "fan-out-fan-in", "rn_ordered_map, 4 tasks", ordered_map, MANY },
    { "fan-out-fan-in", "rn_fan_in of 4", fan_in, MANY },
    { "or-done", "read directly", channel_0, MANY },
    { "or-done", "through rn_or_done", or_done, MANY },
    { "tee", "read directly", channel_0, MANY },
    { "tee", "rn_tee, both outputs", tee, MANY },
    { "bridge", "read directly", channel_0, MANY },
    { "bridge", "streams of 1 value", bridge_1, MANY },
    { "bridge", "streams of 100 values", bridge_100, MANY },
    { "queuing", "no queue", channel_0, MANY },
    { "queuing", "16 places", channel_16, MANY },
    { "queuing", "256 places", channel_256, MANY },
    { "queuing", "16 places, measured", measured_16, MANY },
    { "queuing", "rn_buffer of 16 behind no queue", buffer_16, MANY },
    { "context", "with_cancel, cancel, unref", ctx_cancel, MANY },
    { "context", "rn_ctx_err", ctx_err, MANY },
    { "context", "value bound here", value_1, MANY },
    { "context", "value bound 10 levels up", value_10, MANY },
    { "context", "group new and close", group_empty, MANY },
    { "error-propagation", "rn_error_new, unref", error_new, MANY },
    { "error-propagation", "new, wrap, unref", error_wrap, MANY },
    { "timeouts", "rn_recv", channel_0, MANY },
    { "timeouts", "rn_recv_until", recv_until, MANY },
    { "timeouts", "select with RN_AFTER", select_after, MANY },
    { "timeouts", "with_timeout, cancel, unref", ctx_timeout, MANY },
    { "heartbeats", "rn_heart_beat", heart_beat, MANY },
    { "replicated-requests", "rn_replicate of 10", replicate, SOME },
    { "rate-limiting", "rn_limiter_allow", limiter_allow, MANY },
    { "rate-limiting", "rn_limiter_wait_all of 3", limiter_wait_3, MANY },
    { "healing", "steward and ward, start to end", steward, SOME },
};

static int run_rows(rn_group *g, void *page)
{
    (void)g;
    const char *rounds_text = getenv("RUNNEL_COSTS_ROUNDS");
    int rounds = rounds_text ? atoi(rounds_text) : 30, shown = 0;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        if (page && strcmp(page, rows[i].page) != 0)
            continue;
        int64_t least = INT64_MAX;
        for (int round = 0; round < rounds; round++) {
            rn_group *here = rn_group_new(NULL);
            if (!here)
                return -ENOMEM;
            int64_t ns = rows[i].run(here, rows[i].n);
            rn_group_close(here);
            if (ns > 0 && ns < least)
                least = ns;
        }
        if (least == INT64_MAX)
            return -EIO;
        printf("%-20s %-34s %8.1f ns\n", rows[i].page, rows[i].what, (double)least / rows[i].n);
        shown++;
    }
    return shown ? 0 : -EINVAL;
}

int main(int argc, char **argv)
{
    int rc = rn_run(run_rows, argc > 1 ? argv[1] : NULL);
    if (rc != 0)
        fprintf(stderr, "tutorial-costs: %s\n", rn_strerror(rc));
    return rc == 0 ? 0 : 1;
}
