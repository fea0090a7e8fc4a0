/* SPDX-License-Identifier: MIT */
/* expect: runnel: .*receive-only channel */
#include <runnel.h>

int f(rn_receiver(int) in, rn_sender(int) out);

int f(__attribute__((unused)) rn_receiver(int) in, __attribute__((unused)) rn_sender(int) out)
{
#ifdef GOOD
    return rn_send(out, 1);
#else
    return rn_send(in, 1);
#endif
}
