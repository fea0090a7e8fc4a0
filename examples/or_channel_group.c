/* SPDX-License-Identifier: MIT */
/*
 * Chapter: The or-channel; as a call of the library.
 *
 * rn_or takes any number of receivers, of any element types, and needs one task with one select for
 * all of them instead of a tree. It returns nil for none, as the book's function does. The sleepers
 * are timers, which are no tasks: whoever waits for them is done when chapter() returns.
 *
 * Prints "done after 1.00...s, number of tasks: N" with N 1 (main), or 2 while rn_or's task ends.
 */
#include <stdio.h>

#include <runnel.h>

static int chapter(rn_group *g, void *unused)
{
    (void)unused;
    int64_t start = rn_now();
    rn_wait(rn_or(g, rn_after(g, RN_SECOND), rn_after(g, RN_HOUR), rn_after(g, RN_HOUR),
                  rn_after(g, RN_HOUR)));
    printf("done after %.3fs, number of tasks: %zu\n", (double)(rn_now() - start) / RN_SECOND,
           rn_task_count());
    return 0;
}

int main(void)
{
    return rn_run(chapter, NULL) == 0 ? 0 : 1;
}
