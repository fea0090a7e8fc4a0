/* SPDX-License-Identifier: MIT */
/* A strict reader of JSON (RFC 8259) that only says yes or no, and of UTF-8: written for the
 * targets, so that it shares no mistake with what it checks. */
#ifndef FUZZ_JSON_H
#define FUZZ_JSON_H

#include <stdbool.h>
#include <stddef.h>

/* Whether all n bytes are UTF-8 (RFC 3629). */
bool json_utf8(const char *text, size_t n);
/* Whether they are one JSON text: UTF-8, no surrogate without its half, no key twice. */
bool json_valid(const char *text, size_t n);
/* Whether they are lines, each an object, each ended by a newline, and there is one at least. */
bool json_lines(const char *text, size_t n);

#endif
