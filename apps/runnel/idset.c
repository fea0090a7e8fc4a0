/* SPDX-License-Identifier: MIT */
/* A sorted list of names in one buffer: small, and built where the page is parsed. */
#define _GNU_SOURCE
#include "idset.h"
#include "escape.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

void idset_add(idset *s, const char *name)
{
    /* 4 GiB of names is more than any body that is accepted. */
    if (s->text.len > UINT32_MAX / 2)
        return;
    if (s->count == s->cap) {
        s->cap = s->cap ? s->cap * 2 : 16;
        s->start = xrealloc(s->start, s->cap * sizeof *s->start);
    }
    s->start[s->count++] = (uint32_t)s->text.len;
    str_add(&s->text, name, strlen(name) + 1);
}

static int by_name(const void *a, const void *b, void *text)
{
    return strcmp((char *)text + *(const uint32_t *)a, (char *)text + *(const uint32_t *)b);
}

void idset_seal(idset *s)
{
    if (s->count > 1)
        qsort_r(s->start, s->count, sizeof *s->start, by_name, s->text.data);
}

void idset_fini(idset *s)
{
    str_fini(&s->text);
    free(s->start);
    *s = (idset){ 0 };
}

static bool has(const idset *s, const char *name)
{
    size_t low = 0, high = s->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        int order = strcmp(name, s->text.data + s->start[middle]);
        if (order == 0)
            return true;
        if (order < 0)
            high = middle;
        else
            low = middle + 1;
    }
    return false;
}

bool idset_has_fragment(const idset *s, const char *fragment)
{
    const char *directive = strstr(fragment, ":~:");
    size_t n = directive ? (size_t)(directive - fragment) : strlen(fragment);
    if (n == 0)
        return true;
    str raw = { 0 }, decoded = { 0 };
    str_add(&raw, fragment, n);
    /* No name holds a NUL, and C strings end there. */
    bool clean = unescape_percent(&decoded, fragment, n);
    bool found = has(s, str_c(&raw)) ||
                 (clean && (has(s, str_c(&decoded)) || strcasecmp(str_c(&decoded), "top") == 0));
    str_fini(&raw);
    str_fini(&decoded);
    return found;
}
