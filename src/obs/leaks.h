/* SPDX-License-Identifier: MIT */
/* The check of leaks, for the reports. */
#ifndef RNI_OBS_LEAKS_H
#define RNI_OBS_LEAKS_H

#include "obs/survey.h"

/* Finds the tasks that are leaked now. How many, or why that cannot be told. Every call needs its
 * rni_leaks_free. */
int rni_leaks_find(rni_survey *out);
void rni_leaks_free(rni_survey *s);
/* Whether that, which rni_leaks_find has returned, is no error; else a line on fd says which. */
bool rni_leaks_looked(int fd, int found);

/* Whether t is one of them still. */
bool rni_leaks_has(const rni_survey *s, const rni_task *t);

#endif
