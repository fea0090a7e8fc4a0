/* SPDX-License-Identifier: MIT */
/* expect-first: runnel: this is not a channel handle */
#include <runnel.h>

rn_channel *f(rn_sender(int) out, int (*array)[3]);

rn_channel *f(rn_sender(int) out, int (*array)[3])
{
#ifdef GOOD
    return array ? rn_untyped(out) : NULL;
#else
    return out ? rn_untyped(array) : NULL;
#endif
}
