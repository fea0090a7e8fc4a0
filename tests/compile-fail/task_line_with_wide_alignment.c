/* SPDX-License-Identifier: MIT */
/* expect: runnel: a parameter of a task is aligned to more than 16: pass a pointer */
#include <runnel.h>

typedef struct lane {
    _Alignas(32) float v[8];
} lane;

#ifdef GOOD
int work(lane *l, int n);
RN_TASK(work, lane *, int);
#else
int work(lane l, int n);
RN_TASK(work, lane, int);
#endif
