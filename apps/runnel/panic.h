/* SPDX-License-Identifier: MIT */
/* What the command does when the library panics. */
#ifndef APP_PANIC_H
#define APP_PANIC_H

enum { EXIT_PANIC = 70 }; /* EX_SOFTWARE of <sysexits.h> */

/*
 * From now on a panic of the library ends the process with EXIT_PANIC, and not with the library's
 * status 2, which for `runnel check` means broken links. Short of memory it is one line and status
 * 1, as from xmalloc. Call it before rn_run.
 */
void panic_catch(void);

#endif
