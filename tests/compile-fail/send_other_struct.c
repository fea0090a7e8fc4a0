/* SPDX-License-Identifier: MIT */
/* expect: incompatible type|invalid initializer */
#include <runnel.h>

typedef struct apple {
    int x;
} apple;
typedef struct pear {
    int x;
} pear;

int f(rn_sender(apple) out, apple a, pear p);

int f(rn_sender(apple) out, apple a, pear p)
{
#ifdef GOOD
    (void)p;
    return rn_send(out, a);
#else
    (void)a;
    return rn_send(out, p);
#endif
}
