/* SPDX-License-Identifier: MIT */
/* The report for people. All text that came from outside passes through escape_terminal. */
#define _GNU_SOURCE
#include "report.h"
#include "escape.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { PLACES_SHOWN = 10, URL_SHOWN = 4000 };

typedef struct paint {
    const char *bad, *dim, *off;
} paint;

/* Colours only on a terminal whose owner did not ask for none (https://no-color.org). */
static paint choose_paint(void)
{
    const char *no = getenv("NO_COLOR"), *term = getenv("TERM");
    if (!isatty(STDOUT_FILENO) || (no && *no) || (term && strcmp(term, "dumb") == 0))
        return (paint){ "", "", "" };
    return (paint){ "\033[31m", "\033[2m", "\033[0m" };
}

static void put_url(str *out, const char *url)
{
    /* A path with a NUL is not one: it stays as it is written. */
    if (strncmp(url, "file:///", 8) != 0 || strstr(url, "%00")) {
        escape_terminal(out, url);
        return;
    }
    const char *hash = strchr(url, '#');
    char *bare = xstrndup(url, hash ? (size_t)(hash - url) : strlen(url));
    char *path = url_to_path(bare), *here = getcwd(NULL, 0), *shown = path;
    size_t n = here ? strlen(here) : 0;
    if (n > 1 && strncmp(path, here, n) == 0 && path[n] == '/' && path[n + 1])
        shown = path + n + 1;
    escape_terminal(out, shown);
    if (hash)
        escape_terminal(out, hash);
    free(bare);
    free(path);
    free(here);
}

void report_url(str *out, const char *url)
{
    size_t start = out->len;
    put_url(out, url);
    size_t n = out->len - start;
    if (n <= URL_SHOWN)
        return;
    out->len = start + URL_SHOWN;
    /* Not in the middle of a character. */
    while (out->len > start && ((unsigned char)out->data[out->len] & 0xc0) == 0x80)
        out->len--;
    str_printf(out, "... (%zu bytes)", n);
}

static void put_places(const hyperlink *l, const options *o, str *line)
{
    size_t shown = o->verbose || l->count <= PLACES_SHOWN ? l->count : PLACES_SHOWN;
    if (!l->count)
        str_puts(line, "    on the command line\n");
    for (size_t i = 0; i < shown; i++) {
        const place *p = &l->places[i];
        bool same_page = i && l->places[i - 1].page == p->page;
        if (!same_page) {
            str_puts(line, i ? "\n    " : "    ");
            report_url(line, p->page->url);
        }
        str_printf(line, "%c%u", same_page ? ',' : ':', p->line);
    }
    if (shown)
        str_putc(line, '\n');
    if (shown < l->count)
        str_printf(line, "    and %zu more places\n", l->count - shown);
}

static void put_finding(const finding *f, const options *o, const paint *p, bool places)
{
    str line = { 0 };
    str_puts(&line, places ? p->bad : "");
    report_url(&line, f->link->key);
    str_printf(&line, "%s\n  ", places ? p->off : "");
    escape_terminal(&line, f->reason);
    if (f->through) {
        str_puts(&line, places ? " after a redirect to " : " to ");
        report_url(&line, f->through->url);
    }
    str_printf(&line, "\n%s", places ? p->dim : "");
    if (places)
        put_places(f->link, o, &line);
    str_puts(&line, places ? p->off : "");
    fwrite(line.data, 1, line.len, stdout);
    str_fini(&line);
}

static void put_summary(const verdict *v, const run_info *run)
{
    printf("%zu pages, %zu links, %zu unique: %zu ok, %zu broken, %zu skipped", v->pages, v->links,
           v->unique, v->ok, v->broken.count, v->skipped_total);
    for (size_t i = 0; i < v->skips.count; i++)
        printf("%s%s %zu", i ? ", " : " (", v->skips.list[i]->why, v->skips.list[i]->count);
    printf("%s", v->skips.count ? ")" : "");
    if (v->unchecked)
        printf(", %zu not checked", v->unchecked);
    if (v->redirected)
        printf(", %zu redirected", v->redirected);
    if (v->fragments_unverified)
        printf(", %zu fragments not verified", v->fragments_unverified);
    printf("; %.1f seconds\n", (double)run->took_ns / 1e9);
}

void report_text(const verdict *v, const options *o, const run_info *run)
{
    paint p = choose_paint();
    for (size_t i = 0; i < v->broken.count; i++)
        put_finding(&v->broken.list[i], o, &p, true);
    for (size_t i = 0; o->verbose && i < v->notes.count; i++)
        put_finding(&v->notes.list[i], o, &p, false);
    if (o->quiet)
        return;
    if (v->broken.count)
        putchar('\n');
    if (run->stopped)
        printf("%s%s%s: %s\n", p.bad, run->stopped, p.off, run->missing);
    put_summary(v, run);
    const rn_stats *s = &run->stats;
    printf("account: %" PRIu64 " tasks started, %" PRIu64 " ended, %" PRIu64 " leaked; %" PRIu32
           " workers, %" PRIu64 " blocking calls\n",
           s->tasks_started, s->tasks_ended, s->tasks_leaked, s->workers, s->blocking);
}
