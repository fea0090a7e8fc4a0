/* SPDX-License-Identifier: MIT */
/* Stack classes: each holds what it promises, and the runtime's own calls fit on all of them. */
#include <runnel.h>

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

/* Uses at least `bytes` of stack and waits at the bottom. */
static int dig(size_t bytes, rn_receiver(int) in, int *sum)
{
    volatile unsigned char here[1024];
    for (size_t i = 0; i < sizeof here; i++)
        here[i] = (unsigned char)(bytes + i);
    int rc = 0, v = 0;
    if (bytes > 2 * sizeof here)
        rc = dig(bytes - sizeof here, in, sum);
    else if ((rc = rn_recv(in, &v)) == 0)
        *sum += v;
    for (size_t i = 0; i < sizeof here; i++)
        CHECK_EQ(here[i], (unsigned char)(bytes + i));
    return rc;
}
RN_TASK(dig, size_t, rn_receiver(int), int *);

static int succeed(void)
{
    return 0;
}
RN_TASK(succeed);

TASK_TEST(stack_classes_hold_what_they_promise)
{
    /* What is promised, less what a frame costs more than its array (and a sanitizer's share). */
    static const struct {
        rn_stack_class cls;
        size_t bytes;
    } classes[] = {
        { RN_STACK_DEFAULT, 40 << 10 }, { RN_STACK_SMALL, 6 << 10 },  { RN_STACK_NORMAL, 40 << 10 },
        { RN_STACK_LARGE, 180 << 10 },  { RN_STACK_HUGE, 800 << 10 },
    };
    int sums[5] = { 0 };
    rn_group *h = rn_group_new(NULL);
    for (size_t i = 0; i < 5; i++) { /* see the next test */
        rn_attr attr = { .stack = classes[i].cls };
        CHECK_EQ(rn_go_with(h, &attr, succeed), 0);
    }
    CHECK_EQ(rn_group_wait(h), 0);
    rn_chan(int) c = rn_make(h, int, 0);
    for (size_t i = 0; i < 5; i++) {
        rn_attr attr = { .stack = classes[i].cls };
        size_t bytes = SANITIZED ? classes[i].bytes / 4 : classes[i].bytes;
        CHECK_EQ(rn_go_with(h, &attr, dig, bytes, rn_rx(c), &sums[i]), 0);
    }
    for (int i = 0; i < 5; i++)
        CHECK_EQ(rn_send(c, 1), 0);
    CHECK_EQ(rn_group_wait(h), 0);
    for (int i = 0; i < 5; i++)
        CHECK_EQ(sums[i], 1);
    return rn_group_close(h);
}

static int park_beside_new_stack(rn_group *g, rn_stack_class cls)
{
    rn_attr attr = { .stack = cls };
    CHECK_EQ(rn_go_with(g, &attr, succeed), 0);
    return rn_sleep(RN_MICROSECOND); /* the runtime makes that task's stack while it is on ours */
}
RN_TASK(park_beside_new_stack, rn_group *, rn_stack_class);

TASK_TEST(stack_of_the_small_class_is_enough_to_park_when_a_new_one_is_needed)
{
    rn_attr attr = { .stack = RN_STACK_SMALL };
    rn_group *h = rn_group_new(NULL);
    CHECK_EQ(rn_go_with(h, &attr, park_beside_new_stack, h, RN_STACK_HUGE), 0);
    CHECK_EQ(rn_go_with(h, &attr, park_beside_new_stack, h, RN_STACK_LARGE), 0);
    CHECK_EQ(rn_group_wait(h), 0);
    return rn_group_close(h);
}

TASK_TEST(stack_class_that_does_not_exist_is_refused)
{
    rn_attr attr = { .stack = (rn_stack_class)99 };
    rn_group *h = rn_group_new(NULL);
    CHECK_EQ(rn_go_with(h, &attr, succeed), -EINVAL);
    rn_group_close(h);
    return 0;
}
