/* SPDX-License-Identifier: MIT */
/* Time and chance on Linux. */
#include <sys/random.h>
#include <time.h>

#include "os/os.h"
#include "os/quiet.h"

int64_t rni_os_now(void)
{
    struct timespec ts;
    RNI_QUIET_BEGIN();
    clock_gettime(CLOCK_MONOTONIC, &ts); /* cannot fail: no errno to restore */
    RNI_QUIET_END();
    return (int64_t)ts.tv_sec * 1000000000 + ts.tv_nsec;
}

uint64_t rni_os_entropy(void)
{
    int *error = rni_os_errno();
    int saved = *error;
    uint64_t x = 0;
    if (getrandom(&x, sizeof x, GRND_NONBLOCK) != (ssize_t)sizeof x)
        x = (uint64_t)rni_os_now() ^ (uint64_t)(uintptr_t)&x;
    *error = saved;
    return x;
}
