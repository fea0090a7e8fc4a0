/* SPDX-License-Identifier: MIT */
/* expect-first: rn_go_needs_RN_TASK_line_of_plain */
#include <runnel.h>

int plain(int n);
int task(int n);
RN_TASK(task, int);

int f(rn_group *g, int n);

int f(rn_group *g, int n)
{
#ifdef GOOD
    return rn_go(g, task, n);
#else
    return rn_go(g, plain, n);
#endif
}
