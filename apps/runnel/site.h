/* SPDX-License-Identifier: MIT */
/*
 * `runnel demo-site`: a small web server for demonstrations and tests, written with runnel. Its
 * pages are in site_pages.c; what a checker must find on it is told in demo/EXPECTED.md.
 */
#ifndef APP_SITE_H
#define APP_SITE_H

#include "str.h"

#include <runnel.h>

int site_main(int argc, char **argv);

/* How a page misbehaves. */
typedef enum site_manner {
    SITE_PLAIN = 0,
    SITE_NO_HEAD, /* HEAD is answered with 405 */
    SITE_SLOW,    /* the answer takes two seconds */
    SITE_BUSY,    /* 429 with Retry-After: 1 for the first second after the first request */
    SITE_RESET,   /* the connection is reset in the middle of the body */
    SITE_SHORT,   /* the body is shorter than Content-Length says */
    SITE_ENDLESS, /* the body never ends */
    SITE_SILENT,  /* the connection is closed without an answer */
    SITE_GARBAGE  /* what comes is not HTTP */
} site_manner;

typedef struct site_page {
    const char *path;
    int status;           /* 200 if 0 */
    const char *location; /* for redirects */
    const char *type;     /* "text/html; charset=utf-8" if NULL */
    site_manner manner;
    const char *body;
} site_page;

/* The page at path, or NULL. */
const site_page *site_find(const char *path);
/* Appends the page's body; closed_port is one that nobody listens on. */
void site_body(const site_page *p, unsigned closed_port, str *out);

#endif
