/* SPDX-License-Identifier: MIT */
/*
 * Target: the command line of `runnel check`. The input's lines are the words behind "check".
 * Either they are accepted, with every number in its range, and nothing is said; or one line is.
 *
 * Bounds of regular expressions, {n,m}, are left out: glibc's regcomp takes memory in proportion to
 * the product of nested ones, and whoever gives the pattern is the user himself.
 */
#include "fuzz/fuzz.h"
#include "fuzz/json.h"
#include "fuzz/text.h"

#include <string.h>

#include "../../apps/runnel/options.h"

static void check_accepted(const options *o)
{
    FUZZ_CHECK(o->jobs >= 1 && o->jobs <= 1000 && o->per_host >= 1 && o->per_host <= 1000);
    FUZZ_CHECK(o->max_redirects <= 50 && o->retries <= 100);
    FUZZ_CHECK(o->timeout_ns >= 1000000 && o->timeout_ns <= 10000000 * INT64_C(1000000000));
    FUZZ_CHECK(o->max_time_ns >= 0 && o->max_time_ns <= 10000000 * INT64_C(1000000000));
    FUZZ_CHECK(o->max_body_bytes >= 1 << 20 && o->max_body_bytes <= (size_t)1 << 30);
    FUZZ_CHECK(o->root && o->user_agent);
    FUZZ_CHECK(o->help || o->input_count >= 1);
}

static void check_complaint(const char *said, size_t n)
{
    FUZZ_CHECK(n > 1 && memchr(said, '\n', n) == said + n - 1 && json_utf8(said, n));
    for (size_t i = 0; i + 1 < n; i++)
        FUZZ_CHECK((unsigned char)said[i] >= ' ');
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    text t;
    char *argv[TEXT_LINES_MAX + 2] = { (char[]){ "check" } };
    text_split(&t, data, size);
    for (int i = 0; i < t.n; i++) {
        for (char *p = t.lines[i]; *p; p++)
            if (*p == '{')
                *p = '(';
        argv[i + 1] = t.lines[i];
    }
    options o;
    char *said = NULL;
    size_t n;
    FILE *kept = stderr;
    stderr = open_memstream(&said, &n);
    if (!stderr)
        abort();
    bool ok = options_parse(&o, t.n + 1, argv);
    fclose(stderr);
    stderr = kept;
    if (ok) {
        FUZZ_CHECK(n == 0);
        check_accepted(&o);
    } else {
        check_complaint(said, n);
    }
    options_fini(&o);
    free(said);
    text_free(&t);
    return 0;
}
