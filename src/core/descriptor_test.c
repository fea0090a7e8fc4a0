/* SPDX-License-Identifier: MIT */
/* The table of descriptors, and events that come late. */
#define _GNU_SOURCE
#include <runnel.h>

#include <fcntl.h>
#include <limits.h>
#include <unistd.h>

#include "core/descriptor.h"
#include "kit/kit.h"

static int wait_readable(int fd, rn_sender(int) results)
{
    return rn_send(results, rn_fd_wait(fd, RN_READABLE, RN_FOREVER));
}
RN_TASK(wait_readable, int, rn_sender(int));

/* The key that the poller has for fd once a task waits for it. */
static uint64_t key_when_waited_for(int fd)
{
    rni_descriptor *d = rni_descriptor_of(fd);
    for (;;) {
        rni_lock_take(&d->lock);
        bool waits = d->waiters.head;
        uint64_t key = (uint64_t)d->armings << 32 | (unsigned)fd;
        rni_unlock(&d->lock);
        if (waits)
            return key;
        rn_sleep(RN_MILLISECOND);
    }
}

TASK_TEST(descriptor_event_of_an_earlier_wait_ends_no_later_one)
{
    int ends[2], rc;
    char byte;
    rn_chan(int) results = rn_make(g, int, 1);
    CHECK_EQ(pipe2(ends, O_CLOEXEC), 0);
    CHECK_EQ(rn_go(g, wait_readable, ends[0], rn_tx(results)), 0);
    uint64_t earlier = key_when_waited_for(ends[0]);
    CHECK_EQ(write(ends[1], "x", 1), 1);
    CHECK_EQ(rn_recv(results, &rc), 0);
    CHECK_EQ(rc, RN_READABLE);
    CHECK_EQ(read(ends[0], &byte, 1), 1);

    CHECK_EQ(rn_go(g, wait_readable, ends[0], rn_tx(results)), 0);
    uint64_t present = key_when_waited_for(ends[0]);
    CHECK(present != earlier);
    rni_descriptor_ready(earlier, RN_READABLE);
    CHECK_EQ(rn_recv_until(results, &rc, rn_now() + 5 * RN_MILLISECOND), -ETIMEDOUT);
    rni_descriptor_ready(present, RN_WRITABLE); /* it does not wait for that */
    CHECK_EQ(rn_recv_until(results, &rc, rn_now() + 5 * RN_MILLISECOND), -ETIMEDOUT);
    rni_descriptor_ready(key_when_waited_for(ends[0]), RN_READABLE | RN_WRITABLE);
    CHECK_EQ(rn_recv(results, &rc), 0);
    CHECK_EQ(rc, RN_READABLE);
    close(ends[0]);
    close(ends[1]);
    return 0;
}

TEST(descriptor_table_has_an_entry_for_each_number)
{
    rni_descriptor *first = rni_descriptor_of(0);
    CHECK(first && rni_descriptor_of(0) == first);
    for (int fd = 1; fd < 1000; fd++) {
        CHECK(rni_descriptor_of(fd) && rni_descriptor_of(fd) == rni_descriptor_of(fd));
        CHECK(rni_descriptor_of(fd) != rni_descriptor_of(fd - 1));
    }
    CHECK(rni_descriptor_of((1 << 20) - 1) != NULL);
    CHECK(rni_descriptor_of(1 << 20) == NULL);
    CHECK(rni_descriptor_of(INT_MAX) == NULL);
}
