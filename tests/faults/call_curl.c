/* SPDX-License-Identifier: MIT */
/* Calls of libcurl, by its ABI. */
#define _GNU_SOURCE
#include <stdarg.h>

#include "call.h"

CODE(int, curl_global_init, "curl", (long flags), (flags))
CODE(int, curl_url_set, "curl", (void *u, int part, const char *text, unsigned flags),
     (u, part, text, flags))
CODE(int, curl_url_get, "curl", (const void *u, int part, char **out, unsigned flags),
     (u, part, out, flags))
CODE(int, curl_multi_add_handle, "curl", (void *multi, void *easy), (multi, easy))
CODE(int, curl_multi_perform, "curl", (void *multi, int *running), (multi, running))
CODE(int, curl_multi_poll, "curl", (void *multi, void *fds, unsigned n, int timeout, int *count),
     (multi, fds, n, timeout, count))
CODE(int, curl_easy_header, "curl",
     (void *easy, const char *name, size_t i, unsigned origin, int request, void **out),
     (easy, name, i, origin, request, out))
PLAIN(void *, curl_easy_init, "curl", NULL, (void), ())
PLAIN(void *, curl_multi_init, "curl", NULL, (void), ())
PLAIN(void *, curl_url, "curl", NULL, (void), ())

int curl_easy_setopt(void *easy, int option, ...);
DECLARE(curl_easy_setopt);
int curl_easy_setopt(void *easy, int option, ...)
{
    va_list args;
    va_start(args, option);
    void *value = va_arg(args, void *); /* of a size with every type that is passed */
    va_end(args);
    int code = FAULT("curl_easy_setopt", "curl");
    return code ? code : REAL(curl_easy_setopt)(easy, option, value);
}
