/* SPDX-License-Identifier: MIT */
/*
 * Chapter: Queuing, where it does help: at the entrance, against feedback (the book has this in
 * prose only).
 *
 * Ten callers ask a pipeline that needs a second for each request. A caller that gets no answer in
 * time asks again, so the slower the pipeline is, the more it is asked: a death spiral. A queue at
 * the entrance breaks it, if callers are patient ("as long as the caller doesn't time out") or the
 * pipeline looks, when it takes a request from the queue, whether anybody still waits for it.
 *
 * Prints three lines; in the first, nobody but the first three is answered in the whole minute.
 */
#include <stdio.h>

#include <runnel.h>

enum { CALLERS = 10, QUEUE = 1000 };

typedef struct request {
    int64_t deadline;          /* the caller does not wait for longer */
    rn_sender(rn_unit) answer; /* has room for it */
} request;

static int call(rn_group *g, rn_sender(request) entrance, int64_t patience, rn_sender(int64_t) done)
{
    for (;;) {
        rn_unit nothing;
        rn_chan(rn_unit) answer = rn_make(g, rn_unit, 1);
        int64_t deadline = rn_now() + patience;
        int rc = rn_send(entrance, { deadline, rn_tx(answer) });
        if (rc == 0)
            rc = rn_recv_until(answer, &nothing, deadline);
        if (rc == 0)
            return rn_send(done, rn_now());
        if (rc != -ETIMEDOUT)
            return rc;
    }
}
RN_TASK(call, rn_group *, rn_sender(request), int64_t, rn_sender(int64_t));

static int serve(rn_receiver(request) entrance, bool looks, int *dead)
{
    int rc = 0;
    for (request r; rc == 0 && rn_recv(entrance, &r) == 0;) {
        if (looks && r.deadline <= rn_now())
            continue;
        rc = rn_sleep(RN_SECOND); /* the work */
        *dead += rc == 0 && r.deadline <= rn_now();
        if (rc == 0)
            rc = rn_send(r.answer, RN_UNIT);
    }
    return rc;
}
RN_TASK(serve, rn_receiver(request), bool, int *);

static int run(const char *title, int64_t patience, bool looks)
{
    int answered = 0, dead = 0;
    int64_t start = rn_now(), last = start, at;
    rn_group *g = rn_group_new(NULL);
    rn_chan(request) entrance = rn_make(g, request, QUEUE);
    rn_chan(int64_t) done = rn_make(g, int64_t, 0);
    for (int i = 0; i < CALLERS; i++)
        rn_go(g, call, g, rn_tx(entrance), patience, rn_tx(done));
    rn_go(g, serve, rn_rx(entrance), looks, &dead);

    int64_t until = start + RN_MINUTE - RN_SECOND / 2; /* not when an answer comes */
    for (; answered < CALLERS && rn_recv_until(done, &at, until) == 0; answered++)
        last = at;
    int rc = rn_group_close(g);
    printf("%-32s %2d of %d answered, the last after %2.0f s; %2d requests served for nobody\n",
           title, answered, CALLERS, (double)(last - start) / RN_SECOND, dead);
    return rc;
}

static int chapter(rn_group *g, void *unused)
{
    (void)g, (void)unused;
    int rc = run("they ask again after 3.6 s:", 36 * RN_SECOND / 10, false);
    if (rc == 0)
        rc = run("the same, and dead ones skipped:", 36 * RN_SECOND / 10, true);
    if (rc == 0)
        rc = run("they are patient:", RN_HOUR, false);
    return rc;
}

int main(void)
{
    return rn_run(chapter, NULL) == 0 ? 0 : 1;
}
