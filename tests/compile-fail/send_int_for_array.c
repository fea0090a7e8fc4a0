/* SPDX-License-Identifier: MIT */
/* expect: invalid initializer|incompatible type|array initializer must be */
#include <runnel.h>

int f(rn_sender(int[3]) out, int x);

int f(rn_sender(int[3]) out, int x)
{
#ifdef GOOD
    return rn_send(out, { x });
#else
    return rn_send(out, x);
#endif
}
