/* SPDX-License-Identifier: MIT */
/*
 * Which target is next: one queue per host, hosts taken in turn, at most `limit` requests at once
 * to each, none while a host has asked to wait.
 *
 * Confined to the frontier task. The queues run through the targets themselves (next_queued), so
 * they need no memory of their own however long they get.
 */
#ifndef APP_HOSTS_H
#define APP_HOSTS_H

#include "map.h"
#include "target.h"

typedef struct hosts {
    map by_name;
    host *all;
    host *ready, *ready_last; /* hosts that can be given work, in turn */
    host *paused;             /* hosts with work that must wait for their time */
    unsigned limit;           /* requests at once to one host */
    unsigned local_limit;     /* to the disk */
} hosts;

void hosts_fini(hosts *h);
/* Queues a target behind (or, to try again, before) the others of its host. */
void hosts_push(hosts *h, target *t, bool first);
/* The target to be given out next, or NULL. It stays in its queue until hosts_take. */
target *hosts_peek(hosts *h, int64_t now_ns);
void hosts_take(hosts *h, target *t);
/* A target that was taken is done with. */
void hosts_done(hosts *h, target *t);
/* Nothing goes to t's host before not_before_ns. */
void hosts_pause(hosts *h, target *t, int64_t not_before_ns);
/* Notes t's end: in vain, after all its retries, or with an answer. */
void hosts_note(const target *t, bool in_vain);
/* Whether t's host has let so many targets wait in vain, one after the other, that waiting for it
 * makes no sense any more. */
bool hosts_is_hopeless(const target *t);
/* When the next paused host may go on; INT64_MAX if none waits. */
int64_t hosts_next_ns(const hosts *h);

#endif
