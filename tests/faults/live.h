/* SPDX-License-Identifier: MIT */
/* What the program has been given and not given back: memory, mappings, descriptors (live.c). */
#ifndef FAULTS_LIVE_H
#define FAULTS_LIVE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { LIVE_NONE = -1 };

/* The call name, made from caller, has given the program `bytes` at p. NULL is nothing. */
void live_took(const void *p, size_t bytes, const char *name, const char *kind, const void *caller);

/*
 * The program gives back what is at p, or is about to, so that nobody can be given the same before
 * this is noted. Returns where it had been taken, for live_restore if it is kept after all, or
 * LIVE_NONE.
 */
int live_gave(const void *p, size_t *bytes);
void live_restore(const void *p, size_t bytes, int site);

/* The same for descriptors. */
void live_descriptor(int fd, const char *name, const char *kind, const void *caller);
void live_closed(int fd);

/* Begins to note, and finds which descriptors are open already. */
void live_start(void);

/* One of the blocks and mappings that are there. */
typedef struct live_block {
    uintptr_t address;
    size_t bytes;
    int site;
    bool mapping;
    bool reached; /* something points to it */
} live_block;

/* Sorts them, and finds those which the program can still reach (reach.c). */
void live_reach(live_block *list, size_t n);

/* Writes what is there into the log, once for each place; the channels that are not freed. */
void live_report(void);
void live_report_channels(void);

#endif
