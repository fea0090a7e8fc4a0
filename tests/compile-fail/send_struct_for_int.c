/* SPDX-License-Identifier: MIT */
/* expect: incompatible type */
#include <runnel.h>

typedef struct apple {
    int x;
} apple;

int f(rn_sender(int) out, apple a);

int f(rn_sender(int) out, apple a)
{
#ifdef GOOD
    return rn_send(out, a.x);
#else
    return rn_send(out, a);
#endif
}
