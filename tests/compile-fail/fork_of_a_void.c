/* SPDX-License-Identifier: MIT */
/* expect: runnel: a forked function returns a value */
#include <runnel.h>

#ifdef GOOD
int work(int n);
RN_FORK(work, int, int);
#else
void work(int n);
RN_FORK(work, void, int);
#endif
