/* SPDX-License-Identifier: MIT */
/*
 * What the library does not order: programs with a data race that TSan must report. Each is a pair
 * of tasks that do almost what a right program does; order_test.c has those. If the library's own
 * locks or queues ordered more than it promises, TSan would miss the user's races.
 *
 *     no_order NAME     repeats the pair until the race is reported, and says so
 *
 * Which of two tasks comes first decides whether a lock inside the library hides a race, so each
 * round delays them differently. Only a report about `shared` counts; TSan calls __tsan_on_report.
 */
#include <runnel.h>

#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

enum { ROUNDS_MAX = 3000 };

static struct {
    int x, y;
} shared;

static _Atomic(bool) reported;

/* From compiler-rt's tsan_interface.h and tsan_debugging.cpp, which gcc and clang share. */
int __tsan_get_report_mop(void *report, unsigned long index, int *tid, void **addr, int *size,
                          int *write, int *atomic, void **trace, unsigned long trace_size);
void __tsan_on_report(void *report);

void __tsan_on_report(void *report)
{
    void *addr = NULL, *trace[1];
    int tid, size, write, is_atomic;
    __tsan_get_report_mop(report, 0, &tid, &addr, &size, &write, &is_atomic, trace, 1);
    char *at = addr, *begin = (char *)&shared;
    if (at >= begin && at < begin + sizeof shared)
        atomic_store_explicit(&reported, true, memory_order_relaxed);
}

/* What a pair has at hand, anew for each round. */
typedef struct tools {
    rn_group *g;
    rn_ctx *ctx;
    rn_chan(int) none, one, two, ten, full; /* of capacities 0, 1, 2 and 10; one that is full */
    rn_mutex m, n;
    rn_rwmutex rw;
    rn_semaphore pair;
    rn_once once;
    rn_waitgroup w;
    _Atomic(int) flag;
} tools;

static void send(rn_chan(int) c)
{
    if (rn_send(c, 1) != 0)
        rn_panic(RN_HERE, "send");
}

static void recv(rn_chan(int) c)
{
    rn_wait(c);
}

/* Makes it likely that the other comes in before this one leaves, which may order them. */
static void stay(void)
{
    rn_sleep(50 * RN_MICROSECOND);
}

static void nothing(void *arg)
{
    (void)arg;
}

static int late_write(int v)
{
    shared.x = v;
    return 0;
}
RN_TASK(late_write, int);

/* ---- the programs ---- */

static void send_then_write(tools *t)
{
    send(t->ten);
    shared.x = 1;
}

static void write_then_receive(tools *t)
{
    shared.x = 2;
    recv(t->ten);
}

static void hand_over_then_write(tools *t)
{
    send(t->none);
    shared.x = 1;
}

static void take_over_then_write(tools *t)
{
    recv(t->none);
    shared.x = 2;
}

/* A channel with room for two is no lock. */
static void write_in_room_for_two(tools *t)
{
    send(t->two);
    shared.x++;
    stay();
    recv(t->two);
}

/* From channels of their own into one variable, which is never written to but by the library. */
static void receive_into_x(rn_chan(int) c)
{
    send(c);
    if (rn_recv(c, &shared.x) != 0)
        rn_panic(RN_HERE, "recv");
    stay();
}

static void receive_from_one(tools *t)
{
    receive_into_x(t->one);
}

static void receive_from_two(tools *t)
{
    receive_into_x(t->two);
}

/* Only the third send comes after the first receive. */
static void send_twice_then_read(tools *t)
{
    send(t->two);
    send(t->two);
    if (shared.x == 3)
        shared.y++;
}

static void write_then_receive_of_two(tools *t)
{
    shared.x = 2;
    recv(t->two);
}

static void write_then_send(tools *t)
{
    shared.x = 1;
    send(t->one);
}

/* The case that was not chosen orders nothing. */
static void select_another_then_write(tools *t)
{
    if (rn_select(RN_DONE(t->one), RN_DONE(t->full)) == 1)
        shared.x = 2;
}

static void select_default_then_write(tools *t)
{
    if (rn_select(RN_DONE(t->one), RN_DEFAULT) == 1)
        shared.x = 2;
}

static void fail_to_receive_then_write(tools *t)
{
    int v;
    if (rn_try_recv(t->one, &v) == -EAGAIN)
        shared.x = 2;
}

static void write_then_make_room(tools *t)
{
    shared.x = 1;
    recv(t->full);
}

static void fail_to_send_then_write(tools *t)
{
    if (rn_try_send(t->full, 1) == -EAGAIN)
        shared.x = 2;
}

static void close_then_write(tools *t)
{
    rn_close(t->one);
    shared.x = 1;
}

static void see_close_then_write(tools *t)
{
    rn_wait(t->one);
    shared.x = 2;
}

static void unlock_then_write(tools *t)
{
    rn_mutex_lock(&t->m);
    rn_mutex_unlock(&t->m);
    shared.x++;
}

static void write_under_one_lock(tools *t)
{
    rn_mutex_lock(&t->m);
    shared.x++;
    rn_mutex_unlock(&t->m);
}

static void write_under_another_lock(tools *t)
{
    rn_mutex_lock(&t->n);
    shared.x++;
    rn_mutex_unlock(&t->n);
}

static void write_as_a_reader(tools *t)
{
    rn_rwmutex_rlock(&t->rw);
    shared.x++;
    stay();
    rn_rwmutex_runlock(&t->rw);
}

static void write_with_one_of_two_permits(tools *t)
{
    rn_semaphore_acquire(&t->pair, 1);
    shared.x++;
    stay();
    rn_semaphore_release(&t->pair, 1);
}

/* Once orders what its function did, not what its callers did. */
static void write_x_then_once(tools *t)
{
    shared.x = 1;
    rn_once_do(&t->once, nothing, NULL);
    shared.y++;
}

static void write_y_then_once(tools *t)
{
    shared.y = 1;
    rn_once_do(&t->once, nothing, NULL);
    shared.x++;
}

static void done_then_write(tools *t)
{
    rn_waitgroup_done(&t->w);
    shared.x = 1;
}

static void wait_then_write(tools *t)
{
    rn_waitgroup_wait(&t->w);
    shared.x = 2;
}

static void start_then_write(tools *t)
{
    rn_go(t->g, late_write, 1);
    shared.x = 2;
}

static void set_timer_then_write(tools *t)
{
    if (!rn_timer_go(t->g, 10 * RN_MICROSECOND, late_write, 1))
        rn_panic(RN_HERE, "timer");
    shared.x = 2;
}

static void cancel_then_write(tools *t)
{
    rn_ctx_cancel(t->ctx, 0);
    shared.x = 1;
}

static void see_cancel_then_write(tools *t)
{
    rn_wait(rn_ctx_done(t->ctx));
    shared.x = 2;
}

static void write_then_raise_a_flag(tools *t)
{
    shared.x = 1;
    atomic_store_explicit(&t->flag, 1, memory_order_relaxed);
    rn_yield();
}

/* Yielding and sleeping order nothing, and neither does a relaxed flag. */
static void yield_till_the_flag_then_write(tools *t)
{
    while (atomic_load_explicit(&t->flag, memory_order_relaxed) == 0)
        rn_yield();
    shared.x = 2;
}

static void just_write(tools *t)
{
    (void)t;
    shared.x++;
}

static void idle(tools *t)
{
    (void)t;
}

static const struct program {
    const char *name;
    void (*first)(tools *t), (*second)(tools *t);
} programs[] = {
    { "tasks_side_by_side", just_write, just_write },
    { "after_a_buffered_send", send_then_write, write_then_receive },
    { "after_an_unbuffered_send", hand_over_then_write, take_over_then_write },
    { "channel_with_room_for_two", write_in_room_for_two, write_in_room_for_two },
    { "receive_and_an_earlier_send", send_twice_then_read, write_then_receive_of_two },
    { "receives_into_one_variable", receive_from_one, receive_from_two },
    { "case_that_was_not_chosen", write_then_send, select_another_then_write },
    { "default", write_then_send, select_default_then_write },
    { "failed_try_recv", write_then_send, fail_to_receive_then_write },
    { "failed_try_send", write_then_make_room, fail_to_send_then_write },
    { "after_a_close", close_then_write, see_close_then_write },
    { "after_an_unlock", unlock_then_write, unlock_then_write },
    { "two_locks", write_under_one_lock, write_under_another_lock },
    { "two_readers", write_as_a_reader, write_as_a_reader },
    { "two_permits", write_with_one_of_two_permits, write_with_one_of_two_permits },
    { "before_once", write_x_then_once, write_y_then_once },
    { "after_waitgroup_done", done_then_write, wait_then_write },
    { "after_a_start", start_then_write, idle },
    { "after_setting_a_timer", set_timer_then_write, idle },
    { "after_a_cancel", cancel_then_write, see_cancel_then_write },
    { "yield", write_then_raise_a_flag, yield_till_the_flag_then_write },
};

/* ---- running them ---- */

/* Waits before and after, so that both tasks have a stack of their own and none has ended when the
 * other begins: the reuse of a stack orders. */
static int play(void (*part)(tools *t), tools *t, int64_t delay_ns)
{
    rn_sleep(delay_ns);
    part(t);
    return rn_sleep(100 * RN_MICROSECOND);
}
RN_TASK(play, void (*)(tools *), tools *, int64_t);

static void play_round(const struct program *p, int round)
{
    rn_group *h = rn_group_new(NULL);
    tools t = { .g = h, .pair = RN_SEMAPHORE_INIT(2), .ctx = rn_ctx_with_cancel(rn_group_ctx(h)) };
    t.none = rn_make(h, int, 0);
    t.one = rn_make(h, int, 1);
    t.two = rn_make(h, int, 2);
    t.ten = rn_make(h, int, 10);
    t.full = rn_make(h, int, 1);
    send(t.full);
    rn_waitgroup_add(&t.w, 1);
    rn_go(h, play, p->first, &t, (1 + round * 7 % 40) * RN_MICROSECOND);
    rn_go(h, play, p->second, &t, (1 + round * 11 % 40) * RN_MICROSECOND);
    if (rn_group_wait(h) != 0)
        rn_panic(RN_HERE, "a task of %s failed", p->name);
    rn_ctx_unref(t.ctx);
    rn_group_close(h);
}

static int repeat(rn_group *g, void *arg)
{
    const struct program *p = arg;
    (void)g;
    for (int round = 0; round < ROUNDS_MAX; round++) {
        play_round(p, round);
        if (atomic_load_explicit(&reported, memory_order_relaxed)) {
            fprintf(stderr, "no_order: %s is reported (round %d)\n", p->name, round);
            return 0;
        }
    }
    fprintf(stderr, "no_order: %s is NOT seen in %d rounds\n", p->name, ROUNDS_MAX);
    return 1;
}

int main(int argc, char **argv)
{
    for (size_t i = 0; i < sizeof programs / sizeof programs[0]; i++)
        if (argc == 2 && strcmp(argv[1], programs[i].name) == 0)
            return rn_run(repeat, (void *)(uintptr_t)&programs[i]);
    fprintf(stderr, "usage: no_order NAME\n");
    return 2;
}
