/* SPDX-License-Identifier: MIT */
/*
 * Chapter: Fan-out, fan-in, as runnel writes it.
 *
 * Spreading a stage is starting it n times on one stream, and rn_fan_in merges what comes out. (For
 * a map, rn_parallel_map is both.) Closing the group stops the endless generator and waits for the
 * finders.
 *
 * Prints "Spinning up N prime finders.", "Primes:", ten primes, one a line, and "Search took: ...".
 */
#include <stdio.h>
#include <stdlib.h>

#include <runnel.h>

enum { LIMIT = 50 * 1000 * 1000 / 10, FINDERS_MAX = 64 };

static int random_int(void)
{
    return rand() % LIMIT;
}
RN_SOURCE(random_int, int);

static bool is_prime(int n)
{
    for (int divisor = n - 1; divisor > 1; divisor--)
        if (n % divisor == 0)
            return false;
    return n > 1;
}
RN_STAGE(is_prime, bool, int);

static int chapter(rn_group *g, void *unused)
{
    (void)g, (void)unused;
    int64_t start = rn_now();
    unsigned n = rn_worker_count() < FINDERS_MAX ? rn_worker_count() : FINDERS_MAX;
    rn_group *search = rn_group_new(NULL);
    rn_receiver(int) ints = rn_repeat_fn(search, random_int);

    printf("Spinning up %u prime finders.\n", n);
    rn_receiver(int) finders[FINDERS_MAX];
    for (unsigned i = 0; i < n; i++)
        finders[i] = rn_filter(search, ints, is_prime);

    printf("Primes:\n");
    rn_receiver(int) primes = rn_take(search, rn_fan_in(search, finders, n), 10);
    for (int prime; rn_recv(primes, &prime) == 0;)
        printf("\t%d\n", prime);
    int rc = rn_group_close(search);
    printf("Search took: %.2fs\n", (double)(rn_now() - start) / RN_SECOND);
    return rc;
}

int main(void)
{
    return rn_run(chapter, NULL) == 0 ? 0 : 1;
}
