/* SPDX-License-Identifier: MIT */
/* kit: not-under-sanitizers */
/* Memory that is short is not taken for success. (The sanitizers' allocators end the process when
 * asked for what this asks for.) */
#include <runnel.h>

#include "kit/kit.h"

enum { TOO_MANY_BITS = 60 };

static int reader(rn_sender(int) done, rn_receiver(char) nil)
{
    char c;
    CHECK_EQ(rn_recv(nil, &c), -ECANCELED);
    rn_close(done);
    return 0;
}
RN_TASK(reader, rn_sender(int), rn_receiver(char));

/* As programs do that look at nothing: the task would wait on the nil channel for ever. */
static int careless(rn_group *g, void *arg)
{
    rn_chan(int) done = rn_make(g, int, 0);
    rn_chan(char) nil = NULL;
    rn_go(g, reader, rn_tx(done), rn_rx(nil));
    rn_sleep(RN_MILLISECOND);
    nil = rn_make(g, char, (size_t)1 << TOO_MANY_BITS);
    CHECK(!nil);
    CHECK_EQ(rn_ctx_cause(rn_group_ctx(g)), -ENOMEM);
    return *(int *)arg;
}

TEST(channel_without_memory_fails_its_group_and_the_run)
{
    int rc = 0;
    CHECK_EQ(rn_run(careless, &rc), -ENOMEM);
    rc = 7;
    CHECK_EQ(rn_run(careless, &rc), 7);
    rc = -EIO;
    CHECK_EQ(rn_run(careless, &rc), -EIO);
}

static int inner(rn_group *g, void *arg)
{
    (void)g;
    int rc = 0;
    CHECK_EQ(rn_run(careless, &rc), -ENOMEM); /* inline: a group below g */
    return *(int *)arg;
}

TEST(run_without_memory_in_a_task_leaves_the_callers_group_alone)
{
    int rc = 0;
    CHECK_EQ(rn_run(inner, &rc), 0);
}

static int impossible(rn_group *g, void *arg)
{
    (void)arg;
    CHECK(!rn_make(g, int, SIZE_MAX)); /* no memory would do */
    return rn_ctx_cause(rn_group_ctx(g));
}

TEST(impossible_channel_fails_no_group)
{
    CHECK_EQ(rn_run(impossible, NULL), 0);
}
