/* SPDX-License-Identifier: MIT */
/*
 * Resolution after RFC 3986, 5.2, with what browsers add to it (the URL standard): leading and
 * trailing white space is cut, tabs and newlines inside are dropped. In http URLs backslashes are
 * slashes, "%2e" is a dot, and what may not stand in a path or query is percent-encoded, by bytes.
 * In file URLs backslashes stay, since names may have them here.
 *
 * libcurl's URL API then checks and normalises http URLs, because that is what will be asked to
 * fetch them. It does not resolve references here: curl_url_set of 7.88 loses the file name for
 * "#x" and for "", and the query of file URLs.
 */
#define _GNU_SOURCE
#include "url.h"
#include "escape.h"

#include <curl/curl.h>
#include <string.h>
#include <strings.h>

/* Views into a URL; p[0..n). A NULL p means that the part is absent. */
typedef struct view {
    const char *p;
    size_t n;
} view;

typedef struct parts {
    view scheme, authority, path, query, fragment;
} parts;

/* ASCII only, and not by <ctype.h>: its tables are the thread's, which a task may leave. */
static bool is_letter(char c)
{
    return ((unsigned char)c | 0x20) >= 'a' && ((unsigned char)c | 0x20) <= 'z';
}

static bool in_scheme(char c)
{
    return is_letter(c) || (c >= '0' && c <= '9') || c == '+' || c == '-' || c == '.';
}

static size_t scheme_length(const char *s, size_t n)
{
    size_t i = 0;
    if (n == 0 || !is_letter(s[0]))
        return 0;
    while (i < n && in_scheme(s[i]))
        i++;
    return i < n && s[i] == ':' ? i : 0;
}

/* A loop for the few stops: strchr is dearer. */
static bool is_one_of(char c, const char *stops)
{
    while (*stops && *stops != c)
        stops++;
    return *stops;
}

static size_t span_until(const char *s, size_t n, const char *stops)
{
    size_t i = 0;
    while (i < n && !is_one_of(s[i], stops))
        i++;
    return i;
}

static parts split(const char *s, size_t n)
{
    parts u = { 0 };
    size_t k = scheme_length(s, n);
    if (k) {
        u.scheme = (view){ s, k };
        s += k + 1;
        n -= k + 1;
    }
    if (n >= 2 && s[0] == '/' && s[1] == '/') {
        k = span_until(s + 2, n - 2, "/?#");
        u.authority = (view){ s + 2, k };
        s += k + 2;
        n -= k + 2;
    }
    k = span_until(s, n, "?#");
    u.path = (view){ s, k };
    s += k;
    n -= k;
    if (n && s[0] == '?') {
        k = span_until(s + 1, n - 1, "#");
        u.query = (view){ s + 1, k };
        s += k + 1;
        n -= k + 1;
    }
    if (n)
        u.fragment = (view){ s + 1, n - 1 };
    return u;
}

size_t url_remove_dots(char *path, size_t n)
{
    size_t out = 0;
    for (size_t in = 0; in < n;) {
        size_t end = in + 1; /* path[in] is the '/' that starts the segment */
        while (end < n && path[end] != '/')
            end++;
        size_t len = end - in - 1;
        bool dot = len == 1 && path[in + 1] == '.';
        bool dots = len == 2 && path[in + 1] == '.' && path[in + 2] == '.';
        if (dots)
            while (out > 0 && path[--out] != '/') {}
        if (!dot && !dots) {
            memmove(path + out, path + in, end - in);
            out += end - in;
        } else if (end == n) {
            path[out++] = '/';
        }
        in = end;
    }
    if (out == 0 && n)
        path[out++] = '/';
    return out;
}

/* The reference without what browsers ignore. */
static void trim(const char *ref, str *out)
{
    size_t n = strlen(ref);
    while (n && (unsigned char)ref[n - 1] <= ' ')
        n--;
    while (n && (unsigned char)ref[0] <= ' ')
        ref++, n--;
    for (size_t i = 0, k; i < n; i += k + 1) {
        k = span_until(ref + i, n - i, "\t\n\r");
        str_add(out, ref + i, k);
    }
}

static void add_view(str *s, const char *before, view v)
{
    if (!v.p)
        return;
    str_puts(s, before);
    str_add(s, v.p, v.n);
}

/* The path of reference r on the page b: RFC 3986, 5.2.3. */
static void merge_path(str *path, const parts *b, const parts *r)
{
    if (r->path.n == 0 || r->path.p[0] != '/') {
        size_t keep = b->path.n;
        while (keep && b->path.p[keep - 1] != '/')
            keep--;
        str_add(path, b->path.p, r->path.n ? keep : b->path.n);
        if (!path->len)
            str_putc(path, '/');
    }
    str_add(path, r->path.p, r->path.n);
}

static url_kind resolve_file(const parts *b, const parts *r, str *url, const char **fault)
{
    if (r->authority.n &&
        !(r->authority.n == 9 && strncasecmp(r->authority.p, "localhost", 9) == 0)) {
        *fault = r->scheme.p ? "malformed URL: a file URL with a host"
                             : "malformed URL: protocol-relative, on a local page";
        return URL_BAD;
    }
    str raw = { 0 }, path = { 0 };
    if (r->authority.p && (r->path.n == 0 || r->path.p[0] != '/'))
        str_putc(&raw, '/');
    if (r->authority.p)
        str_add(&raw, r->path.p, r->path.n);
    else
        merge_path(&raw, b, r);
    bool clean = unescape_percent(&path, str_c(&raw), raw.len);
    /* The file system takes a//b for a/b. */
    size_t n = 0;
    for (size_t i = 0; i < path.len; i++)
        if (!(i && path.data[i] == '/' && path.data[i - 1] == '/'))
            path.data[n++] = path.data[i];
    n = url_remove_dots(path.data, n);
    str_puts(url, "file://");
    escape_path(url, path.data, n);
    str_fini(&raw);
    str_fini(&path);
    *fault = "malformed URL: %00 in a file name";
    return clean ? URL_FILE : URL_BAD;
}

/* The result of a call of libcurl's, unless memory is short, which says nothing about the URL. */
static CURLUcode settled(CURLUcode rc)
{
    if (rc == CURLUE_OUT_OF_MEMORY)
        out_of_memory();
    return rc;
}

/* libcurl has decoded the host; a '%' that is left would be decoded the next time. */
static CURLUcode lower_host(CURLU *u)
{
    char *host = NULL;
    CURLUcode rc = settled(curl_url_get(u, CURLUPART_HOST, &host, 0));
    if (rc != CURLUE_OK)
        return rc;
    if (host[0] != '[' && strchr(host, '%'))
        rc = CURLUE_BAD_HOSTNAME;
    bool upper = false;
    for (char *p = host; *p; p++)
        if (*p >= 'A' && *p <= 'Z') {
            *p |= 0x20;
            upper = true;
        }
    if (upper && rc == CURLUE_OK)
        rc = settled(curl_url_set(u, CURLUPART_HOST, host, 0));
    curl_free(host);
    return rc;
}

/* A part of an http URL as browsers send it: the URL standard's percent-encode sets, which have all
 * that is not printable ASCII, and also the characters of also. */
static void add_encoded(str *out, view part, const char *also)
{
    for (size_t i = 0; i < part.n; i++) {
        unsigned char c = (unsigned char)part.p[i];
        if (c <= 0x20 || c >= 0x7f || strchr(also, c))
            str_printf(out, "%%%02X", c);
        else
            str_putc(out, (char)c);
    }
}

/* The name of a user may be anything, too. What is behind the last '@' is libcurl's to judge. */
static void add_authority(str *out, view a)
{
    size_t user = a.n;
    while (user && a.p[user - 1] != '@')
        user--;
    if (user) {
        add_encoded(out, (view){ a.p, user - 1 }, "\"#/;<=>?@[\\]^`{|}");
        str_putc(out, '@');
    }
    str_add(out, a.p + user, a.n - user);
}

/* The dots of a segment that is nothing but one or two of them, each as "." or as "%2e"; else 0. */
static size_t dots_in(const char *segment, size_t n)
{
    size_t dots = 0;
    for (size_t i = 0; i < n; dots++) {
        bool encoded = n - i >= 3 && strncasecmp(segment + i, "%2e", 3) == 0;
        if (!encoded && segment[i] != '.')
            return 0;
        i += encoded ? 3 : 1;
    }
    return dots <= 2 ? dots : 0;
}

/* Writes such segments with dots only: they mean the same. */
static void decode_dots(str *path)
{
    size_t out = 0;
    for (size_t in = 0, n; in < path->len; in += n) {
        n = span_until(path->data + in, path->len - in, "/");
        size_t dots = dots_in(path->data + in, n);
        if (n == 0)
            path->data[out++] = path->data[in], n = 1; /* the '/' */
        else if (dots)
            memset(path->data + out, '.', dots), out += dots;
        else
            memmove(path->data + out, path->data + in, n), out += n;
    }
    path->len = out;
}

/* libcurl decodes hosts and lets control characters pass (7.88). */
static bool is_printable(const char *text)
{
    while (*text > ' ' && *text < 0x7f)
        text++;
    return !*text;
}

/* Lets libcurl check and normalise the absolute URL text. */
static url_kind check_http(const char *text, str *url, const char **fault)
{
    CURLU *u = curl_url();
    char *out = NULL;
    if (!u)
        out_of_memory();
    unsigned flags = CURLU_URLENCODE | CURLU_ALLOW_SPACE | CURLU_NON_SUPPORT_SCHEME;
    CURLUcode rc = settled(curl_url_set(u, CURLUPART_URL, text, flags));
    if (rc == CURLUE_OK)
        rc = lower_host(u);
    if (rc == CURLUE_OK) {
        /* A host has one name, that of the DNS: xn--mnchen-3ya for one with an umlaut. */
        rc = curl_url_get(u, CURLUPART_URL, &out, CURLU_NO_DEFAULT_PORT | CURLU_PUNYCODE);
        /* That is what libcurl says, too, of a host that has no such name. */
        if (rc == CURLUE_OUT_OF_MEMORY)
            rc = CURLUE_BAD_HOSTNAME;
    }
    if (rc == CURLUE_OK && !is_printable(out))
        rc = CURLUE_BAD_HOSTNAME;
    if (rc == CURLUE_OK) {
        str_clear(url);
        str_puts(url, out);
    } else {
        *fault = rc == CURLUE_NO_HOST           ? "malformed URL: no host"
                 : rc == CURLUE_BAD_PORT_NUMBER ? "malformed URL: bad port number"
                 : rc == CURLUE_BAD_IPV6        ? "malformed URL: bad IPv6 address"
                 : rc == CURLUE_BAD_HOSTNAME    ? "malformed URL: bad host name"
                                                : "malformed URL";
    }
    curl_free(out);
    curl_url_cleanup(u);
    return rc == CURLUE_OK ? URL_HTTP : URL_BAD;
}

/* r has an authority of its own, or is relative to b. */
static url_kind resolve_http(const parts *b, const parts *r, view scheme, str *url,
                             const char **fault)
{
    str text = { 0 }, path = { 0 };
    add_view(&text, "", scheme);
    str_puts(&text, "://");
    add_authority(&text, r->authority.p ? r->authority : b->authority);
    if (r->authority.p)
        str_add(&path, r->path.p, r->path.n);
    else
        merge_path(&path, b, r);
    decode_dots(&path);
    if (path.len && path.data[0] == '/')
        path.len = url_remove_dots(path.data, path.len);
    add_encoded(&text, (view){ path.data, path.len }, "\"<>^`{}");
    view query = r->authority.p || r->path.n || r->query.p ? r->query : b->query;
    if (query.p) {
        str_putc(&text, '?');
        add_encoded(&text, query, "\"<>'");
    }
    url_kind kind = check_http(str_c(&text), url, fault);
    str_fini(&text);
    str_fini(&path);
    return kind;
}

static bool scheme_is(view scheme, const char *name)
{
    return scheme.n == strlen(name) && strncasecmp(scheme.p, name, scheme.n) == 0;
}

/*
 * What the URL standard takes an http reference for: backslashes are slashes, more than two before
 * a host are two, and if there are none after the scheme, it is relative on a page of that scheme
 * ("http:x") and else a host.
 */
static void mend_http(const str *ref, view base_scheme, str *out)
{
    size_t start = 0, end = span_until(str_c(ref), ref->len, "?#");
    size_t scheme = scheme_length(str_c(ref), ref->len);
    str text = { 0 };
    str_add(&text, str_c(ref), ref->len);
    for (size_t i = 0; i < end; i++)
        if (text.data[i] == '\\')
            text.data[i] = '/';
    size_t host = scheme ? scheme + 1 : 0, slashes = host;
    while (slashes < end && text.data[slashes] == '/')
        slashes++;
    if (slashes - host > 2) {
        str_add(out, text.data, host + 2);
        start = slashes;
    } else if (scheme && strncmp(text.data + scheme + 1, "//", 2) != 0) {
        start = scheme + 1;
        if (scheme == base_scheme.n && strncasecmp(text.data, base_scheme.p, scheme) == 0) {
            if (start < end && text.data[start] != '/')
                str_puts(out, "./"); /* or "http:a:b" would get another scheme */
        } else {
            str_add(out, text.data, scheme);
            str_puts(out, "://");
            start += text.data[start] == '/';
        }
    }
    str_add(out, text.data + start, text.len - start);
    str_fini(&text);
}

static url_kind resolve_parts(const parts *b, const str *text, str *url, str *fragment,
                              const char **fault)
{
    str mended = { 0 };
    parts r = split(str_c(text), text->len);
    view scheme = r.scheme.p ? r.scheme : b->scheme;
    url_kind kind = URL_OTHER;
    if (scheme_is(scheme, "file")) {
        kind = resolve_file(b, &r, url, fault);
    } else if (scheme_is(scheme, "http") || scheme_is(scheme, "https")) {
        mend_http(text, b->scheme, &mended);
        r = split(str_c(&mended), mended.len);
        kind = resolve_http(b, &r, scheme, url, fault);
    } else if (!r.scheme.p) {
        *fault = "malformed URL: nothing to resolve it against";
        kind = URL_BAD;
    }
    if (kind == URL_FILE || kind == URL_HTTP)
        str_add(fragment, r.fragment.p ? r.fragment.p : "", r.fragment.n);
    str_fini(&mended);
    return kind;
}

url_kind url_resolve(const char *base, const char *ref, str *url, str *fragment, const char **fault)
{
    str text = { 0 };
    parts b = split(base, strlen(base));
    trim(ref, &text);
    str_clear(url);
    str_clear(fragment);
    url_kind kind = resolve_parts(&b, &text, url, fragment, fault);
    if (kind == URL_OTHER || kind == URL_BAD) {
        str_clear(url);
        str_add(url, str_c(&text), text.len);
    }
    str_fini(&text);
    return kind;
}

void url_scheme(const char *url, str *scheme)
{
    size_t n = scheme_length(url, strlen(url));
    for (size_t i = 0; i < n; i++)
        str_putc(scheme, is_letter(url[i]) ? (char)(url[i] | 0x20) : url[i]);
}

void url_origin(const char *url, str *origin)
{
    parts u = split(url, strlen(url));
    add_view(origin, "", u.scheme);
    str_puts(origin, "://");
    const char *at = memrchr(u.authority.p ? u.authority.p : "", '@', u.authority.n);
    size_t skip = at ? (size_t)(at + 1 - u.authority.p) : 0;
    str_add(origin, u.authority.p + skip, u.authority.n - skip);
}

void url_from_path(str *url, const char *path)
{
    str_puts(url, "file://");
    escape_path(url, path, strlen(path));
}

char *url_to_path(const char *url)
{
    str path = { 0 };
    if (strncmp(url, "file://", 7) == 0)
        url += 7;
    unescape_percent(&path, url, strlen(url));
    return str_take(&path);
}
