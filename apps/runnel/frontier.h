/* SPDX-License-Identifier: MIT */
/* The set of everything seen and the queue of everything to be looked at. frontier.c tells why a
 * run ends. */
#ifndef APP_FRONTIER_H
#define APP_FRONTIER_H

#include "hosts.h"
#include "map.h"
#include "options.h"
#include "target.h"

#include <runnel.h>

/* Numbers of a running check, for the progress line and the summary. */
typedef struct counts {
    size_t pages;      /* parsed and followed */
    size_t site_pages; /* of them: from the network */
    size_t links;      /* occurrences on the pages */
    size_t unique;     /* distinct links */
    size_t targets;    /* distinct targets */
    size_t looked_at;  /* targets that are done */
    size_t broken;     /* targets that failed so far; fragments are judged at the end */
    size_t running;    /* jobs given out */
    size_t listed;     /* pages found in input directories */
} counts;

typedef struct frontier {
    const options *o;
    map targets, links;
    target *all;
    hyperlink *all_links;
    char **scopes; /* prefixes of URLs that are followed */
    size_t scope_count;
    hosts hosts;
    size_t pending; /* targets that were queued and are not done: the run ends when it is 0 */
    counts counts;
    bool input_errors; /* a directory could not be read */
    bool cut_short;    /* the run was stopped */
    bool limited;      /* --max-pages was reached */
    void (*progress)(const counts *c);
} frontier;

void frontier_init(frontier *f, const options *o);
void frontier_fini(frontier *f);

/* Before frontier_run: URLs that start with prefix (which the frontier then owns) are followed. */
void frontier_add_scope(frontier *f, char *prefix);
/* An input: a page, or a directory to be listed. */
void frontier_add_input(frontier *f, const char *url, url_kind kind, const char *fragment,
                        bool is_listing);

/*
 * Runs until nothing is left or ctx is cancelled, with o->jobs fetchers. Returns 0, also when it
 * was stopped (cut_short is set then), or a negative errno value if the fetchers cannot be started.
 * Call it in a task that ctx does not cancel.
 */
int frontier_run(frontier *f, rn_ctx *ctx);

#endif
