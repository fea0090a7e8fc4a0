/* SPDX-License-Identifier: MIT */
/* The self-pipe trick with an eventfd: a handler may write, and a task can wait for the descriptor
 * with rn_fd_wait. SA_RESETHAND gives the second Ctrl-C its usual meaning. */
#include "signals.h"

#include <signal.h>
#include <sys/eventfd.h>
#include <unistd.h>

static int signal_fd = -1;

static void on_signal(int number)
{
    uint64_t one = 1;
    (void)number;
    /* An eventfd takes this without blocking; there is nothing to do about a failure here. */
    if (write(signal_fd, &one, sizeof one) < 0)
        return;
}

int signals_open(void)
{
    struct sigaction action = { .sa_handler = on_signal, .sa_flags = SA_RESETHAND | SA_RESTART };
    signal_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (signal_fd < 0)
        return -errno;
    sigemptyset(&action.sa_mask);
    sigaction(SIGINT, &action, NULL);
    sigaction(SIGTERM, &action, NULL);
    return signal_fd;
}

int signals_watch(int fd, rn_ctx *ctx)
{
    if (rn_fd_wait(fd, RN_READABLE, RN_FOREVER) > 0)
        rn_ctx_cancel(ctx, -EINTR);
    return 0;
}
