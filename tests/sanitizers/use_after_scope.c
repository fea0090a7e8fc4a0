/* SPDX-License-Identifier: MIT */
/*
 * A use of a variable after its scope that ASan must report, on a task's own stack and after the
 * task has waited: ASan then knows where that stack is.
 */
#include <runnel.h>

static int use_after_scope(void)
{
    int *volatile escaped;
    rn_sleep(RN_MILLISECOND);
    {
        int inner = 42;
        escaped = &inner;
        rn_yield();
    }
    return *escaped == 42 ? 0 : 1;
}
RN_TASK(use_after_scope);

static int start(rn_group *g, void *arg)
{
    (void)g;
    (void)arg;
    rn_group *one = rn_group_new(NULL);
    rn_go(one, use_after_scope);
    int rc = rn_group_wait(one);
    rn_group_close(one);
    return rc;
}

int main(void)
{
    return rn_run(start, NULL);
}
