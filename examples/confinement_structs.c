/* SPDX-License-Identifier: MIT */
/*
 * Chapter: Confinement, of a structure that is not safe for concurrent use (the book's program; the
 * notes leave it out).
 *
 * Two tasks each get their own half of one buffer, by value, as a pointer and a length; neither can
 * name the other half, so no lock is needed. Go waits for them with a sync.WaitGroup, and so does
 * this. The group that the tasks belong to counts them already: rn_group_wait would do without.
 *
 * Prints "gol" and "ang", in either order.
 */
#include <stdio.h>

#include <runnel.h>

typedef struct slice {
    const char *bytes;
    size_t n;
} slice;

static int print_data(rn_waitgroup *wg, slice data)
{
    char buffer[16];
    size_t n = 0;
    for (size_t i = 0; i < data.n && n < sizeof buffer; i++)
        buffer[n++] = data.bytes[i];
    printf("%.*s\n", (int)n, buffer);
    rn_waitgroup_done(wg);
    return 0;
}
RN_TASK(print_data, rn_waitgroup *, slice);

static int chapter(rn_group *g, void *unused)
{
    (void)unused;
    static const char data[] = { 'g', 'o', 'l', 'a', 'n', 'g' };
    rn_waitgroup wg = { 0 };
    rn_waitgroup_add(&wg, 2);
    rn_go(g, print_data, &wg, (slice){ data, 3 });
    rn_go(g, print_data, &wg, (slice){ data + 3, 3 });
    return rn_waitgroup_wait(&wg);
}

int main(void)
{
    return rn_run(chapter, NULL) == 0 ? 0 : 1;
}
