/* SPDX-License-Identifier: MIT */
/* Every task and thread that the library knows, for reports. Any thread; none of them waits. */
#ifndef RNI_CORE_RECORDS_H
#define RNI_CORE_RECORDS_H

#include "core/task.h"

/* Calls fn for every task record that was ever used, live or not. In stack.c. */
void rni_stack_each(void (*fn)(rni_task *t, void *arg), void *arg);

/* Calls fn for every task that is queued and has not started, those with large arguments excepted.
 * In spawn.c. */
void rni_spawn_each(void (*fn)(rni_spawn *s, void *arg), void *arg);

/* Calls fn for every foreign thread's record in use. In foreign.c. */
void rni_foreign_each(void (*fn)(rni_task *t, void *arg), void *arg);

#endif
