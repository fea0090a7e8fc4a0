/* SPDX-License-Identifier: MIT */
/* What a group does when it closes. */
#include <runnel.h>

#include <stdatomic.h>
#include <string.h>

#include "kit/kit.h"

static char notes[64];
static _Atomic(int) tasks_ended;

static void note(void *arg)
{
    strcat(notes, arg);
}

static int end_late(void)
{
    rn_shield();
    rn_sleep(2 * RN_MILLISECOND);
    rn_unshield();
    atomic_fetch_add(&tasks_ended, 1);
    return 0;
}
RN_TASK(end_late);

static void note_tasks(void *arg)
{
    (void)arg;
    CHECK_EQ(atomic_load(&tasks_ended), 2);
    CHECK_EQ(rn_sleep(RN_MILLISECOND), 0); /* may wait */
    strcat(notes, "t");
}

static int open_child(void)
{
    rn_group *child = rn_group_new(NULL);
    CHECK_EQ(rn_group_defer(child, note, "child "), 0);
    CHECK_EQ(rn_go(child, end_late), 0);
    return 0; /* left to its parent */
}
RN_TASK(open_child);

TASK_TEST(group_calls_what_was_deferred_last_first_when_all_is_over)
{
    (void)g;
    notes[0] = '\0';
    atomic_store(&tasks_ended, 0);
    rn_group *h = rn_group_new(NULL);
    CHECK_EQ(rn_group_defer(h, note, "a"), 0);
    CHECK_EQ(rn_group_defer(h, note, "b"), 0);
    CHECK_EQ(rn_group_defer(h, note_tasks, NULL), 0);
    CHECK_EQ(rn_go(h, end_late), 0);
    CHECK_EQ(rn_go(h, open_child), 0);
    CHECK_EQ(rn_group_wait(h), 0);
    CHECK_EQ(strcmp(notes, ""), 0);
    CHECK_EQ(rn_group_close(h), 0);
    CHECK_EQ(strcmp(notes, "child tba"), 0);
    return 0;
}

static void send_last(void *arg)
{
    rn_chan(int) c = *(rn_chan(int) *)arg;
    CHECK_EQ(rn_try_send(c, 7), 0); /* channels are still there */
}

static void defer_more(void *arg)
{
    CHECK_EQ(rn_group_defer(arg, note, "x"), -ECANCELED);
}

TASK_TEST(group_that_closes_takes_nothing_more_and_still_has_its_channels)
{
    (void)g;
    notes[0] = '\0';
    rn_group *h = rn_group_new(NULL);
    rn_chan(int) c = rn_make(h, int, 1);
    CHECK_EQ(rn_group_defer(h, send_last, &c), 0);
    CHECK_EQ(rn_group_defer(h, defer_more, h), 0);
    CHECK_EQ(rn_group_close(h), 0);
    CHECK_EQ(strcmp(notes, ""), 0);
    return 0;
}

static int make_until_the_end(rn_group *h, rn_sender(int) begun)
{
    CHECK_EQ(rn_send(begun, 1), 0);
    while (!rn_cancelled()) {
        rn_chan(int) c = rn_make(h, int, 0);
        CHECK(c != NULL);
        rn_free(c);
    }
    for (int i = 0; i < 3; i++) {
        CHECK(rn_make(h, int, 0) != NULL); /* clean-up may need it */
        CHECK_EQ(rn_group_defer(h, note, ""), 0);
        rn_shield();
        rn_yield();
        rn_unshield();
    }
    return 0;
}
RN_TASK(make_until_the_end, rn_group *, rn_sender(int));

TASK_TEST(group_that_closes_still_serves_its_tasks)
{
    rn_chan(int) begun = rn_make(g, int, 0);
    int v;
    for (int i = 0; i < 300; i++) {
        rn_group *h = rn_group_new(NULL);
        CHECK_EQ(rn_go(h, make_until_the_end, h, rn_tx(begun)), 0);
        CHECK_EQ(rn_recv(begun, &v), 0);
        CHECK_EQ(rn_group_close(h), 0);
    }
    return 0;
}
