/* SPDX-License-Identifier: MIT */
/* From the bytes of a page to its links, resolved and ready for the frontier. */
#ifndef APP_PAGE_H
#define APP_PAGE_H

#include "html.h"
#include "options.h"
#include "target.h"

/* Parses the page at url into r: found, ids, is_page; or makes r a broken one. Returns 0, or
 * -ECANCELED if limits->stop said so. Runs for as long as the limits let it: not on a worker. */
int page_read(const options *o, const html_limits *limits, const char *url, const str *body,
              result *r);

#endif
