/* SPDX-License-Identifier: MIT */
/*
 * Chapter: The or-channel.
 *
 * or_channel() joins any number of done channels into one that closes as soon as one of them
 * closes. The recursion makes a tree of tasks that each wait for up to four channels; it collapses
 * from the top, because every branch also listens to the `or_done` of the one above.
 *
 * Differences: for no channels at all the chapter's comment promises the nil channel, and its code
 * returns a closed one; here the comment is right. A task gets its own copy of the list, since the
 * caller's array is gone when it runs. Go's three sleepers sleep on; here they end, cancelled, when
 * chapter() returns.
 *
 * Prints "done after 1.00...s, nums goroutines: N" with N from 4 (main and three sleepers) to 7,
 * and "nums generateNumGoroutine: 2, nums closedNumGoroutine K" with K from 0 to 2.
 */
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <runnel.h>

typedef rn_receiver(rn_unit) done_channel;

static atomic_int generated, closed;

static done_channel or_channel(rn_group *g, size_t n, const done_channel *channels);

/* Owns channels. */
static int or_task(rn_group *g, size_t n, done_channel *channels, rn_chan(rn_unit) or_done)
{
    int got;
    atomic_fetch_add(&generated, 1);
    if (n == 2) {
        got = rn_select(RN_DONE(channels[0]), RN_DONE(channels[1]));
    } else {
        done_channel rest[n - 2]; /* channels[3], ... and or_done */
        memcpy(rest, channels + 3, (n - 3) * sizeof *rest);
        rest[n - 3] = rn_rx(or_done);
        got = rn_select(RN_DONE(channels[0]), RN_DONE(channels[1]), RN_DONE(channels[2]),
                        RN_DONE(or_channel(g, n - 2, rest)));
    }
    rn_close(or_done);
    atomic_fetch_add(&closed, 1);
    free(channels);
    return got < 0 ? got : 0;
}
RN_TASK(or_task, rn_group *, size_t, done_channel *, rn_chan(rn_unit));

static done_channel or_channel(rn_group *g, size_t n, const done_channel *channels)
{
    if (n == 0)
        return NULL;
    if (n == 1)
        return channels[0];
    done_channel *copy = malloc(n * sizeof *copy);
    if (!copy) {
        rn_group_cancel(g, -ENOMEM); /* as rn_make does: nobody may wait on nil */
        return NULL;
    }
    memcpy(copy, channels, n * sizeof *copy);
    rn_chan(rn_unit) or_done = rn_make(g, rn_unit, 0);
    if (rn_go(g, or_task, g, n, copy, or_done) != 0)
        free(copy);
    return rn_rx(or_done);
}

static int close_later(int64_t after, rn_sender(rn_unit) c)
{
    int rc = rn_sleep(after);
    rn_close(c);
    return rc;
}
RN_TASK(close_later, int64_t, rn_sender(rn_unit));

static done_channel sig(rn_group *g, int64_t after)
{
    rn_chan(rn_unit) c = rn_make(g, rn_unit, 0);
    rn_go(g, close_later, after, rn_tx(c));
    return rn_rx(c);
}

static int chapter(rn_group *g, void *unused)
{
    (void)unused;
    int64_t start = rn_now();
    done_channel signals[] = { sig(g, RN_SECOND), sig(g, RN_HOUR), sig(g, RN_HOUR),
                               sig(g, RN_HOUR) };
    rn_wait(or_channel(g, 4, signals));
    printf("done after %.3fs, nums goroutines: %zu\n", (double)(rn_now() - start) / RN_SECOND,
           rn_task_count());
    printf("nums generateNumGoroutine: %d, nums closedNumGoroutine %d\n", atomic_load(&generated),
           atomic_load(&closed));
    return 0;
}

int main(void)
{
    return rn_run(chapter, NULL) == 0 ? 0 : 1;
}
