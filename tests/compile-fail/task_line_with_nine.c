/* SPDX-License-Identifier: MIT */
/* expect: runnel: RN_TASK takes a function of up to eight parameters */
#include <runnel.h>

#ifdef GOOD
int work(int a, int b, int c, int d, int e, int f, int g, rn_sender(int) h);
RN_TASK(work, int, int, int, int, int, int, int, rn_sender(int));
#else
int work(int a, int b, int c, int d, int e, int f, int g, int h, rn_sender(int) i);
RN_TASK(work, int, int, int, int, int, int, int, int, rn_sender(int));
#endif
