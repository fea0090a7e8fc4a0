/* SPDX-License-Identifier: MIT */
/* expect: expected identifier */
#include <runnel.h>

typedef struct apple {
    int x, y;
} apple;

int f(rn_sender(apple) out);

int f(rn_sender(apple) out)
{
#ifdef GOOD
    return rn_send(out, { 1, 2 });
#else
    return rn_send(out, 1, 2);
#endif
}
