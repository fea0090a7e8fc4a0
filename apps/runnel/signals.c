/* SPDX-License-Identifier: MIT */
/*
 * A signalfd and rn_fd_wait: no handler runs anywhere, so there is nothing that a handler may not
 * do. (A handler that writes to a pipe works too, but ThreadSanitizer holds signals back from
 * threads that sleep in the scheduler.)
 */
#include "signals.h"

#include <signal.h>
#include <sys/signalfd.h>
#include <unistd.h>

static void caught(sigset_t *set)
{
    sigemptyset(set);
    sigaddset(set, SIGINT);
    sigaddset(set, SIGTERM);
}

int signals_open(void)
{
    sigset_t set;
    caught(&set);
    int fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
    if (fd < 0)
        return -errno;
    pthread_sigmask(SIG_BLOCK, &set, NULL);
    return fd;
}

void signals_close(int fd)
{
    sigset_t set;
    caught(&set);
    close(fd);
    pthread_sigmask(SIG_UNBLOCK, &set, NULL);
}

int signals_watch(int fd, rn_ctx *ctx)
{
    struct signalfd_siginfo info;
    for (int seen = 0; rn_fd_wait(fd, RN_READABLE, RN_FOREVER) > 0;) {
        if (read(fd, &info, sizeof info) != sizeof info)
            continue;
        if (seen++)
            _exit(128 + (int)info.ssi_signo);
        rn_ctx_cancel(ctx, -EINTR);
    }
    return 0;
}
