/* SPDX-License-Identifier: MIT */
/*
 * What can still be reached: the graph of the check of leaks and its marking.
 *
 * Nodes are tasks, channels, contexts (groups among them) and spawn records; for each the library
 * knows where it begins and ends. All other memory is one root: what is written in it counts as
 * reachable, whoever it belongs to.
 *
 *   a task is LIVE if it can run, now or ever; else a SUSPECT: it waits for a node
 *   a word that is the address of something in a suspect's stack makes that stack READABLE: its
 *   words count, and so do the locks in it, but the task is not live for that
 *
 * Edges, from what is reached to what is reached by it:
 *   a live task -> the words of its stack, and the group it belongs to, which it can cancel by
 *   failing
 *   a channel -> the tasks in its queues, and the words of its buffered elements
 *   a context -> the tasks that it would end by being cancelled, the contexts below it, the tasks
 *   that wait for it, and the channels that are freed with it. Of the root group of an rn_run only
 *   those who wait for it: its end is the end of the run, and no way out
 *   a spawn record that is queued, or that something points to -> its words, and its group
 *   a readable stack -> its words, and who waits for a lock in it
 *
 * The words that the library writes for itself, into memory of others, do not count: the links of a
 * group's list of channels and of contexts, and all pointers to task records. Whoever is about to
 * end a wait by means of them has begun to, and that shows in the task's own record (suspect.c).
 * Nor do pointers to spawn records, other than into their arguments, but for those of a thread that
 * may be about to queue or to start one.
 */
#ifndef RNI_OBS_REACH_H
#define RNI_OBS_REACH_H

#include "obs/spans.h"
#include "scope/group.h"
#include "sync/chan.h"

#define RNI_NO_NODE UINT32_MAX

typedef enum rni_role {
    RNI_ROLE_NONE, /* no task in the slot, or one that is no concern: it is nobody's way out */
    RNI_ROLE_LIVE,
    RNI_ROLE_SUSPECT
} rni_role;

typedef struct rni_task_node {
    rni_task *task;
    uintptr_t from; /* the lowest word of the stack that counts */
    uint32_t next_member, next_waiter, next_locked;
    uint32_t locked; /* first of those who wait for a lock in this stack */
    uint8_t role;
    bool stood; /* a thread stands on it */
    bool read;  /* its words have been queued */
} rni_task_node;

typedef struct rni_channel_node {
    rn_channel *channel;
    uint32_t next_of_group;
    bool reached;
} rni_channel_node;

typedef struct rni_context_node {
    rn_ctx *context;
    uint32_t members, waiters, children, channels;
    uint32_t next_child;
    uint32_t counted; /* suspects that belong to the group */
    bool root, reached;
} rni_context_node;

typedef struct rni_reach {
    rni_spans spans;
    uintptr_t low, high; /* all spans of nodes are between these */
    rni_task_node *tasks;
    rni_channel_node *channels;
    rni_context_node *contexts;
    bool *spawns; /* reached */
    size_t n_tasks, n_channels, n_contexts, n_spawns;
    uint64_t *work; /* nodes that are reached and have not been followed */
    size_t n_work;
    char *buffer;
    size_t suspects; /* that are left */
    int error;       /* of reading memory, or 0 */
} rni_reach;

/* Where a word was found: with a thread, in its registers or on the stack it uses; on the stack of
 * a task that waits, or in a message; elsewhere. */
typedef enum rni_found_in { RNI_IN_THREAD, RNI_IN_TASK, RNI_IN_MEMORY } rni_found_in;

/* Marks what the words of [base, end) reach directly. Memory that is not there is left out; if
 * memory cannot be read at all, that is in error, and no more is read. */
void rni_reach_read(rni_reach *r, uintptr_t base, uintptr_t end, rni_found_in where);
/* The same, without what is in a span. */
void rni_reach_read_outside(rni_reach *r, uintptr_t base, uintptr_t end);
void rni_reach_word(rni_reach *r, uintptr_t word, rni_found_in where);

void rni_reach_live(rni_reach *r, uint32_t task);
/* A thread stands on that stack, whether a task is there or one has just ended. */
void rni_reach_stack(rni_reach *r, uint32_t task);
void rni_reach_channel(rni_reach *r, uint32_t channel);
void rni_reach_context(rni_reach *r, uint32_t context);
/* Record i of s, which is of spawns. */
void rni_reach_spawn(rni_reach *r, const rni_span *s, uint32_t i);
/* Follows all edges from what has been marked. What is a suspect still is leaked. */
void rni_reach_follow(rni_reach *r);

/* The node of a context, or RNI_NO_NODE. */
uint32_t rni_reach_find_context(const rni_reach *r, const rn_ctx *c);
/* The node of the task that has this record, or RNI_NO_NODE. */
uint32_t rni_reach_find_task(const rni_reach *r, const rni_task *t);

#endif
