/* SPDX-License-Identifier: MIT */
/*
 * What the machine itself makes of a benchmark's work: one thread, no scheduler, no channels that
 * others could use, no checks; only the part that stays whatever the library does. A floor is a
 * lower bound of what is possible, not a peer. Each function does n operations and returns the
 * benchmark's check.
 */
#ifndef BENCH_FLOOR_H
#define BENCH_FLOOR_H

#include <stddef.h>
#include <stdint.h>

typedef int64_t floor_fn(int64_t n, size_t capacity);

/* What a floor has measured itself, under the benchmark's name for it. */
void floor_report(const char *name, double value);
int64_t floor_now(void);          /* ns */
void *floor_memory(size_t bytes); /* ends the program if there is none */
void *floor_pages(size_t bytes);  /* the same, of pages that nobody has touched */

floor_fn floor_yield, floor_buffered, floor_mutex;
floor_fn floor_spawn, floor_orchannel, floor_forkjoin, floor_skynet, floor_fused;
floor_fn floor_ring;
floor_fn floor_contexts, floor_parked, floor_sleepers;

#endif
