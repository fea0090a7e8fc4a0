/* SPDX-License-Identifier: MIT */
/* A part of rest.c that is wrong: it loses one of each kind that the account knows. */
#define _GNU_SOURCE
#include <runnel.h>

#include <errno.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <sys/mman.h>

#include "rest.h"

int rest_lost(rn_group *g, void *unused)
{
    (void)unused;
    rn_chan(int) c = rn_make(g, int, 0);
    void *volatile block = malloc(100);
    void *mapping = mmap(NULL, 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (!c || !block || mapping == MAP_FAILED || eventfd(0, EFD_CLOEXEC) < 0)
        return -ENOMEM;
    rn_ref(c);
    return 0;
}
