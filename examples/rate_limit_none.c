/* SPDX-License-Identifier: MIT */
/*
 * Book, chapter 5: Rate limiting; an API without.
 *
 * Twenty requests, all served at once; the next programs put limits before the same API.
 *
 * Prints " 0.0 s ReadFile" and " 0.0 s ResolveAddress" ten times each, in any order, and "Done.".
 */
#include <stdio.h>

#include <runnel.h>

static int read_file(void)
{
    return 0; /* pretend we do work here */
}

static int resolve_address(void)
{
    return 0;
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
    for (int i = 0; i < 10; i++)
        rn_go(requests, request, "ReadFile", read_file, start);
    for (int i = 0; i < 10; i++)
        rn_go(requests, request, "ResolveAddress", resolve_address, start);
    int rc = rn_group_wait(requests);
    printf("Done.\n");
    rn_group_close(requests);
    return rc;
}

int main(void)
{
    return rn_run(chapter, NULL) == 0 ? 0 : 1;
}
