/* SPDX-License-Identifier: MIT */
/* expect: runnel: this does not point to the channel.*s element type */
#include <runnel.h>

int f(rn_receiver(int) in, int *p, char *q, size_t *n);

int f(rn_receiver(int) in, int *p, char *q, size_t *n)
{
#ifdef GOOD
    (void)q;
    return rn_recv_n(in, p, 2, n);
#else
    (void)p;
    return rn_recv_n(in, q, 2, n);
#endif
}
