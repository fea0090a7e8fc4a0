/* SPDX-License-Identifier: MIT */
/* expect-gcc: makes (integer from pointer|pointer from integer)|incompatible types|wrong-type */
/* expect-clang: incompatible (pointer to integer|integer to pointer) conversion */
#include <runnel.h>

int f(rn_sender(int *) out, int *p);

int f(rn_sender(int *) out, int *p)
{
#ifdef GOOD
    return rn_send(out, p);
#else
    return rn_send(out, *p);
#endif
}
