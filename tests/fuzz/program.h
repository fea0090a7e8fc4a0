/* SPDX-License-Identifier: MIT */
/*
 * Random programs of channels, selects, groups and locks: what they are, how bytes become one
 * (program_read.c), how one is run and what is noted (program_run.c), and how the notes are
 * compared with a sequential model (program_model.c).
 *
 * A program is a list of scripts. Each is run at most once, as a task of a group; it makes its
 * calls one after the other. A task of its own, the judge, opens the groups, starts the scripts
 * that are to begin at once, sleeps until nothing moves any more, notes that, and then cancels and
 * closes all groups.
 *
 * A simulated run has one thread, and whatever a call of the library does without waiting it does
 * before another task runs. So the notes are in the order of the effects: a call that is noted as
 * begun has taken place, or waits, before the next note is made. That is what makes a simple model
 * exact.
 */
#ifndef FUZZ_PROGRAM_H
#define FUZZ_PROGRAM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    CHANNELS_MAX = 4,
    GROUPS_MAX = 4,
    SCRIPTS_MAX = 8,
    CALLS_MAX = 14,
    CASES_MAX = 4,
    LOCKS = 2,
    TIMER = CHANNELS_MAX, /* the number of the timer's channel */
    DONE = TIMER + 1,     /* those of the groups' done channels begin here */
    ALL_CHANNELS_MAX = DONE + GROUPS_MAX,
    JUDGE = SCRIPTS_MAX, /* its number among the tasks */
    TASKS_MAX = SCRIPTS_MAX + 1,
    NOTES_MAX = 1024,
    NOBODY = -1,
    ROOT = -1 /* the judge's own group, which nobody cancels */
};

/* A call of the library. The letter is its name in the text of a program. A CHANNEL that is only
 * received from may also be T, the timer's, or D and a GROUP, that group's done channel. */
typedef enum op {
    OP_SEND,        /* s CHANNEL */
    OP_RECV,        /* r CHANNEL */
    OP_DISCARD,     /* w CHANNEL */
    OP_TRY_SEND,    /* S CHANNEL */
    OP_TRY_RECV,    /* R CHANNEL */
    OP_SEND_UNTIL,  /* t CHANNEL MS */
    OP_RECV_UNTIL,  /* u CHANNEL MS */
    OP_CLOSE,       /* x CHANNEL */
    OP_LENGTH,      /* l CHANNEL */
    OP_SELECT,      /* c CASES . */
    OP_ORDERED,     /* v CASES . */
    OP_YIELD,       /* y */
    OP_SLEEP,       /* z MS */
    OP_LOCK,        /* m LOCK */
    OP_TRY_LOCK,    /* M LOCK */
    OP_UNLOCK,      /* o LOCK */
    OP_COND_WAIT,   /* f LOCK: waits on the condition that belongs to a lock it holds */
    OP_SIGNAL,      /* F LOCK */
    OP_BROADCAST,   /* B LOCK */
    OP_RLOCK,       /* n: of the readers-writer lock */
    OP_RUNLOCK,     /* N */
    OP_WLOCK,       /* k */
    OP_WUNLOCK,     /* b */
    OP_RESET,       /* T MS: the timer */
    OP_STOP,        /* Q */
    OP_ACQUIRE,     /* a PERMITS */
    OP_TRY_ACQUIRE, /* A PERMITS */
    OP_RELEASE,     /* e PERMITS */
    OP_ADD,         /* p */
    OP_DONE,        /* d */
    OP_WAIT,        /* W */
    OP_CANCEL,      /* C GROUP CAUSE */
    OP_EXPIRE,      /* K GROUP CAUSE: its context above, if it has one of its own */
    OP_JOIN,        /* G GROUP */
    OP_CANCELLED,   /* q */
    OP_SHIELD,      /* h */
    OP_UNSHIELD,    /* H */
    OP_GO,          /* g SCRIPT GROUP */
    OP_OPEN,        /* O GROUP */
    OP_SHUT,        /* X GROUP */
    OP_FAIL,        /* E CAUSE */
    OPS
} op;

typedef enum case_kind {
    CASE_RECV,    /* r CHANNEL */
    CASE_SEND,    /* s CHANNEL */
    CASE_DISCARD, /* w CHANNEL */
    CASE_AFTER,   /* a MS */
    CASE_DEFAULT, /* d */
    CASE_NONE,    /* n */
    CASES
} case_kind;

typedef struct one_case {
    case_kind kind;
    int channel;
    int64_t ns;
} one_case;

typedef struct call {
    op op;
    int object; /* channel, lock, group or script */
    int other;  /* the group of OP_GO; permits */
    int cause;  /* negative */
    int64_t ns;
    one_case cases[CASES_MAX];
    int n_cases;
} call;

typedef struct script {
    int group;
    bool at_once;
    call calls[CALLS_MAX];
    int n;
} script;

typedef struct program {
    uint64_t seed;
    bool pct;
    int n_channels, n_groups, n_scripts;
    int capacity[CHANNELS_MAX]; /* NOBODY: a nil channel */
    int permits;                /* of the semaphore, at the start */
    struct {
        bool early;      /* the judge opens it; others are opened by a task, below its own */
        int parent;      /* early: the group above, or ROOT */
        int64_t timeout; /* early: of its context; 0: none */
    } groups[GROUPS_MAX];
    script scripts[SCRIPTS_MAX];
} program;

typedef enum note_kind {
    NOTE_START, /* of a task */
    NOTE_BEGIN, /* of a call */
    NOTE_END,
    NOTE_LEAVE, /* the task is about to return rc */
    NOTE_QUIET  /* nothing has moved for an hour */
} note_kind;

typedef struct note {
    note_kind kind;
    int task;
    const call *call; /* BEGIN, END */
    int64_t now;
    int rc;         /* END, LEAVE */
    int closed;     /* END of a select: the case whose status is -EPIPE, or NOBODY */
    bool ok;        /* END of a select: what a receive says of its value */
    uint32_t value; /* BEGIN: what is sent (by case i of a select: value + i); END: received */
} note;

/* What happened. Values that the library dropped are in no order. */
typedef struct notes {
    note list[NOTES_MAX];
    int n;
    uint32_t dropped[NOTES_MAX];
    int n_dropped;
    uint64_t hash; /* of the run's decisions */
} notes;

/* Every text is a program: what makes no sense is taken for something that does. */
void program_read(program *p, const uint8_t *data, size_t size);
/* Prints it to stderr in the same form, one script a line. */
void program_print(const program *p);
const char *program_op_name(op o);

/* Runs it; false if that could not be done. */
bool program_run(const program *p, notes *out);

/* NULL if the notes are what the documented semantics allow, else what is wrong; *at is the note
 * where it was seen. */
const char *program_check(const program *p, const notes *n, int *at);

#endif
