/* SPDX-License-Identifier: MIT */
/*
 * Growable byte strings and the memory helpers of the command.
 *
 * Invariant: a str that was ever written to has data[len] == 0, so that it can be read as a C
 * string; a zeroed str is an empty one. The helpers end the process with one line when memory is
 * short: a checker that cannot remember what it found has nothing to report.
 */
#ifndef APP_STR_H
#define APP_STR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct str {
    char *data;
    size_t len, cap;
} str;

/* Ends the process with that line, for who learns of it in another way. */
__attribute__((noreturn)) void out_of_memory(void);
void *xmalloc(size_t n);
void *xcalloc(size_t n, size_t size);
void *xrealloc(void *p, size_t n);
char *xstrdup(const char *s);
char *xstrndup(const char *s, size_t n);

void str_fini(str *s);
void str_clear(str *s);
void str_reserve(str *s, size_t more);
void str_add(str *s, const void *data, size_t n);
void str_puts(str *s, const char *text);
/* Inline, because URLs are made one character at a time. */
static inline void str_putc(str *s, char c)
{
    if (s->cap - s->len < 2)
        str_reserve(s, 1);
    s->data[s->len++] = c;
    s->data[s->len] = 0;
}
__attribute__((format(printf, 2, 3))) void str_printf(str *s, const char *format, ...);
/* The C string; "" for an empty str. It belongs to the str until the next change. */
const char *str_c(const str *s);
/* Hands the buffer over to the caller, who frees it; the str is empty again. */
char *str_take(str *s);

#endif
