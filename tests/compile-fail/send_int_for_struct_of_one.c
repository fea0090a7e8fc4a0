/* SPDX-License-Identifier: MIT */
/* expect: invalid initializer|incompatible type */
#include <runnel.h>

typedef struct apple {
    int x;
} apple;

int f(rn_sender(apple) out, int x);

int f(rn_sender(apple) out, int x)
{
#ifdef GOOD
    return rn_send(out, { x });
#else
    return rn_send(out, x);
#endif
}
