/* SPDX-License-Identifier: MIT */
/* expect: runnel: a send takes one value of the channel.*s element type */
#include <runnel.h>

int f(rn_sender(int) out, int a, int b);

int f(rn_sender(int) out, int a, int b)
{
#ifdef GOOD
    return rn_send(out, a + b);
#else
    return rn_send(out, a, b);
#endif
}
