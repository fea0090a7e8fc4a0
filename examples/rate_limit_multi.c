/* SPDX-License-Identifier: MIT */
/*
 * Book, chapter 5: Rate limiting; limits in layers.
 *
 * Not more than two requests a second, evenly, and not more than ten a minute. A request waits
 * until both limiters admit it, and costs a token of each. The bucket of the minute is full at
 * first: the first ten go at the rate of the second, the others every six seconds. The requests
 * come a microsecond apart, so that the output is always the same.
 *
 * Prints " 0.0 s ReadFile", " 0.5 s ReadFile" up to " 4.5 s ReadFile", " 6.0 s ResolveAddress",
 * "12.0 s ResolveAddress" up to "60.0 s ResolveAddress", and "Done.".
 */
#include <stdio.h>

#include <runnel.h>

static rn_limiter second = RN_LIMITER(2, RN_SECOND, 1);
static rn_limiter minute = RN_LIMITER(10, RN_MINUTE, 10);
static rn_limiter *const api[] = { &second, &minute };

static int read_file(void)
{
    return rn_limiter_wait_all(api, 2, 1);
}

static int resolve_address(void)
{
    return rn_limiter_wait_all(api, 2, 1);
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
