/* SPDX-License-Identifier: MIT */
/*
 * typed: what does an item cost in the chapter's pipeline repeat -> take, whose stages carry
 * strings and need no toString?
 *
 * The program is the book's BenchmarkTyped, stage for stage: a task and an unbuffered channel each,
 * and done in every select.
 */
#define CHAPTER_T const char *
#include "chapter_tasks.h"

static int typed(int64_t n, size_t capacity, int64_t *check)
{
    (void)capacity;
    *check = 0;
    rn_group *g = rn_group_new(NULL);
    if (!g)
        return -ENOMEM;
    rn_chan(rn_unit) done = rn_make(g, rn_unit, 0);
    rn_chan(const char *) repeated = rn_make(g, const char *, 0);
    rn_chan(const char *) taken = rn_make(g, const char *, 0);
    int rc = done && repeated && taken ? 0 : -ENOMEM;
    if (rc == 0) {
        list words = { 2, { "I", "am." } };
        rn_go(g, repeat, rn_rx(done), rn_tx(repeated), words);
        rn_go(g, take, rn_rx(done), rn_rx(repeated), rn_tx(taken), n);
        consume(rn_rx(taken), check);
        rn_close(done);
        rc = rn_group_wait(g);
    }
    rn_group_close(g);
    return rc;
}

int main(int argc, char **argv)
{
    return bench_main(argc, argv, (bench){ .name = "typed", .run = typed, .n = 1000000 });
}
