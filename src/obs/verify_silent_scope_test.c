/* SPDX-License-Identifier: MIT */
/* What rn_verify_none is silent about: references in messages, timers, contexts, groups and
 * locks. */
/* kit: not-under-tsan */
#define _GNU_SOURCE
#include "kit/places.h"

#include <sys/epoll.h>

/* ---- in messages ---- */

typedef rn_chan(chan_int) chan_chan;
static chan_chan volatile messages;
static void plant_buffered(rn_group *g)
{
    messages = rn_make(g, chan_int, 3);
    for (int i = 0; i < 2; i++) /* so that what counts is not the first slot */
        CHECK_EQ(rn_send(messages, NULL), 0);
    for (chan_int none; rn_len(messages) > 0;)
        CHECK_EQ(rn_recv(messages, &none), 0);
    CHECK_EQ(rn_send(messages, waiter(g)), 0);
}
static void uproot_messages(void)
{
    messages = NULL;
}

static int send_chan(rn_chan(chan_int) out, rn_chan(int) c)
{
    return rn_send(out, c);
}
RN_TASK(send_chan, rn_chan(chan_int), rn_chan(int));
static void plant_sender(rn_group *g)
{
    messages = rn_make(g, chan_int, 0);
    CHECK_EQ(rn_go(g, send_chan, messages, waiter(g)), 0);
}

static int select_chan(rn_chan(chan_int) out, rn_chan(int) c, rn_chan(int) other)
{
    return rn_select(RN_DONE(other), RN_SEND(out, c));
}
RN_TASK(select_chan, rn_chan(chan_int), rn_chan(int), rn_chan(int));
static void plant_selecting_sender(rn_group *g)
{
    messages = rn_make(g, chan_int, 0);
    CHECK_EQ(rn_go(g, select_chan, messages, waiter(g), rn_make(g, int, 0)), 0);
}

static int select_three(rn_receiver(int) a, rn_receiver(int) b, rn_receiver(int) c)
{
    int v;
    return rn_select(RN_RECV(a, &v, NULL), RN_RECV(b, &v, NULL), RN_RECV(c, &v, NULL));
}
RN_TASK(select_three, rn_receiver(int), rn_receiver(int), rn_receiver(int));
static void plant_select(rn_group *g)
{
    global = rn_make(g, int, 0);
    CHECK_EQ(rn_go(g, select_three, rn_rx(rn_make(g, int, 0)), rn_rx(global), NULL), 0);
}

/* ---- time ---- */

static void plant_timer_argument(rn_group *g)
{
    CHECK(rn_timer_go(g, RN_HOUR, wait_on, rn_rx(waiter(g))) != NULL);
}

static int wait_for_hour(rn_receiver(int64_t) c)
{
    int64_t at;
    return rn_recv(c, &at);
}
RN_TASK(wait_for_hour, rn_receiver(int64_t));
static void plant_after(rn_group *g)
{
    CHECK_EQ(rn_go(g, wait_for_hour, rn_after(g, RN_HOUR)), 0);
    CHECK_EQ(rn_go(g, wait_for_hour, rn_tick(g, RN_HOUR)), 0);
}

static int wait_until_hour(rn_receiver(int) c)
{
    int v;
    return rn_recv_until(c, &v, rn_now() + RN_HOUR);
}
RN_TASK(wait_until_hour, rn_receiver(int));
static int select_until_hour(rn_receiver(int) c)
{
    int v;
    return rn_select(RN_RECV(c, &v, NULL), RN_AFTER(RN_HOUR));
}
RN_TASK(select_until_hour, rn_receiver(int));
static void plant_deadlines(rn_group *g)
{
    CHECK_EQ(rn_go(g, wait_until_hour, rn_rx(rn_make(g, int, 0))), 0);
    CHECK_EQ(rn_go(g, select_until_hour, rn_rx(rn_make(g, int, 0))), 0);
}

static rn_ctx *volatile held_ctx;
static void plant_context_deadline(rn_group *g)
{
    rn_ctx *ctx = rn_ctx_with_timeout(rn_ctx_current(), RN_HOUR);
    rn_group *h = rn_group_new(ctx);
    rn_ctx_unref(ctx);
    (void)g;
    waiter(h);
}

/* ---- contexts and groups ---- */

static void plant_after_func(rn_group *g)
{
    held_ctx = rn_ctx_with_cancel(rn_ctx_background());
    CHECK(rn_ctx_after_func(held_ctx, g, wait_on, rn_rx(waiter(g))) != NULL);
}

static const char key;
static void plant_context_value(rn_group *g)
{
    held_ctx = rn_ctx_with_value(rn_ctx_background(), &key, (void *)waiter(g));
}
static void plant_group_value(rn_group *g)
{
    rn_ctx *ctx = rn_ctx_with_value(rn_ctx_current(), &key, (void *)waiter(g));
    rn_group *h = rn_group_new(ctx);
    rn_ctx_unref(ctx);
    CHECK_EQ(rn_go(h, sleep_with, NULL), 0); /* may look the value up */
    waiter(h);
}

static int wait_done(rn_receiver(rn_unit) done)
{
    return rn_wait(done);
}
RN_TASK(wait_done, rn_receiver(rn_unit));
static void plant_done(rn_group *g)
{
    held_ctx = rn_ctx_with_cancel(rn_ctx_background());
    CHECK_EQ(rn_go(g, wait_done, rn_ctx_done(held_ctx)), 0);
}

static rn_group *volatile held_group;
static void plant_held_group(rn_group *g)
{
    (void)g;
    held_group = rn_group_new(NULL);
    waiter(held_group);
}
static void drop_group(void)
{
    held_group = NULL;
}
static void plant_held_grandparent(rn_group *g)
{
    (void)g;
    held_group = rn_group_new(NULL);
    rn_ctx *ctx = rn_ctx_with_cancel(rn_group_ctx(held_group));
    waiter(rn_group_new(ctx));
    rn_ctx_unref(ctx);
}
/* The channel is freed with its group, which ends the wait of a task in another. */
static void plant_owner_of_channel(rn_group *g)
{
    held_group = rn_group_new(NULL);
    CHECK_EQ(rn_go(g, wait_on, rn_rx(rn_make(held_group, int, 0))), 0);
}

static int wait_for_group(rn_group *h)
{
    return rn_group_wait(h);
}
RN_TASK(wait_for_group, rn_group *);
static void plant_group_wait(rn_group *g)
{
    rn_group *h = rn_group_new(NULL);
    CHECK_EQ(rn_go(h, yield_with, NULL), 0);
    CHECK_EQ(rn_go(h, wait_on, rn_rx(rn_make(g, int, 0))), 0);
    CHECK_EQ(rn_go(g, wait_for_group, h), 0);
}

static int fail_in_an_hour(void)
{
    int rc = rn_sleep(RN_HOUR);
    return rc ? rc : -EIO;
}
RN_TASK(fail_in_an_hour);
/* If one fails, the others of its group are cancelled. */
static void plant_one_who_may_fail(rn_group *g)
{
    rn_group *h = rn_group_new(NULL);
    CHECK_EQ(rn_go(h, fail_in_an_hour), 0);
    CHECK_EQ(rn_go(h, wait_on, rn_rx(rn_make(g, int, 0))), 0);
}

static int wait_background(rn_receiver(int) c)
{
    return wait_on(c);
}
RN_TASK(wait_background, rn_receiver(int));
static void plant_background(rn_group *g)
{
    rn_attr attr = { .background = true };
    CHECK_EQ(rn_go_with(g, &attr, wait_background, rn_rx(rn_make(g, int, 0))), 0);
}

/* ---- locks ---- */

static rn_waitgroup global_group;
static int wait_for(rn_waitgroup *w)
{
    return rn_waitgroup_wait(w);
}
RN_TASK(wait_for, rn_waitgroup *);
static void plant_waitgroups(rn_group *g)
{
    static rn_waitgroup *volatile heap;
    heap = calloc(1, sizeof *heap);
    rn_waitgroup_add(&global_group, 1);
    rn_waitgroup_add(heap, 1);
    CHECK_EQ(rn_go(g, wait_for, &global_group), 0);
    CHECK_EQ(rn_go(g, wait_for, heap), 0);
}

static rn_waitgroup *volatile lent_group;
static int wait_on_own_stack(void)
{
    rn_waitgroup mine = { 0 };
    rn_waitgroup_add(&mine, 1);
    lent_group = &mine;
    return rn_waitgroup_wait(&mine);
}
RN_TASK(wait_on_own_stack);
static void plant_lent_lock(rn_group *g)
{
    CHECK_EQ(rn_go(g, wait_on_own_stack), 0);
}
static void uproot_lent_lock(void)
{
    lent_group = NULL;
}

/* ---- the system ---- */

static int epoll_fd, pipe_ends[2];
static void plant_epoll(rn_group *g)
{
    epoll_fd = epoll_create1(EPOLL_CLOEXEC);
    CHECK_EQ(pipe(pipe_ends), 0);
    struct epoll_event e = { .events = EPOLLIN, .data.ptr = (void *)waiter(g) };
    CHECK_EQ(epoll_ctl(epoll_fd, EPOLL_CTL_ADD, pipe_ends[0], &e), 0);
    e.data.ptr = NULL;
    __asm__ volatile("" : : "r"(&e) : "memory");
}
static void uproot_epoll(void)
{
    CHECK_EQ(epoll_ctl(epoll_fd, EPOLL_CTL_DEL, pipe_ends[0], NULL), 0);
    close(epoll_fd);
    close(pipe_ends[0]);
    close(pipe_ends[1]);
}

/* ---- the places ---- */

PLACE(a_buffered_value, plant_buffered, uproot_messages, 0, 1, RECEIVES, 1)
PLACE(a_waiting_sender_s_value, plant_sender, uproot_messages, 0, 2, "[chan send", 1)
PLACE(a_selecting_sender_s_value, plant_selecting_sender, uproot_messages, 0, 2, "[select", 1)
PLACE(a_select_with_one_way_out, plant_select, uproot_global, 0, 1, "[select", 1)
PLACE(a_timer_s_argument, plant_timer_argument, NULL, 0, 0, RECEIVES, 1)
PLACE(the_channels_of_timers, plant_after, NULL, 0, 0, "[chan receive", 2)
PLACE(a_wait_with_a_deadline, plant_deadlines, NULL, 0, 0, "_until_hour [", 2)
PLACE(a_context_with_a_deadline, plant_context_deadline, NULL, 0, 0, RECEIVES, 1)
PLACE(an_argument_of_after_func, plant_after_func, NULL, 0, 0, RECEIVES, 1)
PLACE(a_value_of_a_context, plant_context_value, NULL, 0, 0, RECEIVES, 1)
PLACE(a_value_of_a_group_s_context, plant_group_value, NULL, 0, 0, RECEIVES, 2)
PLACE(the_done_channel_of_a_context, plant_done, NULL, 0, 0, "[chan receive", 1)
PLACE(a_task_whose_group_is_held, plant_held_group, drop_group, 0, 1, RECEIVES, 1)
PLACE(a_task_with_a_held_group_above, plant_held_grandparent, drop_group, 0, 1, RECEIVES, 1)
PLACE(a_channel_whose_group_is_held, plant_owner_of_channel, drop_group, 0, 1, RECEIVES, 1)
PLACE(a_group_wait, plant_group_wait, stop_tasks, 0, 2, "[group wait", 1)
PLACE(a_group_in_which_one_may_fail, plant_one_who_may_fail, NULL, 0, 0, RECEIVES, 1)
PLACE(a_background_task, plant_background, NULL, 0, 0, "[chan receive", 1)
PLACE(waitgroups_in_variables, plant_waitgroups, NULL, 0, 0, "[waitgroup wait", 2)
PLACE(a_lock_in_a_lent_stack, plant_lent_lock, uproot_lent_lock, 0, 1, "[waitgroup wait", 1)
PLACE(the_data_of_an_epoll_entry, plant_epoll, uproot_epoll, 0, 1, RECEIVES, 1)
