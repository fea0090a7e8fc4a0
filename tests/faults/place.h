/* SPDX-License-Identifier: MIT */
/*
 * Where a call comes from.
 *
 * src/os wraps most system calls in a function of its own, so the place is followed outward from
 * there: `at` is the frame that made the call, `from` the first frame of the program that is no
 * such wrapper. A call that another library makes (malloc in OpenSSL) has that library's name
 * instead of `at`, and `from` is the place in the program that had called into it; 0 on threads
 * that the library made. Both are offsets in the program's file, for addr2line. Frames are found
 * with the unwinder of gcc's runtime, which the call frame information of every object, the
 * assembly included, allows.
 */
#ifndef FAULTS_PLACE_H
#define FAULTS_PLACE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { PLACE_NAME_BYTES = 40 };

typedef struct place {
    const char *name, *kind;
    uintptr_t at, from;
    char module[PLACE_NAME_BYTES]; /* "-" for the program */
} place;

/* Finds the program, and where the wrappers are in it: "LO-HI,..." in hexadecimal. */
void place_start(const char *wrappers);

/* The place of the call name, which returns to caller. */
void place_find(place *p, const char *name, const char *kind, const void *caller);
bool place_same(const place *a, const place *b);

/* The frames of the program, from here outward: " OFFSET" for each. */
void place_trace(char *text, size_t bytes);

#endif
