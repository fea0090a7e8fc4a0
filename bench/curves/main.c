/* SPDX-License-Identifier: MIT */
/*
 * bench-curves CURVE N [OPS [SIZE]]: measures one point of a curve and prints a line of JSON.
 * bench-curves list: the names.
 *
 * Exit status 1 if a call failed or the check is wrong: what was done was not what was asked for.
 * CURVES_SPOIL in the environment spoils the check, so that the test can see that somebody looks.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "curves.h"
#include "../resident.h"

static const curve *const rooms[] = { task_curves,  channel_curves, select_curves,
                                      group_curves, timer_curves,   context_curves,
                                      lot_curves,   memory_curves,  chase_curves };
enum { ROOMS = sizeof rooms / sizeof rooms[0] };

typedef struct job {
    const curve *curve;
    curve_point *point;
} job;

int64_t curve_resident_bytes(void)
{
    return resident_bytes();
}

int64_t curve_now(void)
{
    struct timespec t;
    clock_gettime(rn_worker_count() == 1 ? CLOCK_PROCESS_CPUTIME_ID : CLOCK_MONOTONIC, &t);
    return t.tv_sec * RN_SECOND + t.tv_nsec;
}

static const curve *find(const char *name)
{
    for (int i = 0; i < ROOMS; i++)
        for (const curve *c = rooms[i]; c->name; c++)
            if (strcmp(c->name, name) == 0)
                return c;
    return NULL;
}

static int64_t number(const char *text)
{
    char *end;
    long long v = strtoll(text, &end, 10);
    if (end == text || *end || v < 1) {
        fprintf(stderr, "bench-curves: not a positive number: %s\n", text);
        exit(2);
    }
    return v;
}

static int first(rn_group *g, void *arg)
{
    job *j = arg;
    (void)g;
    return j->curve->run(j->point);
}

static int print(const char *name, const curve_point *p)
{
    printf("{\"curve\":\"%s\",\"n\":%" PRId64 ",\"workers\":%u,\"ops\":%" PRId64
           ",\"ns_per_op\":%.3f,\"bytes\":%" PRId64 ",\"check\":%" PRId64 "}\n",
           name, p->n, rn_worker_count(), p->done, p->done ? (double)p->ns / (double)p->done : 0,
           p->bytes, p->check);
    return 0;
}

int main(int argc, char **argv)
{
    if (argc == 2 && strcmp(argv[1], "list") == 0) {
        for (int i = 0; i < ROOMS; i++)
            for (const curve *c = rooms[i]; c->name; c++)
                puts(c->name);
        return 0;
    }
    const curve *c = argc >= 3 && argc <= 5 ? find(argv[1]) : NULL;
    if (!c) {
        fprintf(stderr, "usage: bench-curves CURVE N [OPS [SIZE]], or bench-curves list\n");
        return 2;
    }
    curve_point p = { .n = number(argv[2]),
                      .ops = argc > 3 ? number(argv[3]) : 1,
                      .size = argc > 4 ? number(argv[4]) : 64 };
    int rc = rn_run(first, &(job){ c, &p });
    if (rc) {
        fprintf(stderr, "bench-curves %s: %s\n", c->name, rn_strerror(rc));
        return 1;
    }
    if (getenv("CURVES_SPOIL"))
        p.check++;
    if (p.check != p.expected) {
        fprintf(stderr, "bench-curves %s: wrong work: the check is %" PRId64 ", not %" PRId64 "\n",
                c->name, p.check, p.expected);
        return 1;
    }
    return print(c->name, &p);
}
