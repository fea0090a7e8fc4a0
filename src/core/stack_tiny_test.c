/* SPDX-License-Identifier: MIT */
/* kit: not-under-sanitizers */
/* kit: not-with-portable */
/*
 * Tiny stacks: every kind of call fits, an overflow is found, a panic has room to tell, and a
 * hundred thousand take little memory.
 */
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <runnel.h>

#include "core/park.h"
#include "core/stack.h"
#include "kit/kit.h"

static const rn_attr tiny = { .name = "tiny one", .stack = RN_STACK_TINY };

/* What a call of op may use, its own frames and what waiting takes included. */
enum { PROMISED = 1000, PAINT = 0xa5 };

static bool tiny_is_tiny(void)
{
    return rni_stack_class_of(RN_STACK_TINY) == RNI_STACK_TINY;
}

/* ---- every kind of call ---- */

typedef struct shared {
    rn_group *g;
    rn_chan(int) c, other;
    rn_mutex m;
    rn_cond cond;
    rn_rwmutex rw;
    rn_semaphore *sem;
    rn_waitgroup wg;
    int pair[2];
} shared;

static int nothing(void)
{
    return 0;
}
RN_TASK(nothing);

static int receive(shared *s)
{
    int v = 0;
    return rn_recv(s->c, &v);
}

static int choose(shared *s)
{
    int v;
    int rc = rn_select(RN_RECV(s->c, &v, NULL), RN_RECV(s->other, &v, NULL));
    return rc < 0 ? rc : 0;
}

static int choose_among_many(shared *s)
{
    enum { MANY = 40 };
    static rn_case k[MANY];
    for (int i = 0; i < MANY - 1; i++)
        k[i] = RN_DONE(s->other);
    k[MANY - 1] = RN_AFTER(RN_MILLISECOND);
    return rn_select_n(k, MANY) == MANY - 1 ? 0 : -EINVAL;
}

static int choose_in_order(shared *s)
{
    static rn_case k[4];
    for (int i = 0; i < 3; i++)
        k[i] = RN_DONE(s->other);
    k[3] = RN_AFTER(RN_MILLISECOND);
    return rn_select_ordered_n(k, 4) == 3 ? 0 : -EINVAL;
}

typedef struct wide {
    char bytes[1000];
} wide;

static void drop_wide(void *element)
{
    (void)element;
}

static int close_later(rn_chan(wide) c)
{
    int rc = rn_sleep(RN_MILLISECOND);
    rn_close(c);
    return rc;
}
RN_TASK(close_later, rn_chan(wide));

static int discard(shared *s)
{
    rn_chan(wide) c = rn_make_drop(s->g, wide, 0, drop_wide);
    int rc = c ? rn_go(s->g, close_later, c) : -ENOMEM;
    return rc == 0 && rn_wait(c) == -EPIPE ? 0 : -EINVAL;
}

static int choose_in_time(shared *s)
{
    int v;
    int rc = rn_select(RN_RECV(s->other, &v, NULL), RN_AFTER(RN_MILLISECOND));
    return rc == 1 ? 0 : -EINVAL;
}

static int sleep_awhile(shared *s)
{
    (void)s;
    return rn_sleep(RN_MILLISECOND);
}

static int yield(shared *s)
{
    (void)s;
    return rn_yield();
}

static int lock(shared *s)
{
    int rc = rn_mutex_lock(&s->m);
    if (rc == 0)
        rc = rn_yield();
    rn_mutex_unlock(&s->m);
    return rc;
}

static int read_lock(shared *s)
{
    int rc = rn_rwmutex_rlock(&s->rw);
    if (rc == 0)
        rc = rn_yield();
    rn_rwmutex_runlock(&s->rw);
    return rc;
}

static int start_others(shared *s)
{
    rn_group *g = rn_group_new(NULL);
    rn_attr large = { .stack = RN_STACK_HUGE };
    int rc = rn_go_with(g, &large, nothing);
    for (int i = 0; rc == 0 && i < 100; i++)
        rc = rn_go(g, nothing);
    if (rc == 0)
        rc = rn_group_wait(g);
    rn_group_close(g);
    (void)s;
    return rc;
}

static int make_channel(shared *s)
{
    rn_chan(int64_t) made = rn_make(s->g, int64_t, 100);
    int rc = made ? rn_send(made, 1) : -ENOMEM;
    rn_close(made);
    return rc;
}

static int with_context(shared *s)
{
    (void)s;
    rn_ctx *ctx = rn_ctx_with_timeout(rn_ctx_current(), RN_MILLISECOND);
    int rc = rn_wait(rn_ctx_done(ctx)) == -EPIPE ? 0 : -EINVAL;
    rn_ctx_cancel(ctx, 0);
    rn_ctx_unref(ctx);
    return rc;
}

static int read_socket(shared *s)
{
    char byte;
    if (rn_fd_wait(s->pair[0], RN_READABLE, INT64_MAX) < 0)
        return -EIO;
    return read(s->pair[0], &byte, 1) == 1 ? 0 : -EIO;
}

static int wait_for_others(shared *s)
{
    return rn_waitgroup_wait(&s->wg);
}

/* Runs op and returns how far below the caller it has written. */
RNI_NOINLINE static size_t used_by(int (*op)(shared *), shared *s, int *rc)
{
    rni_task *t = rni_current();
    char *low = (char *)t->stack_limit + sizeof(uint64_t), *here = __builtin_frame_address(0);
    for (char *p = low; p < here - 128; p++)
        *(volatile char *)p = (char)PAINT;
    *rc = op(s);
    while (low < here && *(volatile char *)low == (char)PAINT)
        low++;
    return (size_t)(here - low);
}

static int measured(int (*op)(shared *), shared *s, size_t *used)
{
    int rc;
    *used = used_by(op, s, &rc);
    return rc;
}
RN_TASK(measured, int (*)(shared *), shared *, size_t *);

static int feed(shared *s)
{
    for (int i = 0; i < 2; i++) {
        rn_sleep(RN_MILLISECOND);
        if (rn_send(s->c, i))
            return -EINVAL;
    }
    return write(s->pair[1], "x", 1) == 1 ? 0 : -EIO;
}
RN_TASK(feed, shared *);

TASK_TEST(tiny_stack_is_enough_for_every_kind_of_call)
{
    static const struct {
        const char *name;
        int (*op)(shared *);
    } ops[] = {
        { "receive", receive },
        { "select", choose },
        { "select with a timeout", choose_in_time },
        { "select among 40", choose_among_many },
        { "ordered select among 4", choose_in_order },
        { "discarding 1,000 bytes", discard },
        { "sleep", sleep_awhile },
        { "yield", yield },
        { "mutex", lock },
        { "read lock", read_lock },
        { "starting tasks", start_others },
        { "making a channel", make_channel },
        { "a context", with_context },
        { "a socket", read_socket },
        { "a wait group", wait_for_others },
    };
    enum { OPS = sizeof ops / sizeof ops[0] };
    size_t used[OPS] = { 0 };
    shared s = { .g = g, .c = rn_make(g, int, 0), .other = rn_make(g, int, 0) };
    CHECK_EQ(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, s.pair), 0);
    rn_waitgroup_add(&s.wg, 1);
    rn_group *h = rn_group_new(NULL);
    for (size_t i = 0; i < OPS; i++)
        CHECK_EQ(rn_go_with(h, &tiny, measured, ops[i].op, &s, &used[i]), 0);
    CHECK_EQ(rn_go(h, feed, &s), 0);
    rn_sleep(RN_MILLISECOND);
    rn_waitgroup_done(&s.wg);
    CHECK_EQ(rn_group_wait(h), 0);
    for (size_t i = 0; i < OPS; i++) {
        printf("%5zu bytes for %s\n", used[i], ops[i].name);
        CHECK(used[i] <= PROMISED);
    }
    rn_group_close(h);
    close(s.pair[0]);
    close(s.pair[1]);
    return 0;
}

/* ---- what goes wrong ---- */

__attribute__((noinline)) static int too_deep(int depth)
{
    volatile char here[200];
    memset((void *)(uintptr_t)here, depth, sizeof here);
    return (depth > 1 ? too_deep(depth - 1) : 0) + here[depth];
}

static int overflow_then_end(void)
{
    return too_deep(9) == -1;
}
RN_TASK(overflow_then_end);

static int overflow_then_wait(void)
{
    too_deep(9);
    return rn_sleep(RN_MILLISECOND);
}
RN_TASK(overflow_then_wait);

static int run_overflow(rn_group *g, void *arg)
{
    if (*(bool *)arg)
        rn_go_with(g, &tiny, overflow_then_wait);
    else
        rn_go_with(g, &tiny, overflow_then_end);
    return rn_sleep(RN_MINUTE);
}

TEST_EXIT(tiny_stack_that_has_overflowed_is_named_at_its_end, 2, "overflowed its tiny stack")
{
    rn_run(run_overflow, &(bool){ false });
}

TEST_EXIT(tiny_stack_that_has_overflowed_is_named_when_it_waits, 2, "(task tiny one, started at")
{
    rn_run(run_overflow, &(bool){ true });
}

static int close_twice(rn_chan(int) c)
{
    rn_close(c);
    rn_close(c);
    return 0;
}
RN_TASK(close_twice, rn_chan(int));

static int run_panic(rn_group *g, void *arg)
{
    (void)arg;
    rn_go_with(g, &tiny, close_twice, rn_make(g, int, 0));
    return rn_sleep(RN_MINUTE);
}

TEST_EXIT(panic_on_a_tiny_stack_tells_all, 2, "(task tiny one, started at")
{
    rn_run(run_panic, NULL);
}

/* ---- memory ---- */

static long resident_bytes(void)
{
    long size = 0, resident = 0;
    FILE *f = fopen("/proc/self/statm", "re");
    if (f && fscanf(f, "%ld %ld", &size, &resident) != 2)
        resident = 0;
    if (f)
        fclose(f);
    return resident * sysconf(_SC_PAGESIZE);
}

static int stand(rn_waitgroup *waiting, rn_receiver(rn_unit) gate)
{
    rn_waitgroup_done(waiting);
    rn_wait(gate);
    return 0;
}
RN_TASK(stand, rn_waitgroup *, rn_receiver(rn_unit));

TASK_TEST(tiny_tasks_that_wait_take_two_thousand_bytes)
{
    enum { MANY = 100000 };
    (void)g;
    rn_group *h = rn_group_new(NULL);
    rn_chan(rn_unit) gate = rn_make(h, rn_unit, 0);
    rn_waitgroup waiting = { 0 };
    long before = resident_bytes();
    rn_waitgroup_add(&waiting, MANY);
    for (int i = 0; i < MANY; i++)
        CHECK_EQ(rn_go_with(h, &tiny, stand, &waiting, rn_rx(gate)), 0);
    CHECK_EQ(rn_waitgroup_wait(&waiting), 0);
    long each = (resident_bytes() - before) / MANY;
    printf("%ld bytes each\n", each);
    CHECK(!tiny_is_tiny() || each < 2500);
    rn_close(gate);
    CHECK_EQ(rn_group_wait(h), 0);
    rn_group_close(h);
    return 0;
}
