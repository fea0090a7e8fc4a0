/* SPDX-License-Identifier: MIT */
/* What became of each link, worked out once the run is over. */
#ifndef APP_VERDICT_H
#define APP_VERDICT_H

#include "frontier.h"
#include "skips.h"

/* A link and what is to be said about it. */
typedef struct finding {
    hyperlink *link; /* its places are sorted by page and line */
    fault fault;
    int status;
    const char *reason;    /* owned by detail, the target or the skips */
    const target *through; /* where its redirects led, if they did */
    char *detail;          /* a reason made for this link, or NULL */
} finding;

typedef struct findings {
    finding *list;
    size_t count, cap;
} findings;

typedef struct verdict {
    findings broken;     /* sorted by link */
    findings notes;      /* redirected and skipped ones, sorted; for --verbose */
    size_t pages, links; /* as counted by the frontier */
    size_t unique;       /* = ok + broken + skipped + unchecked */
    size_t ok, skipped_total, unchecked;
    size_t redirected;           /* of the ok ones */
    size_t fragments_unverified; /* of the ok ones: the page was not read */
    skips skips;
} verdict;

void verdict_make(verdict *v, const frontier *f);
void verdict_fini(verdict *v);

#endif
