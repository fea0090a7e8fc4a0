/* SPDX-License-Identifier: MIT */
/*
 * Chapter: Fan-out, fan-in (the book's program; the notes stop at fanIn's signature).
 *
 * Finding primes, in the slowest way there is, is a stage that takes long and does not care for
 * order. So it is started once for each worker; all of them read one stream, and fan_in merges what
 * they find. The numbers are a tenth of the book's, which took 23 s on one CPU and 5 s on eight.
 *
 * The wait group must outlive fan_in, which returns at once: the task that closes the merged stream
 * owns it. After closing `done`, main reads on until that stream ends too: then every finder has
 * ended, also one in the middle of a number. fan_out_group.c has this from its group.
 *
 * Prints "Spinning up N prime finders.", "Primes:", ten primes, one a line, and "Search took: ...".
 */
#include <stdio.h>
#include <stdlib.h>

#include <runnel.h>

enum { DONE, SENT, LIMIT = 50 * 1000 * 1000 / 10, FINDERS_MAX = 64 };

static int random_ints(rn_receiver(rn_unit) done, rn_sender(int) ints)
{
    int got = SENT;
    while (got == SENT)
        got = rn_select([DONE] = RN_DONE(done), [SENT] = RN_SEND(ints, rand() % LIMIT));
    rn_close(ints);
    return got < 0 ? got : 0;
}
RN_TASK(random_ints, rn_receiver(rn_unit), rn_sender(int));

static bool is_prime(int n)
{
    for (int divisor = n - 1; divisor > 1; divisor--)
        if (n % divisor == 0)
            return false;
    return n > 1;
}

static int find_primes(rn_receiver(rn_unit) done, rn_receiver(int) ints, rn_sender(int) primes)
{
    int got = SENT;
    for (int n; got == SENT && rn_recv(ints, &n) == 0;)
        if (is_prime(n))
            got = rn_select([DONE] = RN_DONE(done), [SENT] = RN_SEND(primes, n));
    rn_close(primes);
    return got < 0 ? got : 0;
}
RN_TASK(find_primes, rn_receiver(rn_unit), rn_receiver(int), rn_sender(int));

static int multiplex(rn_waitgroup *wg, rn_receiver(rn_unit) done, rn_receiver(int) c,
                     rn_sender(int) merged)
{
    int got = SENT;
    for (int v; got == SENT && rn_recv(c, &v) == 0;)
        got = rn_select([DONE] = RN_DONE(done), [SENT] = RN_SEND(merged, v));
    rn_waitgroup_done(wg);
    return got < 0 ? got : 0;
}
RN_TASK(multiplex, rn_waitgroup *, rn_receiver(rn_unit), rn_receiver(int), rn_sender(int));

static int close_merged(rn_waitgroup *wg, rn_sender(int) merged)
{
    rn_shield(); /* those who use wg end even if the group is cancelled */
    int rc = rn_waitgroup_wait(wg);
    rn_unshield();
    rn_close(merged);
    free(wg);
    return rc;
}
RN_TASK(close_merged, rn_waitgroup *, rn_sender(int));

static rn_receiver(int) fan_in(rn_group *g, rn_receiver(rn_unit) done, rn_receiver(int) *channels,
                               int n)
{
    rn_chan(int) merged = rn_make(g, int, 0);
    rn_waitgroup *wg = calloc(1, sizeof *wg);
    if (!wg) {
        rn_group_cancel(g, -ENOMEM); /* as rn_make does: nobody may wait on nil */
        return NULL;
    }
    rn_waitgroup_add(wg, n);
    if (rn_go(g, close_merged, wg, rn_tx(merged)) != 0) {
        free(wg);
        return NULL;
    }
    for (int i = 0; i < n; i++)
        if (rn_go(g, multiplex, wg, done, channels[i], rn_tx(merged)) != 0)
            rn_waitgroup_done(wg);
    return rn_rx(merged);
}

static int chapter(rn_group *g, void *unused)
{
    (void)unused;
    int64_t start = rn_now();
    int n = rn_worker_count() < FINDERS_MAX ? (int)rn_worker_count() : FINDERS_MAX;
    rn_chan(rn_unit) done = rn_make(g, rn_unit, 0);
    rn_chan(int) ints = rn_make(g, int, 0);
    rn_go(g, random_ints, rn_rx(done), rn_tx(ints));

    printf("Spinning up %d prime finders.\n", n);
    rn_receiver(int) finders[FINDERS_MAX];
    for (int i = 0; i < n; i++) {
        rn_chan(int) primes = rn_make(g, int, 0);
        rn_go(g, find_primes, rn_rx(done), rn_rx(ints), rn_tx(primes));
        finders[i] = rn_rx(primes);
    }

    printf("Primes:\n");
    int prime;
    rn_receiver(int) primes = fan_in(g, rn_rx(done), finders, n);
    for (int i = 0; i < 10 && rn_recv(primes, &prime) == 0; i++)
        printf("\t%d\n", prime);
    rn_close(done);
    while (rn_recv(primes, &prime) == 0)
        ;
    printf("Search took: %.2fs\n", (double)(rn_now() - start) / RN_SECOND);
    return 0;
}

int main(void)
{
    return rn_run(chapter, NULL) == 0 ? 0 : 1;
}
