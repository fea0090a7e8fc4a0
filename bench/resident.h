/* SPDX-License-Identifier: MIT */
#ifndef BENCH_RESIDENT_H
#define BENCH_RESIDENT_H

#include <stdint.h>
#include <stdio.h>
#include <unistd.h>

/* The memory of this process that is in RAM. */
static int64_t resident_bytes(void)
{
    long pages = 0;
    FILE *f = fopen("/proc/self/statm", "r");
    if (f && fscanf(f, "%*d %ld", &pages) != 1)
        pages = 0;
    if (f)
        fclose(f);
    return pages * (int64_t)sysconf(_SC_PAGESIZE);
}

#endif
