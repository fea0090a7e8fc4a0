/* SPDX-License-Identifier: MIT */
/*
 * The floors that are made of objects: to get the memory of each, to link it, to give it back. They
 * are as large as runnel's: RECORD bytes for what a task is before it runs, CHANNEL for a channel.
 */
#include "floor.h"

#include <stdlib.h>

enum { RECORD = 128, CHANNEL = 208 };

typedef struct object {
    struct object *next, **back;
    int64_t value;
    void (*run)(struct object *);
} object;

static object *make(size_t bytes)
{
    object *o = floor_memory(bytes);
    *o = (object){ 0 };
    return o;
}

static int64_t ended;

static void nothing(object *o)
{
    (void)o;
    ended++;
}

/* Records from a list, in a queue, run by a call through a pointer. */
int64_t floor_spawn(int64_t n, size_t capacity)
{
    enum { QUEUE = 256 };
    object *queue[QUEUE], *free_ones = NULL;
    (void)capacity;
    ended = 0;
    for (int64_t i = 0; i < n;) {
        int queued = 0;
        for (; queued < QUEUE && i < n; queued++, i++) {
            object *o = free_ones ? free_ones : make(RECORD);
            free_ones = o->next;
            o->run = nothing;
            o->value = i;
            queue[queued] = o;
        }
        for (int k = 0; k < queued; k++) {
            queue[k]->run(queue[k]);
            queue[k]->next = free_ones;
            free_ones = queue[k];
        }
    }
    return ended;
}

/* A list of so many channels; a waiter is put to each, and one is looked for and found closed. */
int64_t floor_orchannel(int64_t n, size_t capacity)
{
    object **channels = floor_memory(capacity * sizeof *channels);
    int64_t sum = 0;
    for (int64_t i = 0; i < n; i++) {
        object *list = NULL, *waiters = floor_memory(capacity * sizeof *waiters);
        for (size_t k = 0; k < capacity; k++) {
            channels[k] = make(CHANNEL);
            channels[k]->next = list;
            list = channels[k];
        }
        for (size_t k = 0; k < capacity; k++) {
            waiters[k].value = (int64_t)k;
            channels[k]->back = &waiters[k].next;
        }
        size_t closing = (size_t)(i * 7) % capacity;
        sum += ((object *)(void *)channels[closing]->back)->value;
        for (object *c = list, *next; c; c = next) {
            next = c->next;
            c->back = NULL;
            free(c);
        }
        free(waiters);
    }
    free(channels);
    return sum;
}

/* Each call has a record and a channel, which its caller frees. */
__attribute__((noinline)) static void fib(object *call)
{
    int64_t k = call->value;
    if (k < 2)
        return;
    object *half = make(CHANNEL), *task = make(RECORD), rest = { .value = k - 2, .run = fib };
    task->run = fib;
    task->value = k - 1;
    task->next = half;
    rest.run(&rest);
    task->run(task);
    half->value = task->value;
    call->value = half->value + rest.value;
    free(task);
    free(half);
}

int64_t floor_forkjoin(int64_t n, size_t capacity)
{
    object first = { .value = 1 };
    (void)capacity;
    for (int64_t a = 1, b = 1, next; (next = a + b + 1) <= n; first.value++) {
        a = b;
        b = next;
    }
    fib(&first);
    return first.value;
}

/* Each node has a record, and a channel if it has children; children are run one by one. */
static int64_t node(int64_t first, int64_t size)
{
    if (size == 1)
        return first;
    object *children = make(CHANNEL), *queue[10];
    int64_t part = size / 10;
    for (int i = 0; i < 10; i++) {
        queue[i] = make(RECORD);
        queue[i]->value = first + i * part;
    }
    for (int i = 0; i < 10; i++) {
        children->value += node(queue[i]->value, part);
        free(queue[i]);
    }
    int64_t sum = children->value;
    free(children);
    return sum;
}

int64_t floor_skynet(int64_t n, size_t capacity)
{
    (void)capacity;
    return node(0, n);
}
