/* SPDX-License-Identifier: MIT */
/* Tasks that take their thread, or their process, away from the library. */
/* kit: not-under-sanitizers */
/* kit: not-under-qemu */
#include <runnel.h>

#include <pthread.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "kit/capture.h"
#include "kit/kit.h"

static int end_thread(void)
{
    pthread_exit(NULL);
}
RN_TASK(end_thread);

static int start_it(rn_group *g, void *arg)
{
    (void)arg;
    rn_go(g, end_thread);
    return rn_sleep(10 * RN_MILLISECOND);
}

TEST_EXIT(task_that_ends_its_thread_is_a_programming_error, 2,
          "panic: a task has ended its thread (pthread_exit, ")
{
    (void)!rn_run(start_it, NULL);
}

TEST_EXIT(simulated_task_that_ends_its_thread_is_a_programming_error, 2,
          "panic: a task has ended its thread (pthread_exit, ")
{
    (void)!rn_test_run(start_it, NULL, &(rn_test_options){ .seed = 1 });
}

/* The child of a task returns into a runtime that it does not have. */
static int fork_and_return(rn_group *g, void *arg)
{
    int *status = arg;
    (void)g;
    pid_t pid = fork();
    if (pid == 0)
        return 0;
    return waitpid(pid, status, 0) == pid ? 0 : -ECHILD;
}

static int run_a_fork(void)
{
    int status = 0;
    CHECK_EQ(rn_run(fork_and_return, &status), 0);
    return WIFSIGNALED(status) ? WTERMSIG(status) : -1;
}

TEST(forked_child_that_returns_from_a_task_says_why_it_dies)
{
    struct capture c;
    capture(&c, run_a_fork);
    CHECK_EQ(c.status, SIGSEGV);
    capture_has(&c, "a fault in a child made by fork, in which tasks cannot go on or return");
}
