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

/* An impatient user, or a wrapper that passes on what the terminal sent already, signals twice at
 * once; the run ends in a fraction of this, with its report. */
enum { GRACE_NS = RN_SECOND / 2 };

/* What a shell or nohup told us to ignore stays ignored; a signalfd would see it all the same. */
static void caught(sigset_t *set)
{
    static const int numbers[] = { SIGINT, SIGTERM };
    sigemptyset(set);
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
        struct sigaction old;
        if (sigaction(numbers[i], NULL, &old) != 0 || old.sa_handler != SIG_IGN)
            sigaddset(set, numbers[i]);
    }
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
    /* What came while the run was ending would otherwise end the process before its report. */
    for (struct signalfd_siginfo info; read(fd, &info, sizeof info) == sizeof info;) {}
    close(fd);
    pthread_sigmask(SIG_UNBLOCK, &set, NULL);
}

int signals_watch(int fd, rn_ctx *ctx)
{
    struct signalfd_siginfo info;
    int rc;
    for (int64_t first_ns = 0; (rc = rn_fd_wait(fd, RN_READABLE, RN_FOREVER)) > 0;) {
        ssize_t got = read(fd, &info, sizeof info);
        if (got < 0 && (errno == EAGAIN || errno == EINTR))
            continue;
        if (got < 0) {
            rc = -errno;
            break;
        }
        if (first_ns && rn_now() - first_ns > GRACE_NS)
            _exit(128 + (int)info.ssi_signo);
        if (!first_ns)
            first_ns = rn_now();
        rn_ctx_cancel(ctx, -EINTR);
    }
    if (rc != -ECANCELED) { /* nobody watches: signals end the process again, without a report */
        sigset_t set;
        caught(&set);
        pthread_sigmask(SIG_UNBLOCK, &set, NULL);
    }
    return 0;
}
