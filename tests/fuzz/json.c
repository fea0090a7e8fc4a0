/* SPDX-License-Identifier: MIT */
#include "fuzz/json.h"

#include <stdint.h>
#include <string.h>

enum { DEPTH_MAX = 32, KEYS_MAX = 64 };

typedef struct reader {
    const unsigned char *at, *end;
    int depth;
} reader;

/* How many bytes the character at p takes; 0 if it is none. A table of the RFC's grammar. */
static size_t utf8_length(const unsigned char *p, size_t n)
{
    static const struct {
        unsigned char from, to, low, high, length;
    } rows[] = { { 0x00, 0x7f, 0, 0, 1 },       { 0xc2, 0xdf, 0x80, 0xbf, 2 },
                 { 0xe0, 0xe0, 0xa0, 0xbf, 3 }, { 0xe1, 0xec, 0x80, 0xbf, 3 },
                 { 0xed, 0xed, 0x80, 0x9f, 3 }, { 0xee, 0xef, 0x80, 0xbf, 3 },
                 { 0xf0, 0xf0, 0x90, 0xbf, 4 }, { 0xf1, 0xf3, 0x80, 0xbf, 4 },
                 { 0xf4, 0xf4, 0x80, 0x8f, 4 } };
    for (size_t r = 0; r < sizeof rows / sizeof *rows; r++) {
        if (p[0] < rows[r].from || p[0] > rows[r].to || n < rows[r].length)
            continue;
        if (rows[r].length > 1 && (p[1] < rows[r].low || p[1] > rows[r].high))
            return 0;
        for (size_t i = 2; i < rows[r].length; i++)
            if (p[i] < 0x80 || p[i] > 0xbf)
                return 0;
        return rows[r].length;
    }
    return 0;
}

bool json_utf8(const char *text, size_t n)
{
    const unsigned char *p = (const unsigned char *)text;
    for (size_t i = 0, length; i < n; i += length)
        if ((length = utf8_length(p + i, n - i)) == 0)
            return false;
    return true;
}

static void blank(reader *r)
{
    while (r->at < r->end && memchr(" \t\r\n", *r->at, 4))
        r->at++;
}

static bool take(reader *r, const char *word)
{
    size_t n = strlen(word);
    if ((size_t)(r->end - r->at) < n || memcmp(r->at, word, n) != 0)
        return false;
    r->at += n;
    return true;
}

/* Four hexadecimal digits; -1 if there are none. */
static long unit(reader *r)
{
    static const char digits[] = "0123456789abcdef";
    long value = 0;
    for (int i = 0; i < 4; i++) {
        if (r->at == r->end)
            return -1;
        unsigned char c = *r->at++;
        const char *found = strchr(digits, c >= 'A' && c <= 'F' ? c | 0x20 : c);
        if (!c || !found)
            return -1;
        value = value * 16 + (found - digits);
    }
    return value;
}

static bool escaped(reader *r)
{
    if (r->at == r->end)
        return false;
    unsigned char c = *r->at++;
    if (c != 'u')
        return c && strchr("\"\\/bfnrt", c) != NULL;
    long high = unit(r);
    if (high < 0 || (high >= 0xdc00 && high <= 0xdfff))
        return false;
    if (high < 0xd800 || high > 0xdbff)
        return true;
    if (!take(r, "\\u"))
        return false;
    long low = unit(r);
    return low >= 0xdc00 && low <= 0xdfff;
}

static bool string(reader *r)
{
    if (!take(r, "\""))
        return false;
    while (r->at < r->end) {
        if (take(r, "\""))
            return true;
        if (take(r, "\\")) {
            if (!escaped(r))
                return false;
            continue;
        }
        size_t length = utf8_length(r->at, (size_t)(r->end - r->at));
        if (length == 0 || *r->at < 0x20)
            return false;
        r->at += length;
    }
    return false;
}

static bool digits(reader *r)
{
    const unsigned char *start = r->at;
    while (r->at < r->end && *r->at >= '0' && *r->at <= '9')
        r->at++;
    return r->at > start;
}

static bool number(reader *r)
{
    take(r, "-");
    if (!take(r, "0") && !digits(r))
        return false;
    if (take(r, ".") && !digits(r))
        return false;
    if (take(r, "e") || take(r, "E")) {
        if (!take(r, "+"))
            take(r, "-");
        return digits(r);
    }
    return true;
}

static bool value(reader *r);

/* Behind the opening bracket. */
static bool list(reader *r, bool object)
{
    struct {
        const unsigned char *at;
        size_t n;
    } keys[KEYS_MAX];
    const char *close = object ? "}" : "]";
    blank(r);
    if (take(r, close))
        return true;
    for (int n = 0;; n++) {
        if (object) {
            blank(r);
            const unsigned char *start = r->at;
            if (n == KEYS_MAX || !string(r))
                return false;
            keys[n].at = start;
            keys[n].n = (size_t)(r->at - start);
            for (int i = 0; i < n; i++)
                if (keys[i].n == keys[n].n && memcmp(keys[i].at, start, keys[n].n) == 0)
                    return false;
            blank(r);
            if (!take(r, ":"))
                return false;
        }
        if (!value(r))
            return false;
        blank(r);
        if (take(r, close))
            return true;
        if (!take(r, ","))
            return false;
    }
}

static bool value(reader *r)
{
    bool ok = false;
    if (++r->depth > DEPTH_MAX)
        return false;
    blank(r);
    if (r->at == r->end)
        ok = false;
    else if (*r->at == '"')
        ok = string(r);
    else if (take(r, "{"))
        ok = list(r, true);
    else if (take(r, "["))
        ok = list(r, false);
    else
        ok = take(r, "true") || take(r, "false") || take(r, "null") || number(r);
    r->depth--;
    return ok;
}

bool json_valid(const char *text, size_t n)
{
    reader r = { (const unsigned char *)text, (const unsigned char *)text + n, 0 };
    if (!value(&r))
        return false;
    blank(&r);
    return r.at == r.end;
}

bool json_lines(const char *text, size_t n)
{
    const char *end = text + n;
    while (text < end) {
        const char *line = memchr(text, '\n', (size_t)(end - text));
        if (!line || *text != '{' || !json_valid(text, (size_t)(line - text)))
            return false;
        text = line + 1;
    }
    return n > 0;
}
