/* SPDX-License-Identifier: MIT */
/*
 * Runs a function in a child process and returns how it ended and what it wrote to stderr, for
 * tests that look at more than one part of a report. Call it before the test's own process has used
 * the library: a fork's child may only exec once the workers run.
 */
#ifndef RUNNEL_TESTS_CAPTURE_H
#define RUNNEL_TESTS_CAPTURE_H

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "kit/kit.h"

struct capture {
    int status;      /* the exit status, or 128 + signal */
    char text[8192]; /* the first of what came on stderr */
};

/* fn returns the exit status; the child ends with exit(), so that exit handlers run. */
static inline void capture(struct capture *c, int (*fn)(void))
{
    int ends[2], status = 0;
    size_t used = 0;
    CHECK_EQ(pipe(ends), 0);
    fflush(NULL);
    pid_t pid = fork();
    CHECK(pid >= 0);
    if (pid == 0) {
        dup2(ends[1], 2);
        close(ends[0]);
        close(ends[1]);
        alarm(60);
        exit(fn());
    }
    close(ends[1]);
    for (ssize_t n; used < sizeof c->text - 1 &&
                    (n = read(ends[0], c->text + used, sizeof c->text - 1 - used)) > 0;)
        used += (size_t)n;
    c->text[used] = '\0';
    close(ends[0]);
    CHECK(waitpid(pid, &status, 0) == pid);
    c->status = WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

/* Fails the test and shows the whole report if a part is missing. */
static inline void capture_has(const struct capture *c, const char *part)
{
    if (strstr(c->text, part))
        return;
    fprintf(stderr, "%s\n", c->text);
    kit_fail(__FILE__, __LINE__, part);
}

static inline void capture_lacks(const struct capture *c, const char *part)
{
    if (!strstr(c->text, part))
        return;
    fprintf(stderr, "%s\n", c->text);
    kit_fail(__FILE__, __LINE__, part);
}

#endif
