/* SPDX-License-Identifier: MIT */
/* expect: runnel: no destination; to discard the value, use RN_DONE or rn_wait */
#include <runnel.h>

int f(rn_receiver(int) in);

int f(rn_receiver(int) in)
{
#ifdef GOOD
    return rn_wait(in);
#else
    return rn_recv(in, NULL);
#endif
}
