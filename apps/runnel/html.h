/* SPDX-License-Identifier: MIT */
/* What a link checker wants from an HTML page: its links with their lines, its <base>, and the
 * names that fragments can lead to. */
#ifndef APP_HTML_H
#define APP_HTML_H

#include "arena.h"
#include "idset.h"

typedef struct html_link {
    const char *ref; /* as in the attribute, entities decoded; lives in the arena */
    unsigned line;
} html_link;

typedef struct html_doc {
    html_link *links; /* in document order; malloc'ed */
    size_t count, cap;
    const char *base; /* the first <base href>; lives in the arena; NULL if there is none */
    idset ids;        /* sealed */
} html_doc;

typedef struct html_limits {
    int64_t deadline_ns; /* on CLOCK_MONOTONIC */
    bool (*stop)(void *arg);
    void *arg;
} html_limits;

/* Whether it is time to stop: 0, -ECANCELED or -ETIMEDOUT. Takes some 30 ns. */
int html_limits_check(const html_limits *limits);

/*
 * Parses n bytes. Everything the tree needs comes from a, which must stay until the doc is done
 * with. Returns 0; -E2BIG if the arena's limit was reached, -ETIMEDOUT at the deadline, -ECANCELED
 * if stop said so, -EBADMSG if the parser gave the page up; the doc is empty then. Needs little
 * stack, however deep the page nests.
 */
int html_parse(const char *data, size_t n, arena *a, const html_limits *limits, html_doc *doc);
void html_fini(html_doc *doc);

#endif
