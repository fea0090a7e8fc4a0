/* SPDX-License-Identifier: MIT */
/* Assertions of a library that fail on hostile input: caught where the caller can go on without
 * it. */
#ifndef APP_ASSERTION_H
#define APP_ASSERTION_H

/*
 * From now on an assertion that fails on this thread calls leave(arg), which must not return: it
 * longjmps out of the library, whose state is lost. NULL: it ends the process, as without this.
 */
void assertion_catch(void (*leave)(void *arg), void *arg);

#endif
