/* SPDX-License-Identifier: MIT */
/*
 * What rn_verify_none must find, each with where it waits and where it was started: one task of
 * each kind; the patterns that Go's leak profile is tested with (runtime/testdata/
 * testgoroutineleakprofile); the chapter's leaks; and groups of tasks that only wait for each
 * other while others run on.
 */
/* kit: not-under-tsan */
#include <runnel.h>

#include <stdlib.h>

#include "kit/dumped.h"
#include "kit/kit.h"
#include "kit/verified.h"

typedef rn_chan(int) chan_int;

/* A line of the report: that many tasks of this name wait like that, at a line and started at
 * another; 0: any. */
typedef struct leak {
    const char *name, *reason;
    int tasks;
    const int *waits, *starts;
} leak;

/* Remembers the line that it is in. */
#define AT(line) (line = __LINE__)

static int waits, starts, waits_too, starts_too;

static int matching(const leak *l)
{
    char part[256];
    int n = 0;
    snprintf(part, sizeof part, " %s [%s] at ", l->name, l->reason);
    for (const char *at = verified_text; (at = strstr(at, part)) != NULL; at++) {
        char where[32], site[32];
        const char *end = strchr(at, '\n');
        CHECK(end);
        snprintf(where, sizeof where, "leaks_test.c:%d", l->waits ? *l->waits : 0);
        snprintf(site, sizeof site, "leaks_test.c:%d\n", l->starts ? *l->starts : 0);
        const char *w = l->waits ? strstr(at, where) : at;
        const char *s = strstr(at, ", started at ");
        const char *x = l->starts && s ? strstr(s, site) : s;
        n += w && s && x && w < s && x < end;
    }
    return n;
}

/* Plants, waits until the tasks wait, and looks, twice. */
NOT_INLINED static void expect(rn_group *g, void (*plant)(rn_group *g), const leak *leaks, int n)
{
    int all = 0;
    setenv("RUNNEL_LEAKS", "off", 1);
    plant(g);
    for (int i = 0; i < n; i++) {
        char part[128];
        snprintf(part, sizeof part, " %s [%s]", leaks[i].name, leaks[i].reason);
        until_dumped(part, leaks[i].tasks);
        all += leaks[i].tasks;
    }
    rn_sleep(RN_MILLISECOND); /* what is about to end has ended */
    for (int round = 0; round < 2; round++) {
        VERIFY(all, leaks[0].name);
        for (int i = 0; i < n; i++)
            if (matching(&leaks[i]) != leaks[i].tasks) {
                fprintf(stderr, "%s", verified_text);
                kit_fail(__FILE__, __LINE__, leaks[i].name);
            }
    }
}

#define LEAKS(name_, plant_, ...)                                                                  \
    TASK_TEST(verify_finds_##name_)                                                                \
    {                                                                                              \
        static const leak leaks[] = { __VA_ARGS__ };                                               \
        expect(g, plant_, leaks, (int)(sizeof leaks / sizeof *leaks));                             \
        return 0;                                                                                  \
    }
#define LEAK(...)                                                                                  \
    {                                                                                              \
        __VA_ARGS__                                                                                \
    }

/* ---- one of each kind ---- */

static int receive(rn_receiver(int) c)
{
    int v;
    return AT(waits), rn_recv(c, &v);
}
RN_TASK(receive, rn_receiver(int));
static int send(rn_sender(int) c)
{
    return AT(waits_too), rn_send(c, 1);
}
RN_TASK(send, rn_sender(int));

NOT_INLINED static void plant_receive(rn_group *g)
{
    AT(starts), rn_go(g, receive, rn_rx(rn_make(g, int, 0)));
}
LEAKS(a_receive, plant_receive, LEAK("receive", "chan receive", 1, &waits, &starts))

NOT_INLINED static void plant_send(rn_group *g)
{
    AT(starts), rn_go(g, send, rn_tx(rn_make(g, int, 0)));
}
LEAKS(a_send, plant_send, LEAK("send", "chan send", 1, &waits_too, &starts))

NOT_INLINED static void plant_nil(rn_group *g)
{
    AT(starts), rn_go(g, receive, NULL);
    AT(starts_too), rn_go(g, send, NULL);
}
LEAKS(nil_channels, plant_nil, LEAK("receive", "chan receive (nil chan)", 1, &waits, &starts),
      LEAK("send", "chan send (nil chan)", 1, &waits_too, &starts_too))

static int select_none(void)
{
    return AT(waits), rn_select_n(NULL, 0);
}
RN_TASK(select_none);
NOT_INLINED static void plant_select_none(rn_group *g)
{
    AT(starts), rn_go(g, select_none);
}
LEAKS(a_select_without_cases, plant_select_none,
      LEAK("select_none", "select (no cases)", 1, &waits, &starts))

static int select_two(rn_receiver(int) in, rn_sender(int) out)
{
    int v;
    return AT(waits), rn_select(RN_RECV(in, &v, NULL), RN_SEND(out, 1));
}
RN_TASK(select_two, rn_receiver(int), rn_sender(int));
NOT_INLINED static void plant_select(rn_group *g)
{
    chan_int a = rn_make(g, int, 0), b = rn_make(g, int, 0);
    AT(starts), rn_go(g, select_two, rn_rx(a), rn_tx(b));
}
LEAKS(a_select, plant_select, LEAK("select_two", "select", 1, &waits, &starts))

/* Locks in the stack of a task that is leaked itself. */
struct locks {
    rn_mutex m, of_cond;
    rn_rwmutex rw;
    rn_waitgroup w;
    rn_cond c;
    rn_semaphore s;
    rn_once o;
};
static int take(struct locks *l, int how)
{
    switch (how) {
    case 0: return rn_mutex_lock(&l->m);
    case 1: return rn_rwmutex_lock(&l->rw);
    case 2: return rn_rwmutex_rlock(&l->rw);
    case 3: return rn_waitgroup_wait(&l->w);
    case 4: return rn_semaphore_acquire(&l->s, 1);
    default: rn_mutex_lock(&l->of_cond); return rn_cond_wait(&l->c, &l->of_cond);
    }
}
RN_TASK(take, struct locks *, int);
static int lend_locks(void)
{
    struct locks mine = { 0 };
    rn_mutex_lock(&mine.m);
    rn_rwmutex_lock(&mine.rw);
    rn_waitgroup_add(&mine.w, 1);
    for (int i = 0; i < 6; i++)
        AT(starts), rn_go(rn_group_current(), take, &mine, i);
    return AT(waits), rn_waitgroup_wait(&mine.w);
}
RN_TASK(lend_locks);
NOT_INLINED static void plant_locks(rn_group *g)
{
    AT(starts_too), rn_go(g, lend_locks);
}
TASK_TEST(verify_finds_locks_in_a_stack)
{
    static const leak leaks[] = {
        { "take", "mutex lock", 1, NULL, &starts },
        { "take", "rwmutex write lock", 1, NULL, &starts },
        { "take", "rwmutex read lock", 1, NULL, &starts },
        { "take", "waitgroup wait", 1, NULL, &starts },
        { "take", "semaphore acquire", 1, NULL, &starts },
        { "take", "cond wait", 1, NULL, &starts },
        { "lend_locks", "waitgroup wait", 1, &waits, &starts_too },
    };
    expect(g, plant_locks, leaks, 7);
    _exit(0); /* once cancelled, some would take locks in the stack of one that has ended */
}

NOT_INLINED static void plant_hundred(rn_group *g)
{
    chan_int c = rn_make(g, int, 0);
    for (int i = 0; i < 100; i++)
        AT(starts), rn_go(g, receive, rn_rx(c));
}
LEAKS(a_hundred, plant_hundred, LEAK("receive", "chan receive", 100, &waits, &starts))

/* ---- the patterns of Go's own test data ---- */

static int consume(rn_receiver(int) jobs)
{
    for (int v; AT(waits), rn_recv(jobs, &v) == 0;)
        ;
    return 0;
}
RN_TASK(consume, rn_receiver(int));
/* NoCloseRange: workers range over a channel that is never closed. */
NOT_INLINED static void plant_no_close(rn_group *g)
{
    chan_int jobs = rn_make(g, int, 0);
    for (int i = 0; i < 3; i++)
        AT(starts), rn_go(g, consume, rn_rx(jobs));
    for (int i = 0; i < 20; i++)
        CHECK_EQ(rn_send(jobs, i), 0);
}
LEAKS(a_range_that_is_never_closed, plant_no_close,
      LEAK("consume", "chan receive", 3, &waits, &starts))

struct service {
    rn_chan(int) jobs;
    rn_chan(rn_unit) stop;
};
static int serve(rn_receiver(int) jobs, rn_receiver(rn_unit) stop)
{
    for (int v;;)
        if (AT(waits), rn_select(RN_RECV(jobs, &v, NULL), RN_DONE(stop)) != 0)
            return 0;
}
RN_TASK(serve, rn_receiver(int), rn_receiver(rn_unit));
NOT_INLINED static struct service start_service(rn_group *g)
{
    struct service s = { rn_make(g, int, 0), rn_make(g, rn_unit, 0) };
    AT(starts), rn_go(g, serve, rn_rx(s.jobs), rn_rx(s.stop));
    return s;
}
/* MethodContractViolation: start without the stop that its contract asks for. */
NOT_INLINED static void plant_contract(rn_group *g)
{
    struct service s = start_service(g);
    CHECK_EQ(rn_send(s.jobs, 1), 0);
}
LEAKS(a_service_that_is_not_stopped, plant_contract, LEAK("serve", "select", 1, &waits, &starts))

static int send_twice(rn_sender(int) out, bool fails)
{
    int rc = 0;
    if (fails)
        rc = rn_send(out, -1); /* the bug: no return */
    return rc ? rc : (AT(waits), rn_send(out, 1));
}
RN_TASK(send_twice, rn_sender(int), bool);
/* DoubleSend: an error is sent, and then the result as well. */
NOT_INLINED static void plant_double_send(rn_group *g)
{
    chan_int out = rn_make(g, int, 0);
    int v;
    AT(starts), rn_go(g, send_twice, rn_tx(out), true);
    CHECK_EQ(rn_recv(out, &v), 0);
}
LEAKS(a_second_send, plant_double_send, LEAK("send_twice", "chan send", 1, &waits, &starts))

static int compute(rn_sender(int) out)
{
    return AT(waits), rn_send(out, 42);
}
RN_TASK(compute, rn_sender(int));
/* EarlyReturn: who asked returns before it listens. */
NOT_INLINED static void plant_early_return(rn_group *g)
{
    chan_int out = rn_make(g, int, 0);
    int v;
    AT(starts), rn_go(g, compute, rn_tx(out));
    if (rn_task_count() > 0)
        return;
    CHECK_EQ(rn_recv(out, &v), 0);
}
LEAKS(an_answer_after_an_early_return, plant_early_return,
      LEAK("compute", "chan send", 1, &waits, &starts))

/* NCastLeak: the first answer of several is taken. */
NOT_INLINED static void plant_ncast(rn_group *g)
{
    chan_int out = rn_make(g, int, 0);
    int v;
    for (int i = 0; i < 5; i++)
        AT(starts), rn_go(g, compute, rn_tx(out));
    CHECK_EQ(rn_recv(out, &v), 0);
}
LEAKS(the_other_answers, plant_ncast, LEAK("compute", "chan send", 4, &waits, &starts))

static int compute_slowly(rn_receiver(rn_unit) go, rn_sender(int) out)
{
    rn_wait(go);
    return AT(waits), rn_send(out, 42);
}
RN_TASK(compute_slowly, rn_receiver(rn_unit), rn_sender(int));
/* Timeout: who asked has given up. */
NOT_INLINED static void plant_timeout(rn_group *g)
{
    chan_int out = rn_make(g, int, 0);
    rn_chan(rn_unit) go = rn_make(g, rn_unit, 0);
    int v;
    AT(starts), rn_go(g, compute_slowly, rn_rx(go), rn_tx(out));
    CHECK_EQ(rn_select(RN_RECV(out, &v, NULL), RN_AFTER(RN_MILLISECOND)), 1);
    rn_close(go);
}
LEAKS(an_answer_after_the_timeout, plant_timeout,
      LEAK("compute_slowly", "chan send", 1, &waits, &starts))

/* ---- the chapter's ---- */

static int do_work(rn_receiver(int) strings, rn_sender(rn_unit) completed)
{
    for (int s; AT(waits), rn_recv(strings, &s) == 0;)
        ;
    rn_close(completed);
    return 0;
}
RN_TASK(do_work, rn_receiver(int), rn_sender(rn_unit));
NOT_INLINED static void plant_do_work(rn_group *g)
{
    AT(starts), rn_go(g, do_work, NULL, rn_tx(rn_make(g, rn_unit, 0)));
}
LEAKS(the_chapter_s_receive, plant_do_work,
      LEAK("do_work", "chan receive (nil chan)", 1, &waits, &starts))

static int rand_stream(rn_sender(int) out)
{
    int rc = 0;
    while (rc == 0)
        rc = (AT(waits), rn_send(out, rand()));
    return rc;
}
RN_TASK(rand_stream, rn_sender(int));
NOT_INLINED static void plant_rand_stream(rn_group *g)
{
    chan_int out = rn_make(g, int, 0);
    int v;
    AT(starts), rn_go(g, rand_stream, rn_tx(out));
    for (int i = 0; i < 3; i++)
        CHECK_EQ(rn_recv(out, &v), 0);
}
LEAKS(the_chapter_s_send, plant_rand_stream, LEAK("rand_stream", "chan send", 1, &waits, &starts))

/* ---- tasks that wait for each other, while others run on ---- */

static int hand_on(rn_receiver(int) in, rn_sender(int) out)
{
    int v;
    return AT(waits), rn_recv(in, &v) == 0 ? rn_send(out, v) : 0;
}
RN_TASK(hand_on, rn_receiver(int), rn_sender(int));
NOT_INLINED static void plant_ring(rn_group *g)
{
    chan_int first = rn_make(g, int, 0), in = first;
    for (int i = 0; i < 5; i++) {
        chan_int out = i < 4 ? rn_make(g, int, 0) : first;
        AT(starts), rn_go(g, hand_on, rn_rx(in), rn_tx(out));
        in = out;
    }
}
LEAKS(a_ring, plant_ring, LEAK("hand_on", "chan receive", 5, &waits, &starts))

static int lock_both(rn_mutex *a, rn_mutex *b, rn_waitgroup *w)
{
    rn_mutex_lock(a);
    rn_waitgroup_done(w);
    rn_waitgroup_wait(w);
    return AT(waits), rn_mutex_lock(b);
}
RN_TASK(lock_both, rn_mutex *, rn_mutex *, rn_waitgroup *);
/* The group that is waited for has only tasks that wait for each other, and who waits for it has
 * all they wait for in its stack: nobody else can end any of these waits. */
static int wait_for_two(void)
{
    rn_mutex a = { 0 }, b = { 0 };
    rn_waitgroup w = { 0 };
    rn_group *g = rn_group_new(NULL);
    rn_waitgroup_add(&w, 2);
    AT(starts), rn_go(g, lock_both, &a, &b, &w), rn_go(g, lock_both, &b, &a, &w);
    int rc = (AT(waits_too), rn_group_wait(g));
    rn_group_close(g);
    return rc;
}
RN_TASK(wait_for_two);
NOT_INLINED static void plant_group_of_two(rn_group *g)
{
    AT(starts_too), rn_go(g, wait_for_two);
}
LEAKS(a_group_that_is_deadlocked, plant_group_of_two,
      LEAK("lock_both", "mutex lock", 2, &waits, &starts),
      LEAK("wait_for_two", "group wait", 1, &waits_too, &starts_too))

static int own_group(void)
{
    rn_group *h = rn_group_new(NULL);
    chan_int c = rn_make(h, int, 0);
    AT(starts), rn_go(h, receive, rn_rx(c));
    int rc = (AT(waits_too), rn_group_wait(h));
    rn_group_close(h);
    return rc;
}
RN_TASK(own_group);
NOT_INLINED static void plant_own_group(rn_group *g)
{
    AT(starts_too), rn_go(g, own_group);
}
LEAKS(a_group_that_waits_for_its_own_channel, plant_own_group,
      LEAK("receive", "chan receive", 1, &waits, &starts),
      LEAK("own_group", "group wait", 1, &waits_too, &starts_too))

static int shielded(rn_receiver(int) c)
{
    int v;
    rn_shield();
    return AT(waits), rn_recv(c, &v);
}
RN_TASK(shielded, rn_receiver(int));
static rn_group *volatile held;
/* Its group is held, but cancelling would not end the wait. */
NOT_INLINED static void plant_shielded(rn_group *g)
{
    held = rn_group_new(NULL);
    AT(starts), rn_go(held, shielded, rn_rx(rn_make(g, int, 0)));
}
TASK_TEST(verify_finds_a_shielded_task)
{
    static const leak leaks[] = { { "shielded", "chan receive", 1, &waits, &starts } };
    expect(g, plant_shielded, leaks, 1);
    _exit(0); /* closing that group would wait for ever */
}

TASK_TEST(verify_finds_nothing_in_a_clean_program)
{
    (void)g;
    CHECK_EQ(rn_verify_none(), 0);
    CHECK_EQ(rn_verify_none(), 0);
    return 0;
}

TEST(verify_finds_nothing_where_nothing_runs)
{
    CHECK_EQ(rn_verify_none(), 0);
}

static int in_small_stack(rn_receiver(int) unused)
{
    (void)unused;
    CHECK_EQ(verified(), 1);
    return 0;
}
RN_TASK(in_small_stack, rn_receiver(int));
TASK_TEST(verify_may_be_called_with_a_small_stack)
{
    rn_group *h = rn_group_new(NULL);
    rn_attr attr = { .stack = RN_STACK_SMALL };
    setenv("RUNNEL_LEAKS", "off", 1);
    plant_receive(g);
    until_dumped(" receive [chan receive]", 1);
    CHECK_EQ(rn_go_with(h, &attr, in_small_stack, NULL), 0);
    CHECK_EQ(rn_group_wait(h), 0);
    return rn_group_close(h);
}
