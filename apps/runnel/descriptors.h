/* SPDX-License-Identifier: MIT */
/* File descriptors: that 0, 1 and 2 are nothing else, and that there are enough. */
#ifndef APP_DESCRIPTORS_H
#define APP_DESCRIPTORS_H

#include <stdbool.h>

/* Fills 0, 1 and 2 where the caller closed them. Call it before anything is opened. */
void descriptors_fill(void);

/*
 * Raises the limit of open files to what *jobs fetchers may need. If the system refuses, lowers
 * *jobs and says so on stderr; returns false, with a line on stderr too, if not even one can work.
 */
bool descriptors_reserve(unsigned *jobs);

#endif
