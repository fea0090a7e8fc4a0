/* SPDX-License-Identifier: MIT */
/* expect-warning: excess elements */
#include <runnel.h>

int f(rn_sender(int) out);

int f(rn_sender(int) out)
{
#ifdef GOOD
    return rn_send(out, 1);
#else
    return rn_send(out, 1, 2);
#endif
}
