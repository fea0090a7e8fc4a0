/* SPDX-License-Identifier: MIT */
/*
 * Escaping for the three outputs. What is printable is decided by ranges of code points, not by the
 * locale: the output of a checker must not depend on who runs it.
 */
#include "escape.h"

#include <string.h>

size_t utf8_next(const char *text, size_t n, uint32_t *cp)
{
    static const uint32_t least[5] = { 0, 0, 0x80, 0x800, 0x10000 };
    const unsigned char *p = (const unsigned char *)text;
    if (n == 0)
        return 0;
    if (p[0] < 0x80) {
        *cp = p[0];
        return 1;
    }
    size_t len = p[0] >= 0xf0 ? 4 : p[0] >= 0xe0 ? 3 : 2;
    if (p[0] < 0xc2 || p[0] > 0xf4 || len > n)
        return 0;
    uint32_t c = p[0] & (0x7fu >> len);
    for (size_t i = 1; i < len; i++) {
        if ((p[i] & 0xc0) != 0x80)
            return 0;
        c = c << 6 | (p[i] & 0x3f);
    }
    if (c < least[len] || c > 0x10ffff || (c >= 0xd800 && c <= 0xdfff))
        return 0;
    *cp = c;
    return len;
}

size_t utf8_broken(const char *text, size_t n)
{
    const unsigned char *p = (const unsigned char *)text;
    unsigned char low = p[0] == 0xe0 ? 0xa0 : p[0] == 0xf0 ? 0x90 : 0x80;
    unsigned char high = p[0] == 0xed ? 0x9f : p[0] == 0xf4 ? 0x8f : 0xbf;
    if (p[0] < 0xc2 || p[0] > 0xf4 || n < 2 || p[1] < low || p[1] > high)
        return 1;
    size_t i = 2, len = p[0] >= 0xf0 ? 4 : p[0] >= 0xe0 ? 3 : 2;
    while (i < n && i < len && (p[i] & 0xc0) == 0x80)
        i++;
    return i;
}

/* Whether a terminal shows c as a mark of its own: no controls, no direction overrides. */
static bool is_visible(uint32_t c)
{
    return c >= 0x20 && !(c >= 0x7f && c <= 0x9f) && !(c >= 0x200b && c <= 0x200f) &&
           !(c >= 0x2028 && c <= 0x202e) && !(c >= 0x2060 && c <= 0x206f) && c != 0xfeff &&
           c < 0xe0000;
}

void escape_terminal(str *out, const char *text)
{
    size_t n = strlen(text);
    for (size_t i = 0; i < n;) {
        uint32_t c;
        size_t len = utf8_next(text + i, n - i, &c);
        if (len && is_visible(c)) {
            str_add(out, text + i, len);
            i += len;
            continue;
        }
        for (size_t end = i + (len ? len : 1); i < end; i++)
            str_printf(out, "\\x%02x", (unsigned char)text[i]);
    }
}

void escape_json(str *out, const char *text)
{
    size_t n = strlen(text);
    for (size_t i = 0; i < n;) {
        uint32_t c;
        size_t len = utf8_next(text + i, n - i, &c);
        if (!len) {
            str_puts(out, "\\ufffd");
            i++;
            continue;
        }
        if (c == '"' || c == '\\')
            str_printf(out, "\\%c", (int)c);
        else if (c < 0x20 || (c >= 0x7f && c <= 0x9f) || c == 0x2028 || c == 0x2029)
            str_printf(out, "\\u%04x", (unsigned)c);
        else
            str_add(out, text + i, len);
        i += len;
    }
}

static bool in_path(unsigned char c)
{
    if ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9'))
        return true;
    return c && strchr("-._~!$&'()*+,;=:@/", c);
}

void escape_path(str *out, const char *path, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (in_path((unsigned char)path[i]))
            str_putc(out, path[i]);
        else
            str_printf(out, "%%%02X", (unsigned char)path[i]);
    }
}

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c |= 0x20;
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

bool unescape_percent(str *out, const char *text, size_t n)
{
    bool clean = true;
    for (size_t i = 0; i < n; i++) {
        if (text[i] == '%' && n - i > 2) {
            int high = hex_digit(text[i + 1]), low = hex_digit(text[i + 2]);
            if (high >= 0 && low >= 0) {
                str_putc(out, (char)(high << 4 | low));
                clean = clean && (high | low);
                i += 2;
                continue;
            }
        }
        str_putc(out, text[i]);
    }
    return clean;
}

static void put_utf8(str *out, uint32_t c)
{
    if (c < 0x80) {
        str_putc(out, (char)c);
        return;
    }
    unsigned more = c < 0x800 ? 1 : c < 0x10000 ? 2 : 3;
    str_putc(out, (char)((0xff00u >> (more + 1)) | c >> (6 * more)));
    while (more--)
        str_putc(out, (char)(0x80 | (c >> (6 * more) & 0x3f)));
}

void utf16_to_utf8(str *out, const char *text, size_t n, bool big_endian)
{
    const unsigned char *p = (const unsigned char *)text;
    uint32_t high = 0; /* a surrogate that waits for its other half */
    for (size_t i = 0; i + 1 < n; i += 2) {
        uint32_t c = p[i + !big_endian] << 8 | p[i + big_endian];
        bool low = c >= 0xdc00 && c <= 0xdfff;
        if (high)
            put_utf8(out, low ? 0x10000 + ((high - 0xd800) << 10) + (c - 0xdc00) : 0xfffd);
        else if (low)
            put_utf8(out, 0xfffd);
        high = c >= 0xd800 && c <= 0xdbff ? c : 0;
        if (!high && !low)
            put_utf8(out, c);
    }
    if (high)
        put_utf8(out, 0xfffd);
}
