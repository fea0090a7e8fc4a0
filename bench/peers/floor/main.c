/* SPDX-License-Identifier: MIT */
/* bench-floor list | NAME N [CAPACITY]: the names of the floors, or one of them, with its line of
 * JSON. */
#include "floor.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>

typedef struct named {
    const char *name;
    floor_fn *run;
    int tenths; /* of the work, as a warm-up */
} named;

/* Memory that the system has in hand is had faster than what a virtual machine must ask its host
 * for: what is made of memory warms up with all of it. */
static const named floors[] = {
#if defined(__x86_64__)
    { "yield", floor_yield, 1 },
#endif
    { "spawn", floor_spawn, 1 },        { "buffered", floor_buffered, 1 },
    { "ring", floor_ring, 0 },          { "batched", floor_fused, 1 },
    { "fused", floor_fused, 1 },        { "orchannel", floor_orchannel, 1 },
    { "contexts", floor_contexts, 10 }, { "forkjoin", floor_forkjoin, 1 },
    { "skynet", floor_skynet, 1 },      { "mutex", floor_mutex, 1 },
    { "parked", floor_parked, 10 },     { "parked_small", floor_parked, 10 },
    { "sleepers", floor_sleepers, 10 },
};
enum { FLOORS = sizeof floors / sizeof *floors };

static char reports[256];

void floor_report(const char *name, double value)
{
    size_t used = strlen(reports);
    snprintf(reports + used, sizeof reports - used, "\"%s\":%.3f,", name, value);
}

int64_t floor_now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

static void no_memory(void)
{
    fprintf(stderr, "bench-floor: out of memory\n");
    exit(1);
}

void *floor_memory(size_t bytes)
{
    void *p = malloc(bytes);
    if (!p)
        no_memory();
    return p;
}

void *floor_pages(size_t bytes)
{
    void *p = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE,
                   -1, 0);
    if (p == MAP_FAILED)
        no_memory();
    (void)madvise(p, bytes, MADV_HUGEPAGE); /* cheaper by the byte; none is no error */
    return p;
}

static int list(void)
{
    for (size_t i = 0; i < FLOORS; i++)
        printf("%s ", floors[i].name);
    printf("\n");
    return 0;
}

static int measure(const named *f, int64_t n, size_t capacity)
{
    const char *workers = getenv("BENCH_WORKERS");
    if (f->tenths)
        f->run(n / 10 * f->tenths, capacity);
    reports[0] = 0;
    int64_t start = floor_now(), check = f->run(n, capacity), elapsed = floor_now() - start;
    printf("{\"bench\":\"%s\",\"n\":%" PRId64 ",\"capacity\":%zu,\"workers\":%d,"
           "\"ns_per_op\":%.3f,%s\"check\":%" PRId64 "}\n",
           f->name, n, capacity, workers ? atoi(workers) : 1, (double)elapsed / (double)n, reports,
           check);
    return 0;
}

int main(int argc, char **argv)
{
    if (argc == 2 && strcmp(argv[1], "list") == 0)
        return list();
    for (size_t i = 0; argc > 2 && i < FLOORS; i++)
        if (strcmp(argv[1], floors[i].name) == 0)
            return measure(&floors[i], atoll(argv[2]), argc > 3 ? (size_t)atoll(argv[3]) : 0);
    fprintf(stderr, "usage: bench-floor list | NAME N [CAPACITY]\n");
    return 2;
}
