/* SPDX-License-Identifier: MIT */
/*
 * URLs: resolving a reference against its page, and the one spelling that identifies a target.
 *
 * Identity: two references lead to the same target if url_resolve gives the same string. It carries
 * no fragment; for http and https the scheme and host are lower case, a default port is left out,
 * dot segments are gone and what may not stand in a URL is percent-encoded, in upper case. A file's
 * URL is made from its decoded path and has no query, so that `a%20b.html?x` and `a b.html` are one
 * file.
 */
#ifndef APP_URL_H
#define APP_URL_H

#include "str.h"

typedef enum url_kind {
    URL_FILE,
    URL_HTTP,
    URL_OTHER, /* another scheme: mailto, javascript, data, ... */
    URL_BAD
} url_kind;

/*
 * Resolves the reference ref, as it stands in an attribute, against base (a string made by this
 * function). Stores the target in *url and the fragment, not decoded and without '#', in *fragment
 * (empty if there is none). For URL_OTHER *url is the trimmed reference; for URL_BAD *url is that
 * too and *fault says why (a constant string)..
 */
url_kind url_resolve(const char *base, const char *ref, str *url, str *fragment,
                     const char **fault);

/* Appends the scheme of a URL in lower case; nothing if it has none. */
void url_scheme(const char *url, str *scheme);

/* Appends scheme://host:port of an http URL without the user's name: what "same site" means. */
void url_origin(const char *url, str *origin);

/* The file URL of an absolute path, and back. */
void url_from_path(str *url, const char *path);
char *url_to_path(const char *url);

/* Removes "." and ".." segments of an absolute path in place and returns its new length. */
size_t url_remove_dots(char *path, size_t n);

#endif
