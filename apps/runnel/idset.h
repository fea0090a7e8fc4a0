/* SPDX-License-Identifier: MIT */
/* The fragment targets of one page: id of any element and name of <a>. Filled, then sealed, then
 * only read. */
#ifndef APP_IDSET_H
#define APP_IDSET_H

#include "str.h"

typedef struct idset {
    str text;        /* the names, each with its NUL */
    uint32_t *start; /* where each begins in text; sorted by name once sealed */
    size_t count, cap;
} idset;

void idset_add(idset *s, const char *name);
void idset_seal(idset *s);
void idset_fini(idset *s);

/*
 * Whether the fragment (as in the URL, without '#') leads somewhere on the page: by the rules of
 * HTML, "" and "top" in any case always do, then a name equal to the fragment as it stands, then
 * one equal to the decoded fragment. A text directive (":~:text=") is not part of it.
 */
bool idset_has_fragment(const idset *s, const char *fragment);

#endif
