/* SPDX-License-Identifier: MIT */
/* The task table, shared by the reports. */
#ifndef RNI_OBS_TABLE_H
#define RNI_OBS_TABLE_H

#include "core/task.h"

/* Writes a line for each task of a run whose state is wanted, those in the background excepted, to
 * fd; returns how many. */
size_t rni_table_leaks(int fd, uint16_t run, bool (*wanted)(rni_why why));

#endif
