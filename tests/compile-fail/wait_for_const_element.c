/* SPDX-License-Identifier: MIT */
/* expect: runnel: the element type of a channel must not be const or volatile */
#include <runnel.h>

int f(rn_receiver(int) in, rn_receiver(const int) constant);

int f(rn_receiver(int) in, rn_receiver(const int) constant)
{
#ifdef GOOD
    (void)constant;
    return rn_wait(in);
#else
    (void)in;
    return rn_wait(constant);
#endif
}
