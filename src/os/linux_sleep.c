/* SPDX-License-Identifier: MIT */
/* Futexes and the asymmetric fence on Linux. */
#define _GNU_SOURCE
#include <linux/futex.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "os/os.h"

/* linux/membarrier.h, spelled out: older headers lack the expedited commands. */
enum { MEMBARRIER_PRIVATE_EXPEDITED = 1 << 3, MEMBARRIER_REGISTER_PRIVATE_EXPEDITED = 1 << 4 };

void rni_os_futex_wait(_Atomic(uint32_t) *word, uint32_t expected, int64_t timeout_ns)
{
    int *error = rni_os_errno();
    int saved = *error;
    struct timespec ts, *limit = NULL;
    if (timeout_ns >= 0) {
        ts.tv_sec = timeout_ns / 1000000000;
        ts.tv_nsec = timeout_ns % 1000000000;
        limit = &ts;
    }
    syscall(SYS_futex, word, FUTEX_WAIT_PRIVATE, expected, limit, NULL, 0);
    *error = saved;
}

void rni_os_futex_wake(_Atomic(uint32_t) *word, int count)
{
    int *error = rni_os_errno();
    int saved = *error;
    syscall(SYS_futex, word, FUTEX_WAKE_PRIVATE, count, NULL, NULL, 0);
    *error = saved;
}

bool rni_os_heavy_fence_init(void)
{
    int *error = rni_os_errno();
    int saved = *error;
    bool ok = syscall(SYS_membarrier, MEMBARRIER_REGISTER_PRIVATE_EXPEDITED, 0, 0) == 0;
    *error = saved;
    return ok;
}

bool rni_os_heavy_fence(void)
{
    int *error = rni_os_errno();
    int saved = *error;
    bool ok = syscall(SYS_membarrier, MEMBARRIER_PRIVATE_EXPEDITED, 0, 0) == 0;
    *error = saved;
    return ok;
}
