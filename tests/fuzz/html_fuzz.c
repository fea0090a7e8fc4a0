/* SPDX-License-Identifier: MIT */
/*
 * Target: a page, from its bytes to its links, resolved, and the names that fragments lead to. The
 * input is the page; it is read as one of the disk and as one of a site.
 */
#include "fuzz/fuzz.h"

#include <string.h>

#include "../../apps/runnel/html.h"
#include "../../apps/runnel/page.h"

static bool never(void *arg)
{
    (void)arg;
    return false;
}

static const html_limits limits = { .deadline_ns = INT64_MAX, .stop = never };

static size_t lines_of(const uint8_t *data, size_t size)
{
    size_t lines = 1;
    for (size_t i = 0; i < size; i++)
        lines += data[i] == '\n' || data[i] == '\r';
    return lines;
}

/* Every name of the page is found by the fragment that spells it out. */
static void check_names(const idset *ids)
{
    for (size_t i = 0; i < ids->count; i++) {
        const char *name = ids->text.data + ids->start[i];
        FUZZ_CHECK(i == 0 || strcmp(ids->text.data + ids->start[i - 1], name) <= 0);
        if (strstr(name, ":~:"))
            continue; /* a directive, which is not part of a fragment */
        str fragment = { 0 };
        for (const char *p = name; *p; p++)
            str_printf(&fragment, "%%%02x", (unsigned char)*p);
        FUZZ_CHECK(idset_has_fragment(ids, str_c(&fragment)));
        FUZZ_CHECK(idset_has_fragment(ids, name));
        str_fini(&fragment);
    }
    FUZZ_CHECK(idset_has_fragment(ids, "") && idset_has_fragment(ids, "TOP"));
}

static void check_found(const result *r, size_t lines)
{
    for (size_t i = 0; i < r->count; i++) {
        const found *f = &r->found[i];
        FUZZ_CHECK(f->url && f->fragment && f->line >= 1 && f->line <= lines);
        FUZZ_CHECK(f->kind != URL_BAD || f->fault);
        if (f->kind != URL_FILE && f->kind != URL_HTTP)
            continue;
        for (const char *p = f->url; *p; p++)
            FUZZ_CHECK((unsigned char)*p > ' ' && (unsigned char)*p < 0x7f);
    }
}

static void read_page(const char *url, const uint8_t *data, size_t size, bool fragments)
{
    options o = { .fragments = fragments, .root = (char[]){ "" } };
    result *r = xcalloc(1, sizeof *r);
    str body = { 0 };
    str_add(&body, data, size);
    FUZZ_CHECK(page_read(&o, &limits, url, &body, r) == 0);
    FUZZ_CHECK(r->is_page != (r->outcome == OUT_BROKEN));
    if (r->is_page) {
        /* The lines of a page in UTF-16 are at most as many as its bytes. */
        bool wide = size >= 2 &&
                    (memcmp(data, "\xfe\xff", 2) == 0 || memcmp(data, "\xff\xfe", 2) == 0);
        check_found(r, wide ? size : lines_of(data, size));
        check_names(&r->ids);
    }
    result_free(r);
    str_fini(&body);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    read_page("file:///a/b.html", data, size, true);
    read_page("https://a.example/b/c?d", data, size, false);
    return 0;
}
