/* SPDX-License-Identifier: MIT */
/*
 * The floors that are made of memory: very many tasks are very many stacks, here of 2 KiB, of which
 * a waiting task has written the top. What a page costs when it is touched first, and what a line
 * that no cache holds.
 */
#include "floor.h"

#include <stdlib.h>
#include <sys/mman.h>

#include "../../resident.h"

enum { STACK = 2048, CONTEXT = 208, SECOND = 1000000000 };

/* What is at the top of a waiting task's stack. */
typedef struct waiting {
    struct channel *out;
    int64_t number;
} waiting;

/* What a channel that a task waits at knows of it. */
typedef struct channel {
    waiting *receiver;
    char rest[56];
} channel;

static waiting *top(char *stacks, int64_t i)
{
    return (waiting *)(void *)(stacks + (size_t)(i + 1) * STACK - sizeof(waiting));
}

/* A hop is from a channel to the task that waits there, and from its stack to the next channel. */
int64_t floor_ring(int64_t n, size_t capacity)
{
    char *stacks = floor_pages(capacity * STACK);
    channel *channels = floor_memory(capacity * sizeof *channels);
    for (size_t i = 0; i < capacity; i++) {
        *top(stacks, (int64_t)i) = (waiting){ &channels[(i + 1) % capacity], (int64_t)i };
        channels[i].receiver = top(stacks, (int64_t)i);
    }
    int64_t start = floor_now(), left = n;
    waiting *at = channels[0].receiver;
    for (; left > 0; left--)
        at = at->out->receiver;
    floor_report("hop_ns", (double)(floor_now() - start) / (double)n);
    return at->number;
}

/* The children's contexts and stacks; then all contexts in order, with the stack of each. */
int64_t floor_contexts(int64_t n, size_t capacity)
{
    int64_t start = floor_now(), cancelled = 0;
    char *stacks = floor_pages((size_t)n * STACK);
    channel **contexts = floor_memory((size_t)n * sizeof *contexts);
    (void)capacity;
    for (int64_t i = 0; i < n; i++) {
        contexts[i] = floor_memory(CONTEXT);
        top(stacks, i)->number = i;
        contexts[i]->receiver = top(stacks, i);
    }
    int64_t made = floor_now();
    for (int64_t i = 0; i < n; i++) {
        cancelled += contexts[i]->receiver->number;
        free(contexts[i]);
    }
    floor_report("make_ns", (double)(made - start) / (double)n);
    floor_report("cancel_ns", (double)(floor_now() - made) / (double)n);
    munmap(stacks, (size_t)n * STACK);
    free(contexts);
    return cancelled;
}

int64_t floor_parked(int64_t n, size_t capacity)
{
    int64_t before = resident_bytes(), woken = 0;
    char *stacks = floor_pages((size_t)n * STACK);
    (void)capacity;
    for (int64_t i = 0; i < n; i++)
        top(stacks, i)->number = 1;
    floor_report("task_bytes", (double)(resident_bytes() - before) / (double)n);
    int64_t start = floor_now();
    for (int64_t i = 0; i < n; i++)
        woken += top(stacks, i)->number--;
    floor_report("wake_ns", (double)(floor_now() - start) / (double)n);
    munmap(stacks, (size_t)n * STACK);
    return woken;
}

/* The last is late by what it takes to begin them all: a stack and the time of day for each. */
int64_t floor_sleepers(int64_t n, size_t capacity)
{
    int64_t start = floor_now(), slept = 0;
    char *stacks = floor_pages((size_t)n * STACK);
    (void)capacity;
    for (int64_t i = 0; i < n; i++)
        top(stacks, i)->number = floor_now();
    floor_report("late_ms", (double)(floor_now() - start) / 1e6);
    for (int64_t i = 0; i < n; i++)
        slept += top(stacks, i)->number > 0 ? SECOND / n * (i + 1) : 0;
    munmap(stacks, (size_t)n * STACK);
    return slept;
}
