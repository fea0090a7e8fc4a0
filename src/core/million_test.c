/* SPDX-License-Identifier: MIT */
/* kit: once */
/* kit: timeout 120 */
/* kit: not-under-sanitizers */
/* kit: not-under-qemu */
/*
 * A million tasks parked at once, each on a stack with a guard, then woken and joined.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <runnel.h>

#include "core/records.h"
#include "core/stack.h"
#include "kit/kit.h"

enum { MILLION = 1000000 };

static _Atomic(int) parked, woken;

static int wait_for_start(rn_receiver(rn_unit) start)
{
    atomic_fetch_add(&parked, 1);
    rn_wait(start);
    atomic_fetch_add(&woken, 1);
    return 0;
}
RN_TASK(wait_for_start, rn_receiver(rn_unit));

static long resident_kib(void)
{
    FILE *f = fopen("/proc/self/status", "re");
    char line[128];
    long kib = 0;
    while (f && fgets(line, sizeof line, f))
        if (strncmp(line, "VmRSS:", 6) == 0)
            kib = strtol(line + 6, NULL, 10);
    if (f)
        fclose(f);
    return kib;
}

static size_t mappings(void)
{
    FILE *f = fopen("/proc/self/maps", "re");
    size_t n = 0;
    for (int c; f && (c = getc(f)) != EOF;)
        n += c == '\n';
    if (f)
        fclose(f);
    return n;
}

static void count_guarded(rni_task *t, void *arg)
{
    if (atomic_load_explicit(&t->state, memory_order_relaxed) == RNI_TASK_LIVE &&
        rni_stack_guard_owner((char *)t->stack_limit - 1) == t)
        ++*(size_t *)arg;
}

TASK_TEST(million_parked_tasks_are_woken_and_joined)
{
    (void)g;
    rn_group *many = rn_group_new(NULL);
    rn_chan(rn_unit) start = rn_make(many, rn_unit, 0);
    long before = resident_kib();
    int64_t t0 = rn_now();
    for (int i = 0; i < MILLION; i++)
        CHECK_EQ(rn_go(many, wait_for_start, rn_rx(start)), 0);
    while (atomic_load(&parked) < MILLION)
        rn_sleep(RN_MILLISECOND);
    int64_t t1 = rn_now();
    size_t guarded = 0;
    rni_stack_each(count_guarded, &guarded);
    CHECK(guarded >= MILLION);
    size_t maps = mappings();
    long after = resident_kib();
    CHECK(rn_task_count() >= MILLION);
    rn_close(start);
    CHECK_EQ(rn_group_wait(many), 0);
    int64_t t2 = rn_now();
    CHECK_EQ(atomic_load(&woken), MILLION);
    rn_group_close(many);
    printf("%d tasks parked in %lld ms, %ld bytes each, %zu mappings; woken in %lld ms\n", MILLION,
           (long long)((t1 - t0) / RN_MILLISECOND), (after - before) * 1024 / MILLION, maps,
           (long long)((t2 - t1) / RN_MILLISECOND));
    return 0;
}
