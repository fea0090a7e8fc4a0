/* SPDX-License-Identifier: MIT */
/* expect: type and those of up to eight parameters */
#include <runnel.h>

#ifdef GOOD
int work(int a, int b, int c, int d, int e, int f, int g, rn_sender(int) h);
RN_FORK(work, int, int, int, int, int, int, int, int, rn_sender(int));
#else
int work(int a, int b, int c, int d, int e, int f, int g, int h, rn_sender(int) i);
RN_FORK(work, int, int, int, int, int, int, int, int, int, rn_sender(int));
#endif
