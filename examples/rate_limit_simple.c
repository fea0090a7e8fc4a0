/* SPDX-License-Identifier: MIT */
/*
 * Book, chapter 5: Rate limiting; one request a second.
 *
 * A bucket that holds one token and gets one a second; each request takes one. The requests come a
 * microsecond apart, so that the output is always the same.
 *
 * Prints " 0.0 s ReadFile" up to " 9.0 s ReadFile", "10.0 s ResolveAddress" up to "19.0 s
 * ResolveAddress", and "Done.".
 */
#include <stdio.h>

#include <runnel.h>

static rn_limiter limit = RN_LIMITER(1, RN_SECOND, 1);

static int read_file(void)
{
    return rn_limiter_wait(&limit, 1);
}

static int resolve_address(void)
{
    return rn_limiter_wait(&limit, 1);
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
