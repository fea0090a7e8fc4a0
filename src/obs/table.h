/* SPDX-License-Identifier: MIT */
/* The task table, shared by the reports. */
#ifndef RNI_OBS_TABLE_H
#define RNI_OBS_TABLE_H

#include "core/task.h"

/* Writes a line for each task whose state is wanted, those in the background excepted (NULL: every
 * task), to fd; returns how many. */
size_t rni_table_tasks(int fd, bool (*wanted)(rni_why why));

#endif
