/* SPDX-License-Identifier: MIT */
/* Starting tasks: what is evaluated when, what is copied, names, stacks and the count. */
#include <runnel.h>

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "kit/kit.h"

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define SANITIZED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define SANITIZED 1
#endif
#endif
#ifndef SANITIZED
#define SANITIZED 0
#endif

/* ---- arguments ---- */

static int evaluated;
static _Atomic(int) seen_at_start;

static int argument(void)
{
    return ++evaluated;
}

static int note_argument(int v)
{
    seen_at_start = v;
    return 0;
}
RN_TASK(note_argument, int);

TASK_TEST(task_arguments_are_evaluated_by_the_spawner)
{
    CHECK_EQ(rn_go(g, note_argument, argument()), 0);
    CHECK_EQ(evaluated, 1); /* before the task has had a chance to run, and once */
    evaluated = 50;
    while (seen_at_start == 0)
        rn_sleep(RN_MICROSECOND);
    CHECK_EQ(seen_at_start, 1);
    CHECK_EQ(evaluated, 50);
    return 0;
}

static int put_square(rn_sender(int) out, int v)
{
    return rn_send(out, v * v);
}
RN_TASK(put_square, rn_sender(int), int);

TASK_TEST(task_loop_variable_is_copied_per_task)
{
    rn_chan(int) c = rn_make(g, int, 0);
    int sum = 0;
    for (int i = 1; i <= 10; i++)
        CHECK_EQ(rn_go(g, put_square, rn_tx(c), i), 0);
    for (int i = 0, v; i < 10; i++) {
        CHECK_EQ(rn_recv(c, &v), 0);
        sum += v;
    }
    CHECK_EQ(sum, 385);
    return 0;
}

static int eight(char a, short b, int c, long d, float e, double f, const char *s, int *out)
{
    CHECK_EQ(a, 'a');
    CHECK_EQ(b, -2);
    CHECK_EQ(c, 3);
    CHECK_EQ(d, 1L << 40);
    CHECK(e > 0.49f && e < 0.51f);
    CHECK(f > 2.99 && f < 3.01);
    CHECK_STR(s, "seven");
    *out = 8;
    return 0;
}
RN_TASK(eight, char, short, int, long, float, double, const char *, int *);

TASK_TEST(task_takes_eight_arguments_of_any_type)
{
    int out = 0;
    rn_group *h = rn_group_new(NULL);
    CHECK_EQ(rn_go(h, eight, 'a', -2, 3, 1L << 40, 0.5f, 3.0, "seven", &out), 0);
    CHECK_EQ(rn_group_wait(h), 0);
    CHECK_EQ(out, 8);
    return rn_group_close(h);
}

struct big {
    unsigned char bytes[200];
};
struct huge {
    unsigned char bytes[6000];
};

static unsigned check_bytes(const unsigned char *p, size_t n, unsigned seed)
{
    for (size_t i = 0; i < n; i++)
        CHECK_EQ(p[i], (unsigned char)(seed + i));
    return 1;
}

static int take_big(struct big b, unsigned seed, rn_sender(unsigned) out)
{
    rn_yield(); /* others may overwrite what was not copied */
    return rn_send(out, check_bytes(b.bytes, sizeof b.bytes, seed));
}
RN_TASK(take_big, struct big, unsigned, rn_sender(unsigned));

static int take_huge(struct huge h, unsigned seed, rn_sender(unsigned) out)
{
    rn_yield();
    return rn_send(out, check_bytes(h.bytes, sizeof h.bytes, seed));
}
RN_TASK(take_huge, struct huge, unsigned, rn_sender(unsigned));

TASK_TEST(task_big_argument_structs_are_copied)
{
    rn_chan(unsigned) out = rn_make(g, unsigned, 0);
    unsigned sum = 0, v;
    for (unsigned seed = 0; seed < 100; seed++) {
        struct big b;
        struct huge h;
        for (size_t i = 0; i < sizeof b.bytes; i++)
            b.bytes[i] = (unsigned char)(seed + i);
        for (size_t i = 0; i < sizeof h.bytes; i++)
            h.bytes[i] = (unsigned char)(seed + i);
        CHECK_EQ(rn_go(g, take_big, b, seed, rn_tx(out)), 0);
        CHECK_EQ(rn_go(g, take_huge, h, seed, rn_tx(out)), 0);
        memset(&b, 0xee, sizeof b);
        memset(&h, 0xee, sizeof h);
    }
    for (int i = 0; i < 200; i++) {
        CHECK_EQ(rn_recv(out, &v), 0);
        sum += v;
    }
    CHECK_EQ(sum, 200);
    return 0;
}

static int untyped(void *args)
{
    int *const *p = args;
    **p = 42;
    return 0;
}

TASK_TEST(task_untyped_start_copies_its_bytes)
{
    int out = 0, *p = &out;
    rn_group *h = rn_group_new(NULL);
    CHECK_EQ(rn_group_go(h, untyped, &p, sizeof p, NULL, "untyped", RN_HERE), 0);
    p = NULL;
    CHECK_EQ(rn_group_wait(h), 0);
    CHECK_EQ(out, 42);
    return rn_group_close(h);
}

static int no_arguments(void)
{
    return -EXDEV;
}
RN_TASK(no_arguments);

TASK_TEST(task_without_arguments_returns_its_error)
{
    rn_group *h = rn_group_new(NULL);
    CHECK_EQ(rn_go(h, no_arguments), 0);
    CHECK_EQ(rn_group_wait(h), -EXDEV);
    rn_group_close(h);
    return 0;
}

/* ---- starting ---- */

static int wait_for(rn_receiver(int) in, _Atomic(int) *ended)
{
    int v, rc = rn_recv(in, &v);
    atomic_store(ended, 1);
    return rc;
}
RN_TASK(wait_for, rn_receiver(int), _Atomic(int) *);

TASK_TEST(task_start_does_not_wait_for_the_task)
{
    _Atomic(int) ended = 0;
    rn_chan(int) c = rn_make(g, int, 0);
    rn_group *h = rn_group_new(NULL);
    CHECK_EQ(rn_go(h, wait_for, rn_rx(c), &ended), 0);
    CHECK_EQ(atomic_load(&ended), 0); /* it cannot end before the next line */
    CHECK_EQ(rn_send(c, 1), 0);
    CHECK_EQ(rn_group_wait(h), 0);
    CHECK_EQ(atomic_load(&ended), 1);
    return rn_group_close(h);
}

static int plain[64];

static int sees_plain(int i)
{
    CHECK_EQ(plain[i], i + 1);
    plain[i] = -1;
    return 0;
}
RN_TASK(sees_plain, int);

TASK_TEST(task_sees_what_its_spawner_wrote_before)
{
    rn_group *h = rn_group_new(NULL);
    for (int i = 0; i < 64; i++) {
        plain[i] = i + 1;
        CHECK_EQ(rn_go(h, sees_plain, i), 0);
    }
    CHECK_EQ(rn_group_wait(h), 0);
    for (int i = 0; i < 64; i++)
        CHECK_EQ(plain[i], -1);
    return rn_group_close(h);
}

static int pass_on(rn_receiver(int) right, rn_sender(int) left)
{
    int v, rc = rn_recv(right, &v);
    return rc ? rc : rn_send(left, v + 1);
}
RN_TASK(pass_on, rn_receiver(int), rn_sender(int));

TASK_TEST(task_chain_of_ten_thousand_passes_a_value)
{
    enum { LINKS = SANITIZED ? 1000 : 10000 };
    rn_group *h = rn_group_new(NULL);
    rn_chan(int) first = rn_make(h, int, 0), left = first;
    for (int i = 0; i < LINKS; i++) {
        rn_chan(int) right = rn_make(h, int, 0);
        CHECK_EQ(rn_go(h, pass_on, rn_rx(right), rn_tx(left)), 0);
        left = right;
    }
    int v = 0;
    CHECK_EQ(rn_send(left, 1), 0);
    CHECK_EQ(rn_recv(first, &v), 0);
    CHECK_EQ(v, LINKS + 1);
    CHECK_EQ(rn_group_wait(h), 0);
    return rn_group_close(h);
}

static int helper_call(void *arg)
{
    return arg ? 0 : 0;
}

TASK_TEST(task_count_counts_user_tasks_only_and_returns_to_its_start)
{
    CHECK_EQ(rn_task_count(), 1);
    CHECK_EQ(rn_blocking(helper_call, NULL), 0); /* the helper thread is not a task */
    CHECK_EQ(rn_task_count(), 1);
    for (int round = 0; round < 5; round++) {
        _Atomic(int) ended = 0;
        rn_group *h = rn_group_new(NULL);
        rn_chan(int) c = rn_make(h, int, 0);
        for (int i = 0; i < 100; i++)
            CHECK_EQ(rn_go(h, wait_for, rn_rx(c), &ended), 0);
        CHECK_EQ(rn_task_count(), 101);
        rn_close(c);
        CHECK_EQ(rn_group_wait(h), -EPIPE);
        CHECK_EQ(rn_task_count(), 1);
        rn_group_close(h);
    }
    return 0;
}

static int go_null(rn_group *g, void *arg)
{
    (void)arg;
    return rn_group_go(g, NULL, NULL, 0, NULL, "null", RN_HERE);
}

TEST_EXIT(task_start_of_a_null_function_panics, 2, "go of a NULL function")
{
    CHECK_EQ(rn_run(go_null, NULL), 0);
}

static int go_nowhere(rn_group *g, void *arg)
{
    (void)g;
    (void)arg;
    return rn_go(NULL, no_arguments);
}

TEST_EXIT(task_start_without_a_group_panics, 2, "go needs a group")
{
    CHECK_EQ(rn_run(go_nowhere, NULL), 0);
}

/* ---- names ---- */

static int named(const char *first, const char *then)
{
    CHECK_STR(rn_name(), first);
    if (then) {
        rn_set_name(then);
        CHECK_STR(rn_name(), then);
        rn_yield();
        CHECK_STR(rn_name(), then);
    }
    return 0;
}
RN_TASK(named, const char *, const char *);

static void *foreign_name(void *arg)
{
    (void)arg;
    CHECK_STR(rn_name(), "thread");
    return NULL;
}

TASK_TEST(task_names_come_from_the_function_the_attribute_or_the_task)
{
    rn_attr attr = { .name = "by attribute" };
    rn_group *h = rn_group_new(NULL);
    CHECK_STR(rn_name(), "main");
    CHECK_EQ(rn_go(h, named, "named", NULL), 0);
    CHECK_EQ(rn_go_with(h, &attr, named, "by attribute", NULL), 0);
    CHECK_EQ(rn_go_with(h, &attr, named, "by attribute", "by itself"), 0);
    CHECK_EQ(rn_group_wait(h), 0);
    CHECK_STR(rn_name(), "main");
    pthread_t t;
    CHECK_EQ(pthread_create(&t, NULL, foreign_name, NULL), 0);
    CHECK_EQ(pthread_join(t, NULL), 0);
    return rn_group_close(h);
}

/* ---- a thread's yield ---- */

static void *foreign_yields(void *arg)
{
    (void)arg;
    for (int i = 0; i < 300; i++) /* more than it is granted at once */
        CHECK_EQ(rn_yield(), 0);
    return NULL;
}

/* It has no worker to leave; where the seat is read by a call, its record is found like a task. */
TASK_TEST(task_yield_on_a_foreign_thread_returns)
{
    pthread_t t;
    CHECK_EQ(pthread_create(&t, NULL, foreign_yields, NULL), 0);
    CHECK_EQ(pthread_join(t, NULL), 0);
    return 0;
}

/* ---- alignment of arguments ---- */

typedef struct wide {
    _Alignas(16) char bytes[16];
} wide;

static int takes_wide(wide w, long double x, wide v)
{
    CHECK_EQ((uintptr_t)&w % 16, 0);
    CHECK(w.bytes[15] == 1 && v.bytes[0] == 2);
    CHECK(x == 0.5L);
    return 0;
}
RN_TASK(takes_wide, wide, long double, wide);

static int aligned_args(void *args)
{
    CHECK_EQ((uintptr_t)args % 16, 0);
    return 0;
}

TASK_TEST(arguments_are_aligned_for_every_standard_type)
{
    rn_group *h = rn_group_new(NULL);
    static const char many[500];
    (void)g;
    for (int i = 0; i < 100; i++) {
        CHECK_EQ(
            rn_go(h, takes_wide, (wide){ .bytes = { [15] = 1 } }, 0.5L, (wide){ .bytes = { 2 } }),
            0);
        for (size_t n = 1; n <= sizeof many; n += 100)
            CHECK_EQ(rn_group_go(h, aligned_args, many, n, NULL, "aligned_args", RN_HERE), 0);
    }
    CHECK_EQ(rn_group_wait(h), 0);
    return rn_group_close(h);
}
