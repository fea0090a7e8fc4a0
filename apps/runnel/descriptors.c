/* SPDX-License-Identifier: MIT */
/*
 * A fetcher without a descriptor for its socket would call a good link broken, so no more fetchers
 * are started than the limit can serve.
 */
#include "descriptors.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/resource.h>

/* libcurl keeps up to 4 connections for a fetcher, and takes 4 descriptors to wake it and to look
 * up names; a page or a directory is open for a moment. The rest: the scheduler's and ours. */
enum { PER_FETCHER = 10, REST = 32 };

/*
 * Else a server's socket could become 2, and get what is meant for people. /dev/null is opened the
 * wrong way round, so that a report to a closed stdout still fails.
 */
void descriptors_fill(void)
{
    for (int fd = 0; fd <= 2; fd++)
        if (fcntl(fd, F_GETFD) < 0 && open("/dev/null", fd == 0 ? O_WRONLY : O_RDONLY) < 0)
            return;
}

bool descriptors_reserve(unsigned *jobs)
{
    struct rlimit limit;
    rlim_t want = (rlim_t)*jobs * PER_FETCHER + REST;
    if (getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur >= want)
        return true;
    limit.rlim_cur = limit.rlim_max < want ? limit.rlim_max : want;
    if (setrlimit(RLIMIT_NOFILE, &limit) != 0)
        getrlimit(RLIMIT_NOFILE, &limit);
    if (limit.rlim_cur >= want)
        return true;
    unsigned files = (unsigned)limit.rlim_cur;
    if (files < PER_FETCHER + REST) {
        fprintf(stderr, "runnel check: the limit of open files is %u, at least %d are needed\n",
                files, PER_FETCHER + REST);
        return false;
    }
    unsigned fewer = (files - REST) / PER_FETCHER;
    fprintf(stderr, "runnel check: %u links at once, not %u, as the limit of open files is %u\n",
            fewer, *jobs, files);
    *jobs = fewer;
    return true;
}
