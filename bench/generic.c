/* SPDX-License-Identifier: MIT */
/*
 * generic: what does an item cost in the chapter's pipeline repeat -> take -> toString, whose first
 * two stages carry values of any type?
 *
 * The program is the book's BenchmarkGeneric, stage for stage: a task and an unbuffered channel
 * each, and done in every select.
 */
#define CHAPTER_T rn_any
#include "chapter_tasks.h"

static int to_string(rn_receiver(rn_unit) done, rn_receiver(rn_any) in, rn_sender(const char *) out)
{
    int got = SENT;
    for (rn_any v; got == SENT && rn_recv(in, &v) == 0;)
        got = rn_select([DONE] = RN_DONE(done), [SENT] = RN_SEND(out, rn_any_string(v)));
    rn_close(out);
    return got < 0 ? got : 0;
}
RN_TASK(to_string, rn_receiver(rn_unit), rn_receiver(rn_any), rn_sender(const char *));

static int generic(int64_t n, size_t capacity, int64_t *check)
{
    (void)capacity;
    *check = 0;
    rn_group *g = rn_group_new(NULL);
    if (!g)
        return -ENOMEM;
    rn_chan(rn_unit) done = rn_make(g, rn_unit, 0);
    rn_chan(rn_any) repeated = rn_make(g, rn_any, 0);
    rn_chan(rn_any) taken = rn_make(g, rn_any, 0);
    rn_chan(const char *) strings = rn_make(g, const char *, 0);
    int rc = done && repeated && taken && strings ? 0 : -ENOMEM;
    if (rc == 0) {
        list words = { 2, { RN_ANY("I"), RN_ANY("am.") } };
        rn_go(g, repeat, rn_rx(done), rn_tx(repeated), words);
        rn_go(g, take, rn_rx(done), rn_rx(repeated), rn_tx(taken), n);
        rn_go(g, to_string, rn_rx(done), rn_rx(taken), rn_tx(strings));
        consume(rn_rx(strings), check);
        rn_close(done);
        rc = rn_group_wait(g);
    }
    rn_group_close(g);
    return rc;
}

int main(int argc, char **argv)
{
    return bench_main(argc, argv, (bench){ .name = "generic", .run = generic, .n = 500000 });
}
