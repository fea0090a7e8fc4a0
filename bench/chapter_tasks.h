/* SPDX-License-Identifier: MIT */
/*
 * Stages of the chapter "Some handy generators", as the book writes them, for elements of the type
 * CHAPTER_T: a task and an unbuffered channel each, and done in every select. What generic and
 * typed measure.
 */
#ifndef BENCH_CHAPTER_TASKS_H
#define BENCH_CHAPTER_TASKS_H

#include "chapter.h"

enum { DONE, SENT };

typedef struct list {
    size_t n;
    CHAPTER_T values[2];
} list;

static int repeat(rn_receiver(rn_unit) done, rn_sender(CHAPTER_T) out, list values)
{
    int got = SENT;
    while (got == SENT)
        for (size_t i = 0; got == SENT && i < values.n; i++)
            got = rn_select([DONE] = RN_DONE(done), [SENT] = RN_SEND(out, values.values[i]));
    rn_close(out);
    return got < 0 ? got : 0;
}
RN_TASK(repeat, rn_receiver(rn_unit), rn_sender(CHAPTER_T), list);

static int take(rn_receiver(rn_unit) done, rn_receiver(CHAPTER_T) in, rn_sender(CHAPTER_T) out,
                int64_t n)
{
    int got = SENT;
    CHAPTER_T v;
    for (int64_t i = 0; got == SENT && i < n && rn_recv(in, &v) == 0; i++)
        got = rn_select([DONE] = RN_DONE(done), [SENT] = RN_SEND(out, v));
    rn_close(out);
    return got < 0 ? got : 0;
}
RN_TASK(take, rn_receiver(rn_unit), rn_receiver(CHAPTER_T), rn_sender(CHAPTER_T), int64_t);

/* Receives all strings, one at a time. */
static void consume(rn_receiver(const char *) strings, int64_t *check)
{
    int64_t i = 0;
    for (const char *s; rn_recv(strings, &s) == 0;)
        chapter_check(check, i++, s);
}

#endif
