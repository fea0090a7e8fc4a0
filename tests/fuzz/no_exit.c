/* SPDX-License-Identifier: MIT */
/*
 * The library ends the process by _exit after a panic or a report of a deadlock, which neither
 * libFuzzer nor plain.c would take for a crash, and the input would be lost. So it finds this one.
 */
#include "fuzz/fuzz.h"

#include <unistd.h>

void _exit(int status)
{
    fprintf(stderr, "fuzz: the library ends the process with status %d\n", status);
    abort();
}
