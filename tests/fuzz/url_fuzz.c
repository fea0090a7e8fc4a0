/* SPDX-License-Identifier: MIT */
/*
 * Target: the URLs of `runnel check`. The input's lines are references; each is resolved against
 * pages of http and of the disk, and against the one before it.
 */
#include "fuzz/fuzz.h"
#include "fuzz/text.h"

#include <string.h>

#include "../../apps/runnel/url.h"

/* What identifies a target can be written anywhere: in a report, in an attribute, in a request. */
static void check_spelling(const char *url)
{
    for (const char *p = url; *p; p++)
        FUZZ_CHECK((unsigned char)*p > ' ' && (unsigned char)*p < 0x7f && *p != '#');
}

static void check_dots(const char *url)
{
    const char *path = strstr(url, "://");
    FUZZ_CHECK(path);
    path = strchr(path + 3, '/');
    FUZZ_CHECK(path);
    size_t end = strcspn(path, "?");
    for (size_t i = 0; i < end;) {
        size_t n = strcspn(path + i + 1, "/?");
        FUZZ_CHECK(!(n == 1 && path[i + 1] == '.') &&
                   !(n == 2 && memcmp(path + i + 1, "..", 2) == 0));
        i += n + 1;
    }
}

/* The same target by its own URL, from whatever page, with and without a fragment. */
static void check_identity(const char *base, url_kind kind, const char *url)
{
    str again = { 0 }, fragment = { 0 }, longer = { 0 };
    const char *fault = NULL;
    FUZZ_CHECK(url_resolve(base, url, &again, &fragment, &fault) == kind);
    FUZZ_CHECK(strcmp(str_c(&again), url) == 0 && fragment.len == 0);
    str_printf(&longer, "%s#part%%20one", url);
    FUZZ_CHECK(url_resolve(base, str_c(&longer), &again, &fragment, &fault) == kind);
    FUZZ_CHECK(strcmp(str_c(&again), url) == 0 && strcmp(str_c(&fragment), "part%20one") == 0);
    str_fini(&again);
    str_fini(&fragment);
    str_fini(&longer);
}

static void check_file(const char *url)
{
    str again = { 0 };
    FUZZ_CHECK(strncmp(url, "file:///", 8) == 0);
    char *path = url_to_path(url);
    url_from_path(&again, path);
    FUZZ_CHECK(strcmp(str_c(&again), url) == 0);
    free(path);
    str_fini(&again);
}

static void check_http(const char *url)
{
    str scheme = { 0 }, origin = { 0 };
    url_scheme(url, &scheme);
    FUZZ_CHECK(strcmp(str_c(&scheme), "http") == 0 || strcmp(str_c(&scheme), "https") == 0);
    url_origin(url, &origin);
    FUZZ_CHECK(origin.len > scheme.len + 3 && origin.len <= strlen(url));
    FUZZ_CHECK(strncmp(str_c(&origin), url, scheme.len + 3) == 0);
    str_fini(&scheme);
    str_fini(&origin);
}

/* *target: what it leads to, if anything that is looked at. */
static void resolve(const char *base, const char *ref, str *target)
{
    str url = { 0 }, fragment = { 0 };
    const char *fault = NULL;
    url_kind kind = url_resolve(base, ref, &url, &fragment, &fault);
    FUZZ_CHECK(kind == URL_FILE || kind == URL_HTTP || fragment.len == 0);
    FUZZ_CHECK(kind != URL_BAD || fault);
    if (kind == URL_FILE || kind == URL_HTTP) {
        check_spelling(str_c(&url));
        check_dots(str_c(&url));
        check_identity(base, kind, str_c(&url));
        check_identity("http://other.example/", kind, str_c(&url));
        check_identity("file:///other", kind, str_c(&url));
        if (kind == URL_FILE)
            check_file(str_c(&url));
        else
            check_http(str_c(&url));
        str_clear(target);
        str_puts(target, str_c(&url));
    }
    str_fini(&url);
    str_fini(&fragment);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    enum { LINES = 10 }; /* more only take time */
    text t;
    str base = { 0 };
    text_split(&t, data, size);
    str_puts(&base, "http://user@a.example:8080/b/c/d;p?q");
    for (int i = 0; i < t.n && i < LINES; i++) {
        str ignored = { 0 };
        resolve("http://a.example/b/c/d;p?q", t.lines[i], &ignored);
        resolve("https://[::1]/", t.lines[i], &ignored);
        resolve("file:///b/c/d.html", t.lines[i], &ignored);
        resolve(str_c(&base), t.lines[i], &base);
        str_fini(&ignored);
    }
    str_fini(&base);
    text_free(&t);
    return 0;
}
