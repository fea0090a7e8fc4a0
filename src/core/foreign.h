/* SPDX-License-Identifier: MIT */
/* Foreign threads: threads of the application that use the library. For the files of core. */
#ifndef RNI_CORE_FOREIGN_H
#define RNI_CORE_FOREIGN_H

#include "core/task.h"

/* The calling thread's record, made at its first call and given back when the thread ends. */
rni_task *rni_foreign_self(void);

/* The calling thread now is, or no longer is, a worker: it is not counted as foreign meanwhile. */
void rni_foreign_becomes_worker(bool yes);

/* Whether this process is a child made by fork, and not by the library itself. */
bool rni_forked(void);

int rni_foreign_wait(rni_task *t);
void rni_foreign_wake(rni_task *t);

/* Ends t's wait because its deadline has passed; in park.c. */
void rni_task_timed_out(rni_task *t);

#endif
