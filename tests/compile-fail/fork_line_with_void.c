/* SPDX-License-Identifier: MIT */
/* expect: runnel: a function without parameters has the line RN_FORK */
#include <runnel.h>

int work(void);
#ifdef GOOD
RN_FORK(work, int);
#else
RN_FORK(work, int, void);
#endif
