/* SPDX-License-Identifier: MIT */
/* Inputs as lines of text, which C strings can hold. */
#ifndef FUZZ_TEXT_H
#define FUZZ_TEXT_H

#include <stdlib.h>
#include <string.h>

enum { TEXT_LINES_MAX = 64 };

typedef struct text {
    char *copy;
    char *lines[TEXT_LINES_MAX + 1];
    int n; /* 1 at least: the first may be empty */
} text;

/* NULs end lines, too; what would be too many lines is left in the last. */
static inline void text_split(text *t, const void *data, size_t size)
{
    t->copy = (char *)malloc(size + 1);
    if (!t->copy)
        abort();
    memcpy(t->copy, data, size);
    t->copy[size] = 0;
    t->n = 0;
    t->lines[t->n++] = t->copy;
    for (size_t i = 0; i < size && t->n < TEXT_LINES_MAX; i++) {
        if (t->copy[i] != '\n' && t->copy[i] != 0)
            continue;
        t->copy[i] = 0;
        t->lines[t->n++] = t->copy + i + 1;
    }
    t->lines[t->n] = NULL;
}

static inline void text_free(text *t)
{
    free(t->copy);
}

#endif
