/* SPDX-License-Identifier: MIT */
/*
 * How many threads of the process are TSan's own, which the verdict that all is dead (verdict.c)
 * must know exactly: one too many hides a thread of the program's that is about to call, one too
 * few hides the deadlock.
 *
 * TSan starts one with the first pthread_create of the process and notes that it has (a forked
 * child inherits the note). It starts one in a forked child, too, whatever the note says. So a
 * child that was forked before the first pthread_create gets one from the fork, `early`, and later
 * another. A child of a process that has threads of its own may not create any.
 */
#include <pthread.h>

#include "base/san.h"
#include "core/worker.h"
#include "os/os.h"

static unsigned early;        /* 1 in such a child, else 0 */
static bool before_the_first; /* during a fork: no thread has been created; under the fork's lock */

static void prepare(void)
{
    before_the_first = rni_os_thread_count() == 1 + early;
}

static void in_child(void)
{
    early = before_the_first;
}

__attribute__((constructor(102))) static void look(void)
{
    if (rni_san_is(RNI_SAN_THREAD))
        pthread_atfork(prepare, NULL, in_child);
}

unsigned rni_san_threads(void)
{
    return rni_san_is(RNI_SAN_THREAD) ? 1 + early : 0;
}
