/* SPDX-License-Identifier: MIT */
/* Signal handlers with SA_ONSTACK run on the worker's own alternate stack, never on a task's. */
#include <runnel.h>

#include <signal.h>

#include "kit/kit.h"

/* More than a small task has in all; ASan's own alternate stacks have 32 KiB. */
enum { LARGE_BYTES = 20 << 10, TASKS = 16 };

/* To TSan the alternate stack is memory that all tasks of a worker write to unordered. */
__attribute__((no_sanitize("thread"))) static void on_signal(int sig)
{
    volatile unsigned char room[LARGE_BYTES];
    for (size_t i = 0; i < sizeof room; i += 512)
        room[i] = (unsigned char)sig;
}

static int interrupted(void)
{
    for (int i = 0; i < 8; i++) {
        CHECK_EQ(raise(SIGUSR1), 0);
        rn_yield();
    }
    return 0;
}
RN_TASK(interrupted);

TASK_TEST(signal_handlers_on_the_alternate_stack_have_room_in_small_tasks)
{
    struct sigaction sa = { .sa_handler = on_signal, .sa_flags = SA_ONSTACK };
    CHECK_EQ(sigaction(SIGUSR1, &sa, NULL), 0);
    rn_attr attr = { .stack = RN_STACK_SMALL };
    rn_group *h = rn_group_new(NULL);
    for (int i = 0; i < TASKS; i++)
        CHECK_EQ(rn_go_with(h, &attr, interrupted), 0);
    CHECK_EQ(rn_group_wait(h), 0);
    return rn_group_close(h);
}
