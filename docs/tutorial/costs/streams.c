/* SPDX-License-Identifier: MIT */
/* The costs of pipelines, generators, fan-out, or-done, tee, bridge and queues. */
#include "costs.h"

RN_TASK(drain, rn_receiver(int));

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

const costs_row costs_streams[] = {
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
    { NULL, NULL, NULL, 0 },
};
