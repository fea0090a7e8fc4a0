/* SPDX-License-Identifier: MIT */
/* expect: runnel: this does not point to the channel.*s element type */
#include <runnel.h>

int f(rn_receiver(int) in);

int f(rn_receiver(int) in)
{
#ifdef GOOD
    int v;
    return rn_recv(in, &v);
#else
    int v = 0;
    return rn_recv(in, v);
#endif
}
