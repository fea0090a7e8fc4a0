/* SPDX-License-Identifier: MIT */
/*
 * One HTTP client: a libcurl handle with its connections, for one fetcher. It blocks the thread, so
 * it is called through rn_blocking; different threads may call it one after the other.
 */
#ifndef APP_HTTP_H
#define APP_HTTP_H

#include "options.h"
#include "target.h"

typedef struct http http;

/* stop(arg) is asked at least ten times a second during a request; true ends it. The first client
 * must be made after curl_global_init. */
http *http_new(const options *o, bool (*stop)(void *arg), void *arg);
void http_free(http *h);

/*
 * Checks the job's URL and fills r. A job to be parsed is fetched with GET; if it turns out to be a
 * page, *body holds it and the return value is true. Others are asked with HEAD, and again with GET
 * if HEAD is refused or fails.
 * If the request was stopped, r->outcome is OUT_NONE; if libcurl could not start the thread that
 * looks up names, not even after a second, OUT_UNABLE.
 */
bool http_check(http *h, const job *j, result *r, str *body);

#endif
