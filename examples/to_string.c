/* SPDX-License-Identifier: MIT */
/*
 * Chapter: Some handy generators, the toString stage (the book's program; the notes leave it out).
 *
 * The streams carry rn_any, which is what interface{} is for here: a value with a tag that tells
 * its type. The stage asserts that each value is a string and sends it on a stream of strings. A
 * value of another type would end the program with a report, as Go's type assertion panics.
 *
 * Prints "message: Iam.Iam.I..." without a newline.
 */
#include <stdio.h>
#include <string.h>

#include <runnel.h>

enum { DONE, SENT };

typedef struct list {
    size_t n;
    rn_any values[8];
} list;

/* The first num values of the list, which is repeated: the chapter's repeat and take in one. */
static int repeat_some(rn_receiver(rn_unit) done, rn_sender(rn_any) out, list values, size_t num)
{
    int got = SENT;
    for (size_t i = 0; got == SENT && i < num; i++)
        got = rn_select([DONE] = RN_DONE(done), [SENT] = RN_SEND(out, values.values[i % values.n]));
    rn_close(out);
    return got < 0 ? got : 0;
}
RN_TASK(repeat_some, rn_receiver(rn_unit), rn_sender(rn_any), list, size_t);

static rn_receiver(rn_any) repeat(rn_group *g, rn_receiver(rn_unit) done, list values, size_t num)
{
    rn_chan(rn_any) value_stream = rn_make(g, rn_any, 0);
    rn_go(g, repeat_some, done, rn_tx(value_stream), values, num);
    return rn_rx(value_stream);
}

static int assert_strings(rn_receiver(rn_unit) done, rn_receiver(rn_any) value_stream,
                          rn_sender(const char *) string_stream)
{
    int got = SENT;
    for (rn_any v; got == SENT && rn_recv(value_stream, &v) == 0;)
        got = rn_select([DONE] = RN_DONE(done), [SENT] = RN_SEND(string_stream, rn_any_string(v)));
    rn_close(string_stream);
    return got < 0 ? got : 0;
}
RN_TASK(assert_strings, rn_receiver(rn_unit), rn_receiver(rn_any), rn_sender(const char *));

static rn_receiver(const char *) to_string(rn_group *g, rn_receiver(rn_unit) done,
                                           rn_receiver(rn_any) value_stream)
{
    rn_chan(const char *) string_stream = rn_make(g, const char *, 0);
    rn_go(g, assert_strings, done, value_stream, rn_tx(string_stream));
    return rn_rx(string_stream);
}

static int chapter(rn_group *g, void *unused)
{
    (void)unused;
    char message[64] = "";
    rn_chan(rn_unit) done_channel = rn_make(g, rn_unit, 0);
    rn_receiver(rn_unit) done = rn_rx(done_channel);
    list words = { 2, { RN_ANY("I"), RN_ANY("am.") } };
    rn_receiver(const char *) tokens = to_string(g, done, repeat(g, done, words, 5));
    for (const char *token; rn_recv(tokens, &token) == 0;)
        strcat(message, token);
    printf("message: %s...", message);
    rn_close(done_channel);
    return 0;
}

int main(void)
{
    return rn_run(chapter, NULL) == 0 ? 0 : 1;
}
