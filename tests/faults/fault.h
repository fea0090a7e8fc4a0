/* SPDX-License-Identifier: MIT */
/* What the wrappers of calls.c ask of site.c: whether this call is the one to fail. */
#ifndef FAULTS_FAULT_H
#define FAULTS_FAULT_H

#include <stdbool.h>
#include <stddef.h>

enum {
    FAULT_SHORT = 9999, /* the code for a read or write that does less than it was asked */
    FAULT_SITES_MAX = 1 << 14
};

/*
 * Counts a call. name is the function's, kind what fails with it from then on (all allocations are
 * of one kind), caller the return address. Returns 0, or the code of the error that the call must
 * report now.
 */
int fault_code(const char *name, const char *kind, const void *caller);

/* A process begins: this one, or a child of fork, which has not been given anything yet. */
void fault_start_process(void);

/* Writes what was counted and what is left; called where the process ends. */
void fault_report(void);

/*
 * The number of the site of a call that was just made, or -1 if it is not seen: before the
 * constructor and inside the interposer.
 */
int fault_site(const char *name, const char *kind, const void *caller);

/* Writes a line into the log: "live WHAT N AMOUNT" and the site, which is "? ..." for -1. */
void fault_say_live(int number, const char *what, unsigned n, size_t amount);

__attribute__((format(printf, 1, 2))) void fault_say(const char *format, ...);

/* Set while this thread is inside the interposer, whose own calls are not counted. */
extern __thread int fault_inside;

#endif
