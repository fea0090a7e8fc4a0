/* SPDX-License-Identifier: MIT */
/* The task table, shared by the reports. */
#ifndef RNI_OBS_TABLE_H
#define RNI_OBS_TABLE_H

#include "core/task.h"
#include "obs/survey.h"

/* Writes a line for each task of a run whose state is wanted, those in the background excepted, to
 * fd; returns how many. Those that are among `leaked`, if that is not NULL, are marked. */
size_t rni_table_leaks(int fd, uint16_t run, bool (*wanted)(rni_why why), const rni_survey *leaked);

/* Writes a line for each task of those found that is still the same, and for each channel that one
 * of them waits on. */
void rni_table_found(int fd, const rni_survey *found);

#endif
