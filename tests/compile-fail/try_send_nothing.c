/* SPDX-License-Identifier: MIT */
/* expect: runnel: a send takes one value of the channel.*s element type */
#include <runnel.h>

int f(rn_sender(int) out);

int f(rn_sender(int) out)
{
#ifdef GOOD
    return rn_try_send(out, 1);
#else
    return rn_try_send(out);
#endif
}
