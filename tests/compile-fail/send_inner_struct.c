/* SPDX-License-Identifier: MIT */
/* expect: invalid initializer|incompatible type */
#include <runnel.h>

typedef struct apple {
    int x, y;
} apple;
typedef struct tree {
    apple first;
    int count;
} tree;

int f(rn_sender(tree) out, apple a);

int f(rn_sender(tree) out, apple a)
{
#ifdef GOOD
    return rn_send(out, { a, 1 });
#else
    return rn_send(out, a);
#endif
}
