/* SPDX-License-Identifier: MIT */
/* Why links were skipped, and how many for each reason. */
#ifndef APP_SKIPS_H
#define APP_SKIPS_H

#include "map.h"

/* Links that were skipped for one reason: a scheme, or "offline", "excluded". */
typedef struct skip {
    const char *why;
    char *reason; /* "skipped: " and why */
    size_t count;
    struct skip *next;
} skip;

typedef struct skips {
    map by_why;
    skip *all;
    skip **list; /* once sealed: the reasons to be shown, by name */
    size_t count;
    skip other; /* all the others together */
} skips;

/* Counts one more; returns "skipped: " and why, which lives as long as the skips. */
const char *skips_add(skips *s, const char *why);

/*
 * Makes the list. A page may use any number of schemes, and the summary is for people: the 15 most
 * frequent are listed, and what is left, as "other schemes".
 */
void skips_seal(skips *s);

void skips_fini(skips *s);

#endif
