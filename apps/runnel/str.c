/* SPDX-License-Identifier: MIT */
/* Growable byte strings; str.h says what holds for them. */
#include "str.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void out_of_memory(void)
{
    fputs("runnel: out of memory\n", stderr);
    _Exit(1);
}

static void *checked(void *p)
{
    if (!p)
        out_of_memory();
    return p;
}

void *xmalloc(size_t n)
{
    return checked(malloc(n ? n : 1));
}

void *xcalloc(size_t n, size_t size)
{
    return checked(calloc(n ? n : 1, size ? size : 1));
}

void *xrealloc(void *p, size_t n)
{
    return checked(realloc(p, n ? n : 1));
}

char *xstrndup(const char *s, size_t n)
{
    char *copy = xmalloc(n + 1);
    memcpy(copy, s, n);
    copy[n] = 0;
    return copy;
}

char *xstrdup(const char *s)
{
    return xstrndup(s, strlen(s));
}

void str_fini(str *s)
{
    free(s->data);
    *s = (str){ 0 };
}

void str_clear(str *s)
{
    s->len = 0;
    if (s->data)
        s->data[0] = 0;
}

void str_reserve(str *s, size_t more)
{
    if (s->cap - s->len > more)
        return;
    size_t cap = s->cap ? s->cap : 32;
    while (cap - s->len <= more) {
        if (cap > SIZE_MAX / 2)
            out_of_memory();
        cap *= 2;
    }
    s->data = xrealloc(s->data, cap);
    s->cap = cap;
}

void str_add(str *s, const void *data, size_t n)
{
    str_reserve(s, n);
    if (n)
        memcpy(s->data + s->len, data, n);
    s->len += n;
    s->data[s->len] = 0;
}

void str_puts(str *s, const char *text)
{
    str_add(s, text, strlen(text));
}

void str_printf(str *s, const char *format, ...)
{
    char small[256];
    va_list args;
    va_start(args, format);
    int n = vsnprintf(small, sizeof small, format, args);
    va_end(args);
    if (n < 0)
        return;
    if ((size_t)n < sizeof small) {
        str_add(s, small, (size_t)n);
        return;
    }
    str_reserve(s, (size_t)n);
    va_start(args, format);
    vsnprintf(s->data + s->len, (size_t)n + 1, format, args);
    va_end(args);
    s->len += (size_t)n;
}

const char *str_c(const str *s)
{
    return s->data ? s->data : "";
}

char *str_take(str *s)
{
    char *data = s->data ? s->data : xstrdup("");
    *s = (str){ 0 };
    return data;
}
