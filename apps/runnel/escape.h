/* SPDX-License-Identifier: MIT */
/* Text that came from the outside, made safe for a terminal, for JSON and for URLs. */
#ifndef APP_ESCAPE_H
#define APP_ESCAPE_H

#include "str.h"

/* Length of the valid UTF-8 sequence at p (1 to 4), its code point in *cp; 0 if it is not valid. */
size_t utf8_next(const char *p, size_t n, uint32_t *cp);

/* Where utf8_next says 0 (n is not 0): the bytes that decoders replace by one U+FFFD, as many of a
 * sequence as could have become valid, or one (Unicode 3.9, "maximal subpart"). */
size_t utf8_broken(const char *p, size_t n);

/*
 * Appends text for people: control characters, invisible direction marks and bytes that are not
 * UTF-8 appear as \xNN, so that no page can send commands to the terminal.
 */
void escape_terminal(str *out, const char *text);

/* Appends text as the inside of a JSON string: always valid UTF-8; invalid bytes become U+FFFD. */
void escape_json(str *out, const char *text);

/* Appends a path as the path of a URL: everything that is not allowed there becomes %NN. */
void escape_path(str *out, const char *path, size_t n);

/* Appends n bytes of text with %NN decoded; other '%' stay. Returns false if a NUL came out. */
bool unescape_percent(str *out, const char *text, size_t n);

/* Appends text[0..n), which is UTF-16, as UTF-8; surrogates without their half become U+FFFD. */
void utf16_to_utf8(str *out, const char *text, size_t n, bool big_endian);

#endif
