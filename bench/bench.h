/* SPDX-License-Identifier: MIT */
/*
 * What every benchmark shares: the command line, the warm-up, the clock and the line of JSON. A
 * benchmark is one file with one function that does n operations and hands back a check, a value
 * that the peers' programs must agree on; bench_main is its main. What the time of the whole
 * function does not tell, the function measures itself and reports under a name of its own.
 */
#ifndef BENCH_H
#define BENCH_H

#include <runnel.h>

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The stacks of the tasks of which there are very many, for programs built more than once. */
#if !defined(BENCH_STACK)
#define BENCH_STACK RN_STACK_DEFAULT
#define BENCH_SUFFIX ""
#endif
__attribute__((unused)) static const rn_attr bench_many = { .stack = BENCH_STACK };

typedef struct bench {
    const char *name;
    /* Does n operations inside a running task. Returns 0 or a negative error. */
    int (*run)(int64_t n, size_t capacity, int64_t *check);
    int64_t n;       /* operations, and the channels' capacity or another size where there is one */
    size_t capacity; /* to choose: the defaults until the command line changes them */
    bool cold;       /* no warm-up: it looks at memory, or builds what it then measures */
    int64_t elapsed_ns, check;
} bench;

/* What a benchmark has measured itself; the last value of a name stays. */
typedef struct bench_value {
    const char *name;
    double value;
} bench_value;
static bench_value bench_values[8]; /* the last one stays empty */

__attribute__((unused)) static void bench_report(const char *name, double value)
{
    bench_value *v = bench_values;
    while (v->name && strcmp(v->name, name) != 0)
        v++;
    *v = (bench_value){ name, value };
}

/* The first task: warms up with a tenth of the work, then measures. Everything the benchmark's
 * function does counts, the clean-up of its groups and channels too. */
static int bench_measure(rn_group *g, void *arg)
{
    bench *b = arg;
    (void)g;
    int rc = b->cold ? 0 : b->run(b->n / 10, b->capacity, &b->check);
    if (rc)
        return rc;
    int64_t start = rn_now();
    rc = b->run(b->n, b->capacity, &b->check);
    b->elapsed_ns = rn_now() - start;
    return rc;
}

static int64_t bench_number(const char *text)
{
    char *end;
    long long v = strtoll(text, &end, 10);
    if (end == text || *end || v < 0) {
        fprintf(stderr, "not a number: %s\n", text);
        exit(2);
    }
    return v;
}

/* prog [n [capacity]] */
static int bench_main(int argc, char **argv, bench b)
{
    if (argc > 1)
        b.n = bench_number(argv[1]);
    if (argc > 2)
        b.capacity = (size_t)bench_number(argv[2]);
    int rc = rn_run(bench_measure, &b);
    if (rc) {
        fprintf(stderr, "%s: %s\n", b.name, rn_strerror(rc));
        return 1;
    }
    printf("{\"bench\":\"%s\",\"n\":%" PRId64 ",\"capacity\":%zu,\"workers\":%u,"
           "\"ns_per_op\":%.3f,",
           b.name, b.n, b.capacity, rn_worker_count(), (double)b.elapsed_ns / (double)b.n);
    for (const bench_value *v = bench_values; v->name; v++)
        printf("\"%s\":%.3f,", v->name, v->value);
    printf("\"check\":%" PRId64 "}\n", b.check);
    return 0;
}

#endif
