/* SPDX-License-Identifier: MIT */
/* expect: invalid initializer|incompatible type */
#include <runnel.h>

typedef struct apple {
    int x, y;
} apple;

int f(rn_sender(apple) out, int x);

int f(rn_sender(apple) out, int x)
{
#ifdef GOOD
    return rn_send_until(out, RN_FOREVER, { .x = x });
#else
    return rn_send_until(out, RN_FOREVER, x);
#endif
}
