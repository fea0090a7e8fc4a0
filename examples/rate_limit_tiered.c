/* SPDX-License-Identifier: MIT */
/*
 * Book, chapter 5: Rate limiting; limits for what a request needs.
 *
 * The API admits two requests a second and ten a minute; on top of that the disk serves one read a
 * second, and the network three calls a second. A list of limiters says what a request needs; it is
 * served when all of them admit it. The requests come a microsecond apart, so that the output is
 * always the same.
 *
 * Prints " 0.0 s ReadFile" up to " 9.0 s ReadFile", a second apart because of the disk, and between
 * and after them " 6.0 s ResolveAddress", "12.0 s ResolveAddress" up to "60.0 s ResolveAddress",
 * because of the minute; then "Done.".
 */
#include <stdio.h>

#include <runnel.h>

static rn_limiter second = RN_LIMITER(2, RN_SECOND, 2), minute = RN_LIMITER(10, RN_MINUTE, 10);
static rn_limiter disk = RN_LIMITER(1, RN_SECOND, 1), network = RN_LIMITER(3, RN_SECOND, 3);

static int read_file(void)
{
    rn_limiter *const needs[] = { &second, &minute, &disk };
    return rn_limiter_wait_all(needs, 3, 1);
}

static int resolve_address(void)
{
    rn_limiter *const needs[] = { &second, &minute, &network };
    return rn_limiter_wait_all(needs, 3, 1);
}

static int request(const char *name, int (*call)(void), int64_t start)
{
    int rc = call();
    if (rc == 0)
        printf("%4.1f s %s\n", (double)(rn_now() - start) / RN_SECOND, name);
    return rc;
}
RN_TASK(request, const char *, int (*)(void), int64_t);

static int chapter(rn_group *g, void *unused)
{
    (void)g, (void)unused;
    int64_t start = rn_now();
    rn_group *requests = rn_group_new(NULL);
    for (int i = 0; i < 20; i++) {
        if (i < 10)
            rn_go(requests, request, "ReadFile", read_file, start);
        else
            rn_go(requests, request, "ResolveAddress", resolve_address, start);
        rn_sleep(RN_MICROSECOND);
    }
    int rc = rn_group_wait(requests);
    printf("Done.\n");
    rn_group_close(requests);
    return rc;
}

int main(void)
{
    return rn_run(chapter, NULL) == 0 ? 0 : 1;
}
