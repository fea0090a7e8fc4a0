/* SPDX-License-Identifier: MIT */
/* expect: invalid type argument|indirection requires pointer|subscripted value */
#include <runnel.h>

int f(rn_receiver(int) in, int *p);

int f(rn_receiver(int) in, int *p)
{
#ifdef GOOD
    return rn_recv(in, p);
#else
    (void)in;
    return rn_recv(5, p);
#endif
}
