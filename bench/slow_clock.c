/* SPDX-License-Identifier: MIT */
/*
 * A clock for instructions.py, to be preloaded: the monotonic clock that the program sees goes a
 * thousand times slower. Valgrind makes a program some fifty times slower, so what runnel does by
 * the clock, as to end a task's turn, it would do more often than it does, and more or less often
 * with the speed of the machine and what else it has to do.
 */
#define _GNU_SOURCE
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

enum { SLOWER = 1000 };

/* The vDSO's clock is not to be had here; what the call costs counts in the kernel only. */
int clock_gettime(clockid_t clock, struct timespec *now)
{
    int rc = (int)syscall(SYS_clock_gettime, clock, now);
    if (rc != 0 || clock != CLOCK_MONOTONIC)
        return rc;
    long long ns = ((long long)now->tv_sec * 1000000000 + now->tv_nsec) / SLOWER;
    now->tv_sec = (time_t)(ns / 1000000000);
    now->tv_nsec = (long)(ns % 1000000000);
    return 0;
}
