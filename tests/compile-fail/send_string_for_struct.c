/* SPDX-License-Identifier: MIT */
/* expect: invalid initializer|incompatible type */
#include <runnel.h>

typedef struct page {
    const char *url;
    int depth;
} page;

int f(rn_sender(page) out);

int f(rn_sender(page) out)
{
#ifdef GOOD
    return rn_send(out, { "http://x", 1 });
#else
    return rn_send(out, "http://x");
#endif
}
