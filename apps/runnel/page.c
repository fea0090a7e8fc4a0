/* SPDX-License-Identifier: MIT */
/*
 * One page, read in one go: parse, resolve each reference against the page or its <base>, match the
 * exclude patterns. Everything found lives in one arena that travels with the result.
 *
 * The patterns are matched here and not in the frontier because regexec may need more stack than a
 * task has, and because this runs on a helper thread, in parallel.
 *
 * A page may hold millions of links, and each costs time in proportion to its own length and that
 * of its base. So the limits are looked at for each, and both lengths are bounded: by more than
 * servers and file systems take, but such that one link costs milliseconds, patterns and all.
 */
#include "page.h"
#include "escape.h"

#include <errno.h>
#include <string.h>

/* A tree takes some 30 times the bytes of its page; this bounds it whatever the page is. */
enum { TREE_BYTES = 1 << 30, REF_BYTES = 64 * 1024 };

static const char *keep(arena *a, const char *text, size_t n)
{
    char *copy = arena_alloc(a, n + 1);
    if (!copy)
        return NULL;
    memcpy(copy, text, n);
    copy[n] = 0;
    return copy;
}

static bool is_excluded(const options *o, const char *url, const char *fragment)
{
    if (!o->exclude_count)
        return false;
    str whole = { 0 };
    str_printf(&whole, "%s%s%s", url, *fragment ? "#" : "", fragment);
    bool match = false;
    for (size_t i = 0; i < o->exclude_count && !match; i++)
        match = regexec(&o->exclude[i], str_c(&whole), 0, NULL, 0) == 0;
    str_fini(&whole);
    return match;
}

/*
 * A data: URL can be a megabyte, and nobody wants to see it: links that are only counted keep their
 * first bytes and a digest (FNV-1a), enough to tell them apart.
 */
static void shorten(str *url)
{
    enum { KEEP = 200 };
    if (url->len <= KEEP)
        return;
    uint64_t digest = 0xcbf29ce484222325;
    for (size_t i = 0; i < url->len; i++)
        digest = (digest ^ (unsigned char)url->data[i]) * 0x100000001b3;
    url->len = KEEP;
    str_printf(url, "...%016llx", (unsigned long long)digest);
}

/* "/x" on a local page means --root's x. */
static void add_root(const options *o, const char *ref, str *url)
{
    while ((unsigned char)*ref <= ' ' && *ref)
        ref++;
    if (!*o->root || ref[0] != '/' || ref[1] == '/')
        return;
    str rooted = { 0 };
    url_from_path(&rooted, o->root);
    str_puts(&rooted, str_c(url) + strlen("file://"));
    str_fini(url);
    *url = rooted;
}

typedef struct resolver {
    const options *o;
    arena *arena;
    str base;    /* the URL that references on the page are relative to */
    bool rooted; /* it is a file's */
    str url, fragment;
} resolver;

static bool resolve(resolver *v, const html_link *l, found *f)
{
    size_t n = strlen(l->ref);
    *f = (found){ .line = l->line };
    f->kind = url_resolve(str_c(&v->base), l->ref, &v->url, &v->fragment, &f->fault);
    if (n > REF_BYTES && f->kind != URL_OTHER) {
        f->kind = URL_BAD;
        f->fault = "malformed URL: longer than 64 KiB";
        str_clear(&v->fragment);
        str_clear(&v->url);
        str_add(&v->url, l->ref, n);
    }
    if (f->kind == URL_FILE && v->rooted)
        add_root(v->o, l->ref, &v->url);
    if (f->kind == URL_OTHER || f->kind == URL_BAD)
        shorten(&v->url);
    if (!v->o->fragments)
        str_clear(&v->fragment);
    f->excluded = is_excluded(v->o, str_c(&v->url), str_c(&v->fragment));
    f->url = keep(v->arena, str_c(&v->url), v->url.len);
    f->fragment = keep(v->arena, str_c(&v->fragment), v->fragment.len);
    return f->url && f->fragment;
}

/* The base is the page itself or what its <base> says. */
static int find_base(resolver *v, const char *url, const html_doc *doc)
{
    const char *why;
    bool local = strncmp(url, "file:", 5) == 0;
    if (doc->base && strlen(doc->base) > REF_BYTES)
        return -ENAMETOOLONG;
    url_kind kind = URL_BAD;
    if (doc->base)
        kind = url_resolve(url, doc->base, &v->base, &v->fragment, &why);
    if (kind == URL_FILE && local)
        add_root(v->o, doc->base, &v->base);
    if (kind != URL_FILE && kind != URL_HTTP) {
        str_clear(&v->base);
        str_puts(&v->base, url);
    }
    v->rooted = strncmp(str_c(&v->base), "file:", 5) == 0;
    return 0;
}

static int resolve_all(const options *o, const html_limits *limits, const char *url,
                       const html_doc *doc, result *r)
{
    resolver v = { .o = o, .arena = r->arena };
    int rc = find_base(&v, url, doc);
    r->found = xmalloc(doc->count * sizeof *r->found);
    for (size_t i = 0; i < doc->count && rc == 0; i++) {
        rc = html_limits_check(limits);
        if (rc == 0 && !resolve(&v, &doc->links[i], &r->found[r->count++]))
            rc = -E2BIG;
    }
    str_fini(&v.base);
    str_fini(&v.url);
    str_fini(&v.fragment);
    return rc;
}

/* The page as UTF-8, which gumbo wants: itself or, if its first bytes say UTF-16, *converted. */
static const str *decode(const str *body, str *converted)
{
    const char *p = str_c(body);
    bool big = body->len >= 2 && memcmp(p, "\xfe\xff", 2) == 0;
    if (!big && !(body->len >= 2 && memcmp(p, "\xff\xfe", 2) == 0))
        return body;
    utf16_to_utf8(converted, p + 2, body->len - 2, big);
    return converted;
}

int page_read(const options *o, const html_limits *limits, const char *url, const str *body,
              result *r)
{
    html_doc doc;
    arena *tree = arena_new(TREE_BYTES);
    str converted = { 0 };
    const str *text = decode(body, &converted);
    int rc = html_parse(str_c(text), text->len, tree, limits, &doc);
    if (rc == 0) {
        r->arena = arena_new(TREE_BYTES);
        rc = resolve_all(o, limits, url, &doc, r);
        r->ids = doc.ids;
        doc.ids = (idset){ 0 };
        r->is_page = rc == 0;
    }
    if (rc == -E2BIG)
        result_break(r, FAULT_TOO_LARGE, "too large to parse: its tree takes over 1 GiB");
    else if (rc == -ETIMEDOUT)
        result_break(r, FAULT_TIMEOUT, "timed out while parsing the page");
    else if (rc == -ENAMETOOLONG)
        result_break(r, FAULT_URL, "its <base> is longer than 64 KiB");
    else if (rc == -EBADMSG)
        result_break(r, FAULT_PARSE, "cannot be parsed: the HTML parser gave up on it");
    html_fini(&doc);
    arena_free(tree);
    str_fini(&converted);
    return rc == -ECANCELED ? rc : 0;
}
