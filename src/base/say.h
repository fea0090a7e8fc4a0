/* SPDX-License-Identifier: MIT */
/* Reports and last words, written whole. */
#ifndef RNI_BASE_SAY_H
#define RNI_BASE_SAY_H

#include <stddef.h>

/* Writes n bytes to fd: all of them, through signals, short writes and the fullness of an fd that
 * does not block, which gets a second to take more; unless fd refuses. Any thread, signal handlers
 * too; leaves errno alone; may block the thread. */
void rni_say(int fd, const char *text, size_t n);

#endif
