/* SPDX-License-Identifier: MIT */
/*
 * Links and names of a page, by gumbo.
 *
 * Hostile pages decide the shape of this file:
 * - gumbo frees its tree by recursion, so 100,000 nested elements would overflow any task's stack.
 *   Here the tree lives in an arena and is never given to gumbo_destroy_output; the walk uses the
 *   parent pointers instead of recursion.
 * - gumbo is quadratic in the depth of some pages and cannot be interrupted. It allocates for every
 *   tag, so the allocator looks at the clock and leaves by longjmp; gumbo 0.10.1 holds nothing but
 *   memory, and that is the arena's.
 * - gumbo fails assertions on some pages. assertion.c leaves by the same longjmp then.
 *
 * Which attributes are links is the table below; href in SVG may be xlink:href. Not among them:
 * form actions and formaction (following one may change something), ping, <link rel=preconnect> and
 * dns-prefetch (they name hosts), <use> and the other references of SVG, what srcdoc, style
 * attributes, style sheets and scripts hold, manifest, longdesc, usemap, codebase and classid.
 */
#define _GNU_SOURCE
#include "html.h"
#include "assertion.h"
#include "escape.h"

#include <errno.h>
#include <gumbo.h>
#include <setjmp.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>

#define REPLACEMENT "\xef\xbf\xbd" /* U+FFFD */

typedef enum how { ONE, SRCSET } how;

static const struct rule {
    GumboTag tag;
    const char *attribute;
    how how;
} rules[] = {
    { GUMBO_TAG_A, "href", ONE },           { GUMBO_TAG_AREA, "href", ONE },
    { GUMBO_TAG_LINK, "href", ONE },        { GUMBO_TAG_IMG, "src", ONE },
    { GUMBO_TAG_IMG, "srcset", SRCSET },    { GUMBO_TAG_SCRIPT, "src", ONE },
    { GUMBO_TAG_IFRAME, "src", ONE },       { GUMBO_TAG_FRAME, "src", ONE },
    { GUMBO_TAG_SOURCE, "src", ONE },       { GUMBO_TAG_SOURCE, "srcset", SRCSET },
    { GUMBO_TAG_VIDEO, "src", ONE },        { GUMBO_TAG_VIDEO, "poster", ONE },
    { GUMBO_TAG_AUDIO, "src", ONE },        { GUMBO_TAG_TRACK, "src", ONE },
    { GUMBO_TAG_EMBED, "src", ONE },        { GUMBO_TAG_OBJECT, "data", ONE },
    { GUMBO_TAG_INPUT, "src", ONE },        { GUMBO_TAG_BODY, "background", ONE },
    { GUMBO_TAG_BLOCKQUOTE, "cite", ONE },  { GUMBO_TAG_Q, "cite", ONE },
    { GUMBO_TAG_INS, "cite", ONE },         { GUMBO_TAG_DEL, "cite", ONE },
    { GUMBO_TAG_IMAGE, "href", ONE },       { GUMBO_TAG_LINK, "imagesrcset", SRCSET },
    { GUMBO_TAG_TABLE, "background", ONE }, { GUMBO_TAG_TR, "background", ONE },
    { GUMBO_TAG_TD, "background", ONE },    { GUMBO_TAG_TH, "background", ONE },
};

typedef struct parse {
    arena *arena;
    const html_limits *limits;
    html_doc *doc;
    jmp_buf leave;
    int why; /* what html_parse returns after longjmp */
    unsigned allocations;
} parse;

static int64_t now_ns(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec * INT64_C(1000000000) + t.tv_nsec;
}

int html_limits_check(const html_limits *limits)
{
    if (limits->stop && limits->stop(limits->arg))
        return -ECANCELED;
    return now_ns() >= limits->deadline_ns ? -ETIMEDOUT : 0;
}

static void *allocate(void *arg, size_t n)
{
    parse *p = arg;
    if (++p->allocations % 256 == 0 && (p->why = html_limits_check(p->limits)) != 0)
        longjmp(p->leave, 1);
    void *block = arena_alloc(p->arena, n);
    if (!block) {
        p->why = -E2BIG;
        longjmp(p->leave, 1);
    }
    return block;
}

static void give_up(void *arg)
{
    parse *p = arg;
    p->why = -EBADMSG;
    longjmp(p->leave, 1);
}

static void release(void *arg, void *block)
{
    arena_release(((parse *)arg)->arena, block);
}

static void add_link(parse *p, const char *ref, unsigned line)
{
    html_doc *doc = p->doc;
    if (doc->count == doc->cap) {
        doc->cap = doc->cap ? doc->cap * 2 : 32;
        doc->links = xrealloc(doc->links, doc->cap * sizeof *doc->links);
    }
    doc->links[doc->count++] = (html_link){ ref, line };
}

static char *keep(parse *p, const char *text, size_t n)
{
    char *copy = allocate(p, n + 1);
    memcpy(copy, text, n);
    copy[n] = 0;
    return copy;
}

/* The bytes at p that gumbo replaces by U+FFFD, among them those of U+FFFD itself; 0: it keeps the
 * character there, of *len bytes. */
static size_t replaced(const char *p, size_t n, size_t *len)
{
    uint32_t c;
    *len = utf8_next(p, n, &c);
    if (!*len)
        return utf8_broken(p, n);
    bool odd = c < 9 || c == 0xb || (c >= 0xe && c < 0x20) || (c >= 0x7f && c < 0xa0) ||
               (c >= 0xfdd0 && c <= 0xfdef) || (c & 0xfffe) == 0xfffe || c == 0xfffd;
    return odd ? *len : 0;
}

/* Writes value with each U+FFFD as the bytes of raw that it stands for. Returns false if they do
 * not match: an entity can make one, too. */
static bool restore(const char *value, const char *raw, size_t n, char *out)
{
    size_t i = 0, bytes = 0, len;
    for (; *value; value += 3) {
        const char *next = strstr(value, REPLACEMENT);
        size_t plain = next ? (size_t)(next - value) : strlen(value);
        memcpy(out, value, plain);
        out += plain;
        value += plain;
        if (!next)
            break;
        while (i < n && (bytes = replaced(raw + i, n - i, &len)) == 0)
            i += len;
        if (i == n)
            return false;
        bool nul = !raw[i]; /* stays U+FFFD */
        memcpy(out, nul ? REPLACEMENT : raw + i, nul ? 3 : bytes);
        out += nul ? 3 : bytes;
        i += bytes;
    }
    *out = 0;
    while (i < n && replaced(raw + i, n - i, &len) == 0)
        i += len;
    return i == n;
}

/*
 * The value of an attribute. gumbo replaces bytes that are not UTF-8; a file or an id of such a
 * name is only found by its bytes, so they are taken from the source.
 */
static const char *value_of(parse *p, const GumboAttribute *a)
{
    const char *raw = a->original_value.data;
    size_t n = a->original_value.length;
    if (!raw || !strstr(a->value, REPLACEMENT))
        return a->value;
    if (n >= 2 && (raw[0] == '"' || raw[0] == '\''))
        raw++, n -= 2;
    char *value = allocate(p, strlen(a->value) + n + 1);
    return restore(a->value, raw, n, value) ? value : a->value;
}

static bool is_space(char c)
{
    return c == ' ' || c == '\t' || c == '\n' || c == '\f' || c == '\r';
}

/* Splits "a.png 1x, b.png 2x" as the HTML standard does: a URL ends at white space. */
static void add_srcset(parse *p, const char *s, unsigned line)
{
    for (;;) {
        while (is_space(*s) || *s == ',')
            s++;
        if (!*s)
            return;
        const char *end = s;
        while (*end && !is_space(*end))
            end++;
        size_t n = (size_t)(end - s);
        bool bare = s[n - 1] == ',';
        while (n && s[n - 1] == ',')
            n--;
        add_link(p, keep(p, s, n), line);
        s = end;
        for (int depth = 0; !bare && *s && !(*s == ',' && depth == 0); s++)
            depth += *s == '(' ? 1 : *s == ')' && depth ? -1 : 0;
    }
}

/* <meta http-equiv=refresh content="5; url='next.html'">: the page it goes to. */
static void add_refresh(parse *p, const GumboElement *e, unsigned line)
{
    const GumboAttribute *equiv = gumbo_get_attribute(&e->attributes, "http-equiv");
    const GumboAttribute *content = gumbo_get_attribute(&e->attributes, "content");
    if (!equiv || !content || strcasecmp(equiv->value, "refresh") != 0)
        return;
    const char *s = content->value + strspn(content->value, " \t\n\f\r0123456789.");
    if (*s != ';' && *s != ',')
        return;
    s += 1 + strspn(s + 1, " \t\n\f\r");
    if (strncasecmp(s, "url", 3) == 0) {
        const char *after = s + 3 + strspn(s + 3, " \t\n\f\r");
        if (*after == '=')
            s = after + 1 + strspn(after + 1, " \t\n\f\r");
    }
    if (!*s)
        return;
    bool quoted = *s == '"' || *s == '\'';
    size_t n = quoted ? strcspn(s + 1, (char[]){ *s, 0 }) : strlen(s);
    add_link(p, keep(p, s + quoted, n), line);
}

static bool names_a_host(const GumboElement *e)
{
    const GumboAttribute *rel = gumbo_get_attribute(&e->attributes, "rel");
    return e->tag == GUMBO_TAG_LINK && rel &&
           (strcasestr(rel->value, "preconnect") || strcasestr(rel->value, "dns-prefetch"));
}

static void visit(parse *p, const GumboNode *node)
{
    const GumboElement *e = &node->v.element;
    unsigned line = e->start_pos.line;
    const GumboAttribute *a = gumbo_get_attribute(&e->attributes, "id");
    if (a && a->value[0])
        idset_add(&p->doc->ids, value_of(p, a));
    /* Copies that the parser makes of unclosed <a> and the like are not links of the page. */
    if (node->parse_flags &
        (GUMBO_INSERTION_RECONSTRUCTED_FORMATTING_ELEMENT | GUMBO_INSERTION_ADOPTION_AGENCY_CLONED))
        return;
    if (e->tag == GUMBO_TAG_META) {
        add_refresh(p, e, line);
    } else if (e->tag == GUMBO_TAG_BASE) {
        if (!p->doc->base && (a = gumbo_get_attribute(&e->attributes, "href")))
            p->doc->base = value_of(p, a);
    } else if (e->tag == GUMBO_TAG_A && (a = gumbo_get_attribute(&e->attributes, "name"))) {
        if (a->value[0])
            idset_add(&p->doc->ids, value_of(p, a));
    }
    if (e->attributes.length == 0 || names_a_host(e))
        return;
    for (size_t i = 0; i < sizeof rules / sizeof *rules; i++) {
        if (rules[i].tag != e->tag)
            continue;
        a = gumbo_get_attribute(&e->attributes, rules[i].attribute);
        if (a && rules[i].how == ONE)
            add_link(p, value_of(p, a), line);
        else if (a)
            add_srcset(p, value_of(p, a), line);
    }
}

static const GumboVector *children_of(const GumboNode *node)
{
    if (node->type == GUMBO_NODE_DOCUMENT)
        return &node->v.document.children;
    return node->type == GUMBO_NODE_ELEMENT || node->type == GUMBO_NODE_TEMPLATE
               ? &node->v.element.children
               : NULL;
}

/* Where node is among its parent's children. gumbo keeps count; that is checked, not trusted. */
static size_t place_in(const GumboVector *children, const GumboNode *node)
{
    size_t i = node->index_within_parent;
    if (i < children->length && children->data[i] == node)
        return i;
    for (i = 0; i < children->length && children->data[i] != node;)
        i++;
    return i;
}

/* Pre-order over the whole tree without a stack. */
static void walk(parse *p, const GumboNode *top)
{
    const GumboNode *node = top;
    for (;;) {
        if (node->type == GUMBO_NODE_ELEMENT || node->type == GUMBO_NODE_TEMPLATE)
            visit(p, node);
        const GumboVector *children = children_of(node);
        if (children && children->length) {
            node = children->data[0];
            continue;
        }
        while (node != top) {
            children = children_of(node->parent);
            size_t next = place_in(children, node) + 1;
            if (next < children->length) {
                node = children->data[next];
                break;
            }
            node = node->parent;
        }
        if (node == top)
            return;
    }
}

int html_parse(const char *data, size_t n, arena *a, const html_limits *limits, html_doc *doc)
{
    *doc = (html_doc){ 0 };
    parse p = { .arena = a, .limits = limits, .doc = doc };
    /* Nothing that is changed here may live in a register across the longjmp. */
    size_t mark = n >= 3 && memcmp(data, "\xef\xbb\xbf", 3) == 0 ? 3 : 0;
    if (setjmp(p.leave) != 0) {
        assertion_catch(NULL, NULL);
        html_fini(doc);
        return p.why;
    }
    GumboOptions options = kGumboDefaultOptions;
    options.allocator = allocate;
    options.deallocator = release;
    options.userdata = &p;
    options.max_errors = 0;
    assertion_catch(give_up, &p);
    GumboOutput *tree = gumbo_parse_with_options(&options, data + mark, n - mark);
    walk(&p, tree->document);
    assertion_catch(NULL, NULL);
    idset_seal(&doc->ids);
    return 0;
}

void html_fini(html_doc *doc)
{
    free(doc->links);
    idset_fini(&doc->ids);
    *doc = (html_doc){ 0 };
}
