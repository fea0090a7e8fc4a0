/* SPDX-License-Identifier: MIT */
/* What the wrappers of calls.c ask of site.c: whether this call is the one to fail. */
#ifndef FAULTS_FAULT_H
#define FAULTS_FAULT_H

#include <stdbool.h>

enum { FAULT_SHORT = 9999 }; /* the code for a read or write that does less than it was asked */

/*
 * Counts a call. name is the function's, kind what fails with it from then on (all allocations are
 * of one kind), caller the return address. Returns 0, or the code of the error that the call must
 * report now.
 */
int fault_code(const char *name, const char *kind, const void *caller);

/* Writes what was counted; called where the process ends. */
void fault_report(void);

/* Set while this thread is inside the interposer, whose own calls are not counted. */
extern __thread int fault_inside;

#endif
