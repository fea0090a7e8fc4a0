/* SPDX-License-Identifier: MIT */
/* expect: runnel: the element type of a channel must not be const or volatile */
#include <runnel.h>

int f(rn_sender(int) c, rn_sender(const int) out);

int f(rn_sender(int) c, rn_sender(const int) out)
{
#ifdef GOOD
    (void)out;
    return rn_send(c, 1);
#else
    (void)c;
    return rn_send(out, 1);
#endif
}
