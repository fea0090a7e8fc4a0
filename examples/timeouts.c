/* SPDX-License-Identifier: MIT */
/*
 * Book, chapter 5: Timeouts and cancellation; how long a stage goes on after it was told to stop.
 *
 * A task learns that it is cancelled in every call that could wait, and where it asks. What lies
 * between two of these points is atomic; so the longest atomic step is the longest that a stage may
 * outlive its deadline. Both stages below compute six steps of a second between a receive and a
 * send, and have two and a half seconds; one of them asks between the steps. Its result is written
 * once, when it is whole, so that there is nothing to roll back.
 *
 * Prints "only around the calculation: deadline exceeded, ended after 6.0 s, results: 0", and the
 * same for "between its steps" after 3.0 s.
 */
#include <stdio.h>

#include <runnel.h>

enum { STEPS = 6 };

/* A second of computing: the shield keeps the cancellation from cutting the sleep short. */
static void atomic_step(void)
{
    rn_shield();
    rn_sleep(RN_SECOND);
    rn_unshield();
}

static int calculate(int value, bool ask, int *result)
{
    int sum = 0;
    for (int i = 0; i < STEPS; i++) {
        if (ask && rn_cancelled())
            return -ECANCELED;
        atomic_step();
        sum += value;
    }
    *result = sum;
    return 0;
}

static int stage(rn_receiver(int) values, rn_sender(int) results, bool ask)
{
    int value, result, rc = rn_recv(values, &value);
    if (rc == 0)
        rc = calculate(value, ask, &result);
    if (rc == 0)
        rc = rn_send(results, result);
    return rc;
}
RN_TASK(stage, rn_receiver(int), rn_sender(int), bool);

static int time_out(rn_group *g, const char *where, bool ask)
{
    int64_t start = rn_now();
    rn_ctx *limit = rn_ctx_with_timeout(rn_group_ctx(g), 5 * RN_SECOND / 2);
    if (!limit)
        return -ENOMEM;
    rn_group *work = rn_group_new(limit);
    rn_chan(int) results = rn_make(g, int, 1);
    rn_go(work, stage, rn_generator(g, int, 7), rn_tx(results), ask);
    int rc = rn_group_wait(work);
    printf("%s: %s, ended after %.1f s, results: %zu\n", where, rn_strerror(rc),
           (double)(rn_now() - start) / RN_SECOND, rn_len(results));
    rn_group_close(work);
    rn_ctx_unref(limit);
    return 0;
}

static int chapter(rn_group *g, void *unused)
{
    (void)unused;
    int rc = time_out(g, "only around the calculation", false);
    return rc ? rc : time_out(g, "between its steps", true);
}

int main(void)
{
    return rn_run(chapter, NULL) == 0 ? 0 : 1;
}
