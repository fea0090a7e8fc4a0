/* SPDX-License-Identifier: MIT */
/* Every task and thread that the library knows, for reports. Any thread; none of them waits. */
#ifndef RNI_CORE_RECORDS_H
#define RNI_CORE_RECORDS_H

#include "core/task.h"
#include "os/os.h"

/* Calls fn for every task record that was ever used, live or not. In stack.c. */
void rni_stack_each(void (*fn)(rni_task *t, void *arg), void *arg);

/* Calls fn for every task that is queued and has not started, those with large arguments excepted.
 * In spawn.c. */
void rni_spawn_each(void (*fn)(rni_spawn *s, void *arg), void *arg);

/* Calls fn for every foreign thread's record in use. In foreign.c. */
void rni_foreign_each(void (*fn)(rni_task *t, void *arg), void *arg);

/* ---- the memory they are in, for the check of leaks ---- */

/* A range of stacks: slot i of the first `used` begins at base + i * stride with `guard` bytes that
 * cannot be touched. */
typedef struct rni_stack_chunk {
    uintptr_t base;
    size_t bytes, stride, guard;
    unsigned used;
    unsigned number; /* for rni_stack_slot */
} rni_stack_chunk;
void rni_stack_chunks_each(void (*fn)(const rni_stack_chunk *c, void *arg), void *arg);
/* The record at the top of slot i. */
rni_task *rni_stack_slot(const rni_stack_chunk *c, unsigned i);

/* Calls fn for every array of spawn records, queued or not. */
void rni_spawn_slabs_each(void (*fn)(uintptr_t base, size_t n, void *arg), void *arg);

/* A worker's thread, while the world stands still. */
typedef struct rni_worker_seen {
    int thread_id;          /* 0: there is none now */
    const void *stack_base; /* the lowest address of its stack, if it is the library's; else NULL */
    const void *loop_frame; /* the frames of its loop end below this; NULL: there are none */
    const void *loop_sp;    /* ... and begin here while it runs a task; else NULL */
    bool in_callback;       /* of a timer or an owner; what that holds counts */
} rni_worker_seen;
/* False if there is no worker i. */
bool rni_worker_look(unsigned i, rni_worker_seen *out);

#endif
