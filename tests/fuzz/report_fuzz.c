/* SPDX-License-Identifier: MIT */
/*
 * Target: the reports of `runnel check`, about links, pages and reasons that are the input's lines.
 * What is for programs must be lines of JSON, each an object; what is for people must be UTF-8
 * without anything that a terminal would obey.
 */
#include "fuzz/fuzz.h"
#include "fuzz/json.h"
#include "fuzz/text.h"

#include <string.h>

#include "../../apps/runnel/report.h"

enum { FINDINGS_MAX = 4 };

typedef void reporter(const verdict *v, const options *o, const run_info *run);

/* What a report prints. */
static char *printed(reporter *report, const verdict *v, const options *o, const run_info *run,
                     size_t *size)
{
    char *out = NULL;
    FILE *kept = stdout;
    stdout = open_memstream(&out, size);
    if (!stdout)
        abort();
    report(v, o, run);
    fclose(stdout);
    stdout = kept;
    return out;
}

static void check_text(const char *out, size_t n)
{
    FUZZ_CHECK(json_utf8(out, n));
    for (size_t i = 0; i < n; i++) {
        unsigned char c = (unsigned char)out[i], d = i + 1 < n ? (unsigned char)out[i + 1] : 0;
        FUZZ_CHECK(c == '\n' || (c >= ' ' && c != 0x7f));
        FUZZ_CHECK(!(c == 0xc2 && d < 0xa0)); /* the controls behind ASCII, such as CSI */
    }
}

static void report_both(const text *t, const verdict *v, bool verbose, bool quiet)
{
    options o = { .verbose = verbose, .quiet = quiet, .ndjson = true };
    run_info run = { .took_ns = 1234567890 };
    if (t->n % 3 == 0) {
        run.stopped = t->lines[0];
        run.missing = "";
    }
    size_t n;
    char *out = printed(report_ndjson, v, &o, &run, &n);
    FUZZ_CHECK(json_lines(out, n));
    free(out);
    run.stopped = t->n % 3 == 0 ? "interrupted" : NULL; /* a constant there */
    out = printed(report_text, v, &o, &run, &n);
    check_text(out, n);
    free(out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    setenv("NO_COLOR", "1", 1);
    text t;
    text_split(&t, data, size);
    target pages[2] = { { .url = t.lines[0] }, { .url = t.lines[t.n - 1] } };
    place places[3] = { { &pages[0], 1 }, { &pages[0], 7 }, { &pages[1], 4000000000u } };
    hyperlink links[FINDINGS_MAX];
    finding list[FINDINGS_MAX];
    verdict v = { .pages = 2, .links = 9, .unique = 5, .unchecked = 1, .redirected = 1 };
    size_t n = 0;
    for (int i = 0; i + 1 < t.n && n < FINDINGS_MAX; i += 2, n++) {
        str scheme = { 0 };
        links[n] = (hyperlink){ .key = t.lines[i], .places = places, .count = n % 4 };
        list[n] = (finding){ .link = &links[n],
                             .fault = (fault)(size % (FAULT_FRAGMENT + 1)),
                             .status = n % 2 ? 404 : 0,
                             .reason = t.lines[i + 1],
                             .through = n % 3 == 2 ? &pages[1] : NULL };
        url_scheme(t.lines[i], &scheme);
        if (scheme.len)
            skips_add(&v.skips, str_c(&scheme));
        str_fini(&scheme);
    }
    skips_seal(&v.skips);
    v.broken = (findings){ list, n, n };
    v.notes = (findings){ list, n, n };
    report_both(&t, &v, size % 2, size % 5 == 0);
    skips_fini(&v.skips);
    text_free(&t);
    return 0;
}
