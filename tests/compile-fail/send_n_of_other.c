/* SPDX-License-Identifier: MIT */
/* expect: runnel: this does not point to the channel.*s element type */
#include <runnel.h>

int f(rn_sender(int) out, const int *p, const char *q);

int f(rn_sender(int) out, const int *p, const char *q)
{
#ifdef GOOD
    (void)q;
    return rn_send_n(out, p, 2, NULL);
#else
    (void)p;
    return rn_send_n(out, q, 2, NULL);
#endif
}
