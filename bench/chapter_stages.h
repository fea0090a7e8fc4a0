/* SPDX-License-Identifier: MIT */
/*
 * The pipeline repeat -> take -> toString made of the library's stages, between ends that send and
 * receive many values at a time: what batched and fused measure. The group is their done.
 */
#ifndef BENCH_CHAPTER_STAGES_H
#define BENCH_CHAPTER_STAGES_H

#include "chapter.h"

enum { MANY = 64 };

/* Sends the words again and again. (rn_repeat would, too, but its channel has no buffer.) */
static int repeat(rn_sender(rn_any) out)
{
    rn_any words[MANY];
    for (int i = 0; i < MANY; i++)
        words[i] = i % 2 ? RN_ANY("am.") : RN_ANY("I");
    int rc = 0;
    while (rc == 0)
        rc = rn_send_n(out, words, MANY, NULL);
    rn_close(out);
    return rc;
}
RN_TASK(repeat, rn_sender(rn_any));

static void consume_many(rn_receiver(const char *) strings, int64_t *check)
{
    int64_t i = 0;
    const char *some[MANY];
    for (size_t got; rn_recv_n(strings, some, MANY, &got) == 0;)
        for (size_t k = 0; k < got; k++)
            chapter_check(check, i++, some[k]);
}

/* Starts the stage, take and all, on the repeated words in the given mode. */
static int pipeline(rn_group *g, rn_stage(rn_any, const char *) stage, rn_mode mode, int64_t *check)
{
    *check = 0;
    rn_chan(rn_any) words = rn_make(g, rn_any, MANY);
    int rc = words && stage ? rn_go(g, repeat, rn_tx(words)) : -ENOMEM;
    if (rc == 0)
        consume_many(rn_start_with(g, words, stage, mode), check);
    return rc;
}

#endif
