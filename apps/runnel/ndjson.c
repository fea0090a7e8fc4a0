/* SPDX-License-Identifier: MIT */
/*
 * The report for programs, one object a line:
 *
 *   {"type":"broken","url":U,"kind":K,"reason":R,"status":N?,"redirected_to":U?,
 *    "pages":[{"url":U,"line":N},...]}
 *   {"type":"redirected"|"skipped", ...}   with --verbose
 *   {"type":"summary", ...}                always the last line
 *
 * Always valid UTF-8: what is not becomes U+FFFD. URLs of files are percent-encoded, so no name is
 * lost by that.
 */
#include "report.h"
#include "escape.h"

#include <inttypes.h>
#include <stdio.h>

static void member(str *s, const char *name, const char *text)
{
    str_printf(s, "%s\"%s\":\"", s->data[s->len - 1] == '{' ? "" : ",", name);
    escape_json(s, text);
    str_putc(s, '"');
}

static void number(str *s, const char *name, uint64_t n)
{
    str_printf(s, ",\"%s\":%" PRIu64, name, n);
}

static void put(str *s)
{
    str_puts(s, "}\n");
    fwrite(s->data, 1, s->len, stdout);
    str_fini(s);
}

static void put_finding(const finding *f, const char *type)
{
    str s = { 0 };
    str_putc(&s, '{');
    member(&s, "type", type);
    member(&s, "url", f->link->key);
    if (f->fault)
        member(&s, "kind", fault_name(f->fault));
    member(&s, "reason", f->reason);
    if (f->status)
        number(&s, "status", (uint64_t)f->status);
    if (f->through)
        member(&s, "redirected_to", f->through->url);
    str_puts(&s, ",\"pages\":[");
    for (size_t i = 0; i < f->link->count; i++) {
        const place *p = &f->link->places[i];
        str_puts(&s, i ? ",{" : "{");
        member(&s, "url", p->page->url);
        number(&s, "line", p->line);
        str_putc(&s, '}');
    }
    str_putc(&s, ']');
    put(&s);
}

static void put_summary(const verdict *v, const run_info *run)
{
    str s = { 0 };
    str_putc(&s, '{');
    member(&s, "type", "summary");
    number(&s, "pages", v->pages);
    number(&s, "links", v->links);
    number(&s, "unique", v->unique);
    number(&s, "ok", v->ok);
    number(&s, "broken", v->broken.count);
    number(&s, "skipped", v->skipped_total);
    str_puts(&s, ",\"skipped_by\":{");
    for (size_t i = 0; i < v->skips.count; i++) {
        str_puts(&s, i ? ",\"" : "\"");
        escape_json(&s, v->skips.list[i]->why);
        str_printf(&s, "\":%zu", v->skips.list[i]->count);
    }
    str_putc(&s, '}');
    number(&s, "unchecked", v->unchecked);
    number(&s, "redirected", v->redirected);
    number(&s, "fragments_unverified", v->fragments_unverified);
    str_printf(&s, ",\"seconds\":%.3f", (double)run->took_ns / 1e9);
    if (run->stopped)
        member(&s, "stopped", run->stopped);
    number(&s, "tasks_started", run->stats.tasks_started);
    number(&s, "tasks_ended", run->stats.tasks_ended);
    number(&s, "tasks_leaked", run->stats.tasks_leaked);
    number(&s, "workers", run->stats.workers);
    put(&s);
}

void report_ndjson(const verdict *v, const options *o, const run_info *run)
{
    for (size_t i = 0; i < v->broken.count; i++)
        put_finding(&v->broken.list[i], "broken");
    for (size_t i = 0; o->verbose && i < v->notes.count; i++)
        put_finding(&v->notes.list[i], v->notes.list[i].through ? "redirected" : "skipped");
    put_summary(v, run);
}
