/* SPDX-License-Identifier: MIT */
/*
 * What the patterns cost on the machine at hand: the figures of the tutorial's pages.
 *
 *     build/bin/tutorial-costs            all pages
 *     build/bin/tutorial-costs tee        the page on the tee-channel
 *
 * Prints nanoseconds for one operation, the least of 30 rounds: what else the machine does can only
 * add to it. RUNNEL_WORKERS=1 shows what the calls cost, more workers what moving between cores
 * adds. RUNNEL_COSTS_ROUNDS=1 is for tests. What works on no value does nothing with it: these are
 * the prices of the channels and tasks in a pattern, not of a program.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "costs.h"

static const costs_row *const tables[] = { costs_basics, costs_streams, costs_contexts,
                                           costs_scale };

/* The least time of a row's rounds, INT64_MAX if there is none, or a negative error. */
static int64_t least_of(const costs_row *row, int rounds)
{
    int64_t least = INT64_MAX;
    for (int round = 0; round < rounds; round++) {
        rn_group *here = rn_group_new(NULL);
        if (!here)
            return -ENOMEM;
        int64_t ns = row->run(here, row->n);
        rn_group_close(here);
        if (ns > 0 && ns < least)
            least = ns;
    }
    return least == INT64_MAX ? -EIO : least;
}

static int run_rows(rn_group *g, void *page)
{
    (void)g;
    const char *rounds_text = getenv("RUNNEL_COSTS_ROUNDS");
    int rounds = rounds_text ? atoi(rounds_text) : 30, shown = 0;
    for (size_t i = 0; i < sizeof tables / sizeof *tables; i++)
        for (const costs_row *row = tables[i]; row->page; row++) {
            if (page && strcmp(page, row->page) != 0)
                continue;
            int64_t least = least_of(row, rounds);
            if (least < 0)
                return (int)least;
            printf("%-20s %-34s %8.1f ns\n", row->page, row->what, (double)least / row->n);
            shown++;
        }
    return shown ? 0 : -EINVAL;
}

int main(int argc, char **argv)
{
    int rc = rn_run(run_rows, argc > 1 ? argv[1] : NULL);
    if (rc != 0)
        fprintf(stderr, "tutorial-costs: %s\n", rn_strerror(rc));
    return rc == 0 ? 0 : 1;
}
