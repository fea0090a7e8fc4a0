/* SPDX-License-Identifier: MIT */
#ifndef RNI_BASE_SAY_H
#define RNI_BASE_SAY_H

#include <stddef.h>

/* Writes n bytes to fd: all of them, through signals and short writes, unless fd refuses. Any
 * thread, signal handlers too; leaves errno alone; may block the thread. */
void rni_say(int fd, const char *text, size_t n);

#endif
