/* SPDX-License-Identifier: MIT */
/* The findings of a run on stdout, for people or as one JSON object a line. */
#ifndef APP_REPORT_H
#define APP_REPORT_H

#include "verdict.h"

#include <runnel.h>

/* How the run went, beside its findings. */
typedef struct run_info {
    int64_t took_ns;
    const char *stopped; /* NULL, or why the run ended early, "interrupted" for one */
    const char *missing; /* if stopped, what that means for the answer */
    rn_stats stats;      /* read after rn_run returned */
} run_info;

/* Both end with the summary and the run's own account. */
void report_text(const verdict *v, const options *o, const run_info *run);
void report_ndjson(const verdict *v, const options *o, const run_info *run);

/* Appends a URL as people write it: a file's path, relative to the working directory if it is in
 * it, an http URL as it is; made safe for the terminal, and cut if it is longer than any screen. */
void report_url(str *out, const char *url);

#endif
