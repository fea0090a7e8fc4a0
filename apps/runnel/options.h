/* SPDX-License-Identifier: MIT */
/* The settings of one `runnel check`, from its command line. Read-only once parsed. */
#ifndef APP_OPTIONS_H
#define APP_OPTIONS_H

#include <regex.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct options {
    char **inputs; /* as given; they belong to argv */
    size_t input_count;
    unsigned jobs, per_host, max_redirects, retries;
    int64_t timeout_ns, max_time_ns; /* max_time_ns: 0 is none */
    size_t max_body_bytes;
    size_t max_pages, max_site_pages; /* of all pages, of those by http; 0 is no limit */
    bool offline, ndjson, progress, fragments, insecure, quiet, verbose, help;
    const char *user_agent;
    const char *ca_file; /* certificates to trust beside the system's, or NULL */
    regex_t *exclude;
    size_t exclude_count;
    char *root; /* where a local page's "/x" points; "" is the file system's root */
} options;

/* Parses the arguments after "check". On a mistake prints one line to stderr and returns false. */
bool options_parse(options *o, int argc, char **argv);
void options_fini(options *o);
extern const char options_help[];

#endif
