/* SPDX-License-Identifier: MIT */
/*
 * The state of the reference model (program_model.c says what it is), and its parts: waits and
 * channels (model_channels.c), groups and locks (model_scopes.c).
 */
#ifndef FUZZ_MODEL_H
#define FUZZ_MODEL_H

#include "fuzz/program.h"

enum { ENTRIES_MAX = TASKS_MAX * CASES_MAX, BUFFER_MAX = 4 };

/* What a task that has begun a call may expect. */
typedef enum fate {
    IDLE,  /* it has begun none */
    WAITS, /* the call has not taken place */
    KNOWN, /* it has, or was given up; its result is known */
    OPEN   /* it is not known yet whether it has */
} fate;

typedef struct entry {
    int task, index; /* of the case; 0 for plain calls */
} entry;

typedef struct queue {
    entry list[ENTRIES_MAX];
    int n;
} queue;

typedef struct channel {
    uint32_t buffer[BUFFER_MAX];
    int count, cap; /* NOBODY: nil */
    bool closed;
    queue senders, receivers;
} channel;

typedef struct task {
    bool spawned, started, left;
    int group, shields;
    fate fate;
    const note *begin, *end; /* of its call; end: NULL if there is none */
    int rc, closed;          /* KNOWN: the results */
    bool ok;
    uint32_t value;
    bool queued;      /* it has waited for permits or the readers-writer lock */
    int64_t deadline; /* WAITS; INT64_MAX: none */
    int on_time;      /* its result then */
} task;

typedef struct group {
    bool open;
    int above;   /* whose cancellation cancels it, or ROOT */
    int around;  /* the group of the task that opened it, or ROOT */
    int live;    /* tasks */
    int cause;   /* 0: it is not cancelled */
    int64_t end; /* its own deadline */
} group;

typedef struct model {
    const program *p;
    const notes *notes;
    int64_t now;
    task tasks[TASKS_MAX];
    channel channels[ALL_CHANNELS_MAX];
    int64_t began, due; /* the run; the timer, INT64_MAX: it is not set */
    group groups[GROUPS_MAX];
    int holder[LOCKS];
    queue conds[LOCKS];
    int readers, writer, writers_waiting; /* of the readers-writer lock; writer: NOBODY */
    int permits, count;
    queue acquirers, rw_waiters;
    uint32_t given_up[NOTES_MAX]; /* values that must have been dropped */
    int n_given_up;
    const char *wrong;
} model;

extern model m;

/* Notes what is wrong; the first stays. */
void model_wrong(const char *what);

/* ---- waits (model_channels.c) ---- */

/* Task t's call has the result rc and no other; the caller enters what else it has. */
task *model_known(int t, int rc);
/* It waits, and returns on_time at the deadline. */
void model_waits(int t, int64_t deadline, int on_time);
bool model_is_select(const task *x);
void model_enqueue(queue *q, int t, int index);

/* ---- calls that begin ---- */

void model_select(int t, const call *c);
void model_channel(int t, const call *c);
void model_close(channel *c);
/* The timer's instant has come. */
void model_fire(void);
void model_timer(int t, const call *c);
/* Who is served by it: the first who waits, but for those whose waits something else has ended at
 * the same instant. False if the notes say that nobody is. */
bool model_timer_goes_to(entry *e);
/* A value that must be dropped. */
void model_discard(uint32_t value);

/* model_scopes.c */
bool model_is_cancelled(const task *x);
void model_cancel(int group, int cause);
/* Cancels the groups whose own deadline is `when`. */
void model_expire(int64_t when);
void model_group(int t, const call *c);
void model_leave(const note *n);
void model_lock(int t, const call *c);
void model_lock_ends(const note *n);
void model_cond(int t, const call *c);
void model_rw(int t, const call *c);
/* The readers-writer lock goes to those who may have it now. */
void model_admit(void);
void model_counted(int t, const call *c);
void model_serve_acquirers(void);

#endif
