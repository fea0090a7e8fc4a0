/* SPDX-License-Identifier: MIT */
/*
 * The records that move between the frontier and the fetchers, and those the frontier keeps.
 *
 * Ownership: targets and links belong to the frontier task alone. A job lends a fetcher the
 * target's url, which never changes; everything else comes back by value in a result, which the
 * fetcher gives away by sending it.
 */
#ifndef APP_TARGET_H
#define APP_TARGET_H

#include "arena.h"
#include "idset.h"
#include "url.h"

typedef struct target target;
typedef struct hyperlink hyperlink;
typedef struct host host;

/* Where a link stands: on which page, in which line. page is NULL for an input. */
typedef struct place {
    const target *page;
    unsigned line;
} place;

/* One distinct link: a target and a fragment. */
struct hyperlink {
    char *fragment;  /* as in the URL; "" for none */
    char *name;      /* the map's key: the target's url#fragment, url itself without a fragment */
    const char *key; /* as people see it: name without the mark of targets not looked at */
    target *target;
    place *places;
    size_t count, cap;
    hyperlink *next; /* all links, newest first */
};

typedef enum outcome {
    OUT_NONE = 0, /* not checked (yet) */
    OUT_OK,
    OUT_BROKEN,
    OUT_REDIRECT, /* the server says: look there */
    OUT_ALIAS,    /* the same file by another name: dir/ for dir/index.html; not a redirect */
    OUT_LISTED,   /* an input directory was read */
    OUT_LATER,    /* 429 or 503 with Retry-After */
    OUT_UNABLE,   /* this machine could not look, for want of a thread: nothing is known */
    OUT_SKIPPED
} outcome;

/* What is wrong, for programs: the "kind" of a finding. */
typedef enum fault {
    FAULT_NONE = 0,
    FAULT_FILE,     /* no such file, or it cannot be read */
    FAULT_STATUS,   /* the server answered with an error status */
    FAULT_REDIRECT, /* a loop, too many, or to nowhere */
    FAULT_NETWORK,  /* no connection, reset, cut short, no HTTP */
    FAULT_TLS,      /* no handshake, or a certificate that is not trusted */
    FAULT_TIMEOUT,
    FAULT_TOO_LARGE,
    FAULT_PARSE, /* the parser gave the page up */
    FAULT_URL,   /* malformed */
    FAULT_FRAGMENT
} fault;

/* An input is what is given on the command line or found by listing a directory. */
enum { NO_INPUT = 0xffff };

struct target {
    char *url; /* the identity; immutable */
    url_kind kind;
    bool in_scope;   /* inside an input's tree or origin: followed */
    bool is_listing; /* an input directory, to be read and not linked to */
    bool is_page;    /* parsed, counted as a page */
    bool has_ids;
    bool running;        /* a fetcher has the job, which asks */
    bool asked_page;     /* for the page, not only whether it is there */
    bool again;          /* that job's answer is not enough: it came into scope meanwhile */
    unsigned hops;       /* the fewest redirects from a link or an input to it */
    unsigned input_hops; /* the fewest from an input; NO_INPUT if none leads here */
    unsigned attempts;
    outcome outcome;
    fault fault;
    int status;
    char *reason;
    char *location;   /* of OUT_REDIRECT and OUT_ALIAS */
    target *leads_to; /* the target of location, once it is known */
    idset ids;
    host *host;
    target *next_queued; /* in host's queue */
    target *next;        /* all targets, newest first */
};

/* What a fetcher is to do. */
typedef struct job {
    target *target; /* to be handed back, not to be looked into */
    const char *url;
    url_kind kind;
    bool list;   /* read the directory */
    bool parse;  /* if it is a page, read its links and ids */
    bool forced; /* a page whatever its name: an explicit input */
} job;

/* One link as found on a page (or one entry of an input directory). Strings live in the arena. */
typedef struct found {
    const char *url, *fragment, *fault;
    url_kind kind;
    unsigned line;
    bool excluded;
    bool is_dir; /* listing only */
} found;

typedef struct result {
    target *target;
    outcome outcome;
    fault fault;
    int status;
    char *reason, *location;
    int64_t retry_ns;
    bool is_page;
    idset ids;
    arena *arena;
    found *found;
    size_t count;
} result;

void result_free(result *r);
/* Makes r a broken one; the reason is formatted. */
__attribute__((format(printf, 3, 4))) void result_break(result *r, fault kind, const char *format,
                                                        ...);
const char *fault_name(fault f);

#endif
