/* SPDX-License-Identifier: MIT */
/*
 * rn_dump as a string, and a wait for what it says. A test that needs another task to have reached
 * its wait asks for that line; a sleep only hopes, and a busy machine or an emulator breaks it.
 */
#ifndef RUNNEL_TESTS_DUMPED_H
#define RUNNEL_TESTS_DUMPED_H

#include <runnel.h>

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "kit/kit.h"

/* Static, so one caller at a time. */
static inline const char *dumped(void)
{
    static char text[1 << 16];
    FILE *file = tmpfile();
    CHECK(file);
    rn_dump(fileno(file));
    ssize_t n = pread(fileno(file), text, sizeof text - 1, 0);
    CHECK(n > 0);
    text[n] = '\0';
    fclose(file);
    return text;
}

static inline int lines_with(const char *text, const char *part)
{
    int n = 0;
    for (const char *at = text; (at = strstr(at, part)) != NULL; at += strlen(part))
        n++;
    return n;
}

/* Lets the other tasks run until `count` lines of the dump have the part. From a task only. */
static inline void until_dumped(const char *part, int count)
{
    for (int64_t limit = rn_now() + 10 * RN_SECOND; lines_with(dumped(), part) != count;) {
        if (rn_now() > limit) {
            fprintf(stderr, "%s\n", dumped());
            kit_fail(__FILE__, __LINE__, part);
        }
        rn_yield();
    }
}

#endif
