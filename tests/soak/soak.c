/* SPDX-License-Identifier: MIT */
/*
 *   soak SECONDS [LANES [LOAD]]
 *
 * A mixed load for so many seconds. Every load (soak.h) runs in LANES tasks (2), again and again,
 * each time in a group of its own; all at the same time, on all CPUs.
 *
 * Rounds. Ten times, and at least every ten seconds, the lanes finish what they are doing, and then
 * nothing runs: the books are compared, and what the process holds is measured. The first three
 * rounds in ten are the warm-up, in which pools grow to what the load needs. After it
 *   - the sums of the books are equal, and the only task is the one that measures, each time;
 *   - open descriptors: no more than at the end of a round of the warm-up;
 *   - mappings: at most 64 more, for helper threads that may or may not be idle;
 *   - memory in use (malloc's own account): at most 5 % and 64 KiB more;
 *   - resident memory: at most 10 % and 2 MiB more.
 * A leak of 16 bytes each time a load runs passes the third bound after some 5,000 times, which
 * most need less than a second for. Sanitizers have accounts of their own, and memory and mappings
 * are not looked at under them. Prints a line for each round; exits with 1 if anything is wrong.
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "soak/soak.h"

#ifndef SOAK_SANITIZED
#define SOAK_SANITIZED 0
#endif

static const soak_load *const all_loads[] = { soak_channels, soak_scopes, soak_locks,
                                              soak_outside };
enum { FILES = sizeof all_loads / sizeof *all_loads, LOADS_MAX = 32, KIB = 1024 };

static struct {
    uint64_t n, sum;
} sent, received, dropped;
static uint64_t times[LOADS_MAX];
static bool stopping;
static const char *only; /* the load that runs; NULL: all */

void soak_failed(const char *site, const char *property)
{
    fprintf(stderr, "soak: %s: does not hold: %s\n", site, property);
    rn_dump(2);
    _exit(1);
}

#define ENTER(book, n_, sum_)                                                                      \
    (__atomic_fetch_add(&(book).n, (n_), __ATOMIC_RELAXED),                                        \
     __atomic_fetch_add(&(book).sum, (sum_), __ATOMIC_RELAXED))

void soak_sent(uint64_t n, uint64_t sum)
{
    ENTER(sent, n, sum);
}

void soak_received(uint64_t n, uint64_t sum)
{
    ENTER(received, n, sum);
}

void soak_dropped(uint64_t n, uint64_t sum)
{
    ENTER(dropped, n, sum);
}

/* ---- the load ---- */

static int lane(const soak_load *load, uint64_t *count, uint64_t seed)
{
    while (!__atomic_load_n(&stopping, __ATOMIC_RELAXED)) {
        rn_group *g = rn_group_new(NULL);
        SOAK_CHECK(g);
        soak_random(&seed);
        load->once(g, seed);
        rn_group_close(g);
        __atomic_fetch_add(count, 1, __ATOMIC_RELAXED);
        if (load->pause_ns)
            rn_sleep(load->pause_ns);
    }
    return 0;
}
RN_TASK(lane, const soak_load *, uint64_t *, uint64_t);

static bool is_wanted(const soak_load *l)
{
    return !only || strcmp(only, l->name) == 0;
}

static void run_round(int64_t ns, int lanes, uint64_t *seed)
{
    rn_group *g = rn_group_new(NULL);
    SOAK_CHECK(g);
    __atomic_store_n(&stopping, false, __ATOMIC_RELAXED);
    uint64_t *count = times;
    for (int f = 0; f < FILES; f++)
        for (const soak_load *l = all_loads[f]; l->name; l++, count++)
            for (int i = 0; i < lanes && is_wanted(l); i++) {
                soak_random(seed);
                SOAK_CHECK(rn_go(g, lane, l, count, *seed) == 0);
            }
    rn_sleep(ns);
    __atomic_store_n(&stopping, true, __ATOMIC_RELAXED);
    SOAK_CHECK(rn_group_wait(g) == 0);
    rn_group_close(g);
}

/* ---- what the process holds ---- */

typedef struct holding {
    size_t tasks, descriptors, mappings, in_use, resident;
} holding;

static size_t count_descriptors(void)
{
    size_t n = 0;
    DIR *d = opendir("/proc/self/fd");
    SOAK_CHECK(d);
    while (readdir(d))
        n++;
    closedir(d);
    return n - 3; /* ., .. and the one that reads */
}

static size_t count_mappings(void)
{
    size_t n = 0;
    FILE *f = fopen("/proc/self/maps", "r");
    SOAK_CHECK(f);
    for (int c; (c = getc(f)) != EOF;)
        n += c == '\n';
    fclose(f);
    return n;
}

static size_t resident(void)
{
    size_t pages = 0;
    FILE *f = fopen("/proc/self/statm", "r");
    SOAK_CHECK(f && fscanf(f, "%*u %zu", &pages) == 1);
    fclose(f);
    return pages * (size_t)sysconf(_SC_PAGESIZE);
}

static int measure(void *out)
{
    struct mallinfo2 m = mallinfo2();
    *(holding *)out = (holding){ .tasks = rn_task_count(),
                                 .descriptors = count_descriptors(),
                                 .mappings = count_mappings(),
                                 .in_use = m.uordblks + m.hblkhd,
                                 .resident = resident() };
    return 0;
}

static void grow(size_t *most, size_t now)
{
    *most = now > *most ? now : *most;
}

static void warm_up(holding *most, const holding *h)
{
    grow(&most->descriptors, h->descriptors);
    grow(&most->mappings, h->mappings);
    grow(&most->in_use, h->in_use);
    grow(&most->resident, h->resident);
}

/* `most` is the warm-up's. */
static void check(const holding *most, const holding *h)
{
    SOAK_CHECK(h->descriptors <= most->descriptors);
    if (SOAK_SANITIZED)
        return;
    SOAK_CHECK(h->mappings <= most->mappings + 64);
    SOAK_CHECK(h->in_use <= most->in_use + most->in_use / 20 + 64 * KIB);
    SOAK_CHECK(h->resident <= most->resident + most->resident / 10 + 2048 * KIB);
}

static void check_books(void)
{
    if (sent.n != received.n + dropped.n)
        fprintf(stderr, "soak: %llu values sent, %llu received, %llu dropped\n",
                (unsigned long long)sent.n, (unsigned long long)received.n,
                (unsigned long long)dropped.n);
    SOAK_CHECK(sent.n == received.n + dropped.n);
    SOAK_CHECK(sent.sum == received.sum + dropped.sum);
}

static uint64_t least_times(void)
{
    uint64_t *count = times, least = UINT64_MAX;
    for (int f = 0; f < FILES; f++)
        for (const soak_load *l = all_loads[f]; l->name; l++, count++)
            least = is_wanted(l) && *count < least ? *count : least;
    return least;
}

/* ---- rounds ---- */

typedef struct settings {
    int64_t ns;
    int lanes;
} settings;

static int soak(rn_group *g, void *arg)
{
    const settings *s = arg;
    int64_t start = rn_now(), round = s->ns / 10;
    if (round > 10 * RN_SECOND)
        round = 10 * RN_SECOND;
    holding most = { 0 }, h;
    uint64_t seed = 88172645463325252u;
    (void)g;
    for (int64_t n = 1; rn_now() < start + s->ns; n++) {
        run_round(round, s->lanes, &seed);
        check_books();
        measure(&h);
        SOAK_CHECK(h.tasks == 1);
        printf("soak: %5.1f s: %llu values, %zu descriptors, %zu mappings, %zu KiB in use, %zu KiB "
               "resident%s\n",
               (double)(rn_now() - start) / 1e9, (unsigned long long)sent.n, h.descriptors,
               h.mappings, h.in_use / KIB, h.resident / KIB,
               rn_now() < start + s->ns * 3 / 10 ? ", warming up" : "");
        fflush(stdout);
        if (n == 1 || rn_now() < start + s->ns * 3 / 10)
            warm_up(&most, &h);
        else
            check(&most, &h);
    }
    SOAK_CHECK(least_times() > 0);
    return 0;
}

int main(int argc, char **argv)
{
    settings s = { .ns = (int64_t)(argc > 1 ? strtod(argv[1], NULL) * 1e9 : 0),
                   .lanes = argc > 2 ? atoi(argv[2]) : 2 };
    only = argc > 3 ? argv[3] : NULL;
    if (s.ns <= 0 || s.lanes < 1) {
        fprintf(stderr, "usage: soak SECONDS [LANES [LOAD]]\n");
        return 2;
    }
    int rc = rn_run(soak, &s);
    rn_stats stats;
    rn_stats_read(&stats);
    SOAK_CHECK(stats.tasks_started == stats.tasks_ended && stats.tasks_leaked == 0);
    check_books();
    uint64_t *count = times;
    printf("soak:");
    for (int f = 0; f < FILES; f++)
        for (const soak_load *l = all_loads[f]; l->name; l++, count++)
            printf("%s %s %llu times", count == times ? "" : ",", l->name,
                   (unsigned long long)*count);
    printf("; %llu tasks, %u workers\n", (unsigned long long)stats.tasks_started, stats.workers);
    return rc == 0 ? 0 : 1;
}
