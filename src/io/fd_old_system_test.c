/* SPDX-License-Identifier: MIT */
/* Waiting for descriptors where a sandbox refuses epoll_pwait2: this file's takes its place. */
#define _GNU_SOURCE
#include <runnel.h>

#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "kit/kit.h"

static _Atomic(int) refusal, asked;

int epoll_pwait2(int fd, struct epoll_event *events, int n, const struct timespec *timeout,
                 const sigset_t *mask)
{
    (void)fd, (void)events, (void)n, (void)timeout, (void)mask;
    atomic_fetch_add(&asked, 1);
    errno = atomic_load(&refusal);
    return -1;
}

static int put_later(int fd)
{
    rn_sleep(5 * RN_MILLISECOND);
    CHECK_EQ(write(fd, "x", 1), 1);
    return 0;
}
RN_TASK(put_later, int);

static int wait_and_see(rn_group *g, void *unused)
{
    int ends[2];
    char byte;
    (void)unused;
    CHECK_EQ(pipe2(ends, O_CLOEXEC), 0);
    CHECK_EQ(rn_go(g, put_later, ends[1]), 0);
    CHECK_EQ(rn_fd_wait(ends[0], RN_READABLE, rn_now() + 10 * RN_SECOND), RN_READABLE);
    CHECK_EQ(read(ends[0], &byte, 1), 1); /* the writer is done with the descriptor */
    close(ends[0]);
    close(ends[1]);
    return 0;
}

TEST(fd_wait_works_without_epoll_pwait2)
{
    static const int refusals[] = { ENOSYS, EPERM };
    for (int i = 0; i < 2; i++) {
        atomic_store(&refusal, refusals[i]);
        atomic_store(&asked, 0);
        CHECK_EQ(rn_run(wait_and_see, NULL), 0);
        CHECK(atomic_load(&asked) > 0);
    }
}
