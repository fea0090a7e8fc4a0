/* SPDX-License-Identifier: MIT */
/*
 * The command that this process was started by, for whoever wants to start it again.
 *
 * It is read from /proc; without that only the program's name is known. Single quotes do for most
 * words. One with control characters, which a terminal would obey, is in $'...', which bash, zsh
 * and POSIX (2024) read.
 */
#define _GNU_SOURCE
#include "scope/command.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { COMMAND_MAX = 1024 };

typedef struct text {
    char *at;
    size_t used, bytes;
    bool full; /* something has not fitted */
} text;

static void put(text *t, const char *s)
{
    size_t n = strlen(s);
    t->full |= t->used + n >= t->bytes;
    if (t->full)
        return;
    memcpy(t->at + t->used, s, n + 1);
    t->used += n;
}

/* Those of UTF-8 included, whose second bytes are from 0x80 on; so are those of some letters. */
static bool is_control(char c)
{
    unsigned char byte = (unsigned char)c;
    return byte < ' ' || (byte >= 0x7f && byte < 0xa0);
}

static bool has_control(const char *s)
{
    while (*s && !is_control(*s))
        s++;
    return *s != '\0';
}

static void put_quoted(text *t, const char *word)
{
    bool dollar = has_control(word);
    put(t, dollar ? "$'" : "'");
    for (; *word; word++) {
        char c[8] = { *word };
        if (dollar && is_control(*word))
            snprintf(c, sizeof c, "\\%03o", (unsigned char)*word);
        else if (dollar && (*word == '\'' || *word == '\\'))
            snprintf(c, sizeof c, "\\%c", *word);
        else if (*word == '\'')
            snprintf(c, sizeof c, "'\\''");
        put(t, c);
    }
    put(t, "'");
}

static void put_word(text *t, const char *word)
{
    size_t before = t->used;
    bool plain = *word && !word[strspn(word, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWX"
                                             "YZ0123456789_-./:=,+@%")];
    put(t, " ");
    if (plain)
        put(t, word);
    else
        put_quoted(t, word);
    if (t->full) { /* a word is there as a whole or not at all */
        t->used = before;
        t->at[before] = '\0';
    }
}

/* Into raw, each word with its NUL. The bytes read; *whole: that is all. */
static size_t read_words(char *raw, size_t bytes, bool *whole)
{
    size_t used = 0;
    ssize_t n = 0;
    int fd = open("/proc/self/cmdline", O_RDONLY | O_CLOEXEC);
    if (fd >= 0) {
        while ((n = read(fd, raw + used, bytes - used)) > 0)
            used += (size_t)n;
        close(fd);
    }
    *whole = fd >= 0 && n == 0 && used < bytes;
    return used;
}

void rni_command_line(char *out, size_t bytes)
{
    static const char ellipsis[] = " ...";
    char raw[COMMAND_MAX];
    bool whole;
    size_t n = read_words(raw, sizeof raw, &whole);
    text t = { .at = out, .bytes = bytes - (sizeof ellipsis - 1) };
    *out = '\0';
    if (n == 0)
        put_word(&t, program_invocation_name);
    for (size_t i = 0, next; i < n && !t.full; i = next) {
        size_t length = strnlen(raw + i, n - i);
        next = i + length + 1;
        if (i + length < n) /* else the last one, cut off */
            put_word(&t, raw + i);
    }
    if (!whole || t.full)
        memcpy(out + t.used, ellipsis, sizeof ellipsis);
}
