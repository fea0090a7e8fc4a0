/* SPDX-License-Identifier: MIT */
/* Links and inputs on the disk. Everything here blocks the thread. */
#ifndef APP_DISK_H
#define APP_DISK_H

#include "options.h"
#include "target.h"

/* Looks at the file of the job. Fills r; if it is a page that is wanted, *body holds it and the
 * return value is true. */
bool disk_check(const options *o, const job *j, result *r, str *body);

/* Reads an input directory: pages and subdirectories go to r->found. */
void disk_list(const job *j, result *r);

/* Whether a file of this name is taken for HTML. */
bool disk_is_page_name(const char *path);

/* The path with links in its directory part resolved, or NULL (errno says why). */
char *disk_canonical(const char *path);

#endif
