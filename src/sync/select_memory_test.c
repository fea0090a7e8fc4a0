/* SPDX-License-Identifier: MIT */
/* kit: not-under-sanitizers */
/* kit: not-under-qemu */
/*
 * Behaviour 96 of CONFORMANCE.md: repeated selects take no memory (Go: 100 000). A file of its own,
 * because the resident memory of a sanitizer or of an emulator tells nothing.
 */
#include "kit/kit.h"

#include <stdio.h>

#include "sync/chan_peek.h"

static long resident_pages(void)
{
    long size = 0, resident = 0;
    FILE *f = fopen("/proc/self/statm", "r");
    CHECK(f && fscanf(f, "%ld %ld", &size, &resident) == 2);
    fclose(f);
    return resident;
}

static int wait_many_times(rn_receiver(int) a, rn_receiver(int) b, int n)
{
    int v;
    for (int i = 0; i < n; i++)
        if (rn_select(RN_RECV(a, &v, NULL), RN_RECV(b, &v, NULL), RN_AFTER(RN_HOUR)) < 0)
            return -EINVAL;
    return 0;
}
RN_TASK(wait_many_times, rn_receiver(int), rn_receiver(int), int);

TASK_TEST(repeated_selects_take_no_memory)
{
    rn_chan(int) a = rn_make(g, int, 0), b = rn_make(g, int, 1);
    rn_go(g, wait_many_times, rn_rx(a), rn_rx(b), 100000);
    long before = 0;
    for (int i = 0; i < 100000; i++) {
        if (i == 10000)
            before = resident_pages();
        CHECK(rn_select(RN_SEND(a, i), RN_SEND(b, i)) >= 0);
    }
    CHECK(resident_pages() - before < 60); /* 240 KiB; a byte a select would be less than that */
    return 0;
}
