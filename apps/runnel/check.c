/* SPDX-License-Identifier: MIT */
/*
 * `runnel check`, from the command line to the exit status.
 *
 * The run's context is the one thing that ends it early: the deadline of --max-time, a signal, both
 * by cancelling it. The frontier task is not below it, so it lives to hand over what was found.
 *
 * Exit status: an input that cannot be read is 1 even if broken links were found elsewhere, because
 * then the answer is incomplete; a run that ended early (--max-pages, --max-time, a signal) is 2 if
 * it found any, else 1: never 0, because what was not seen may be broken. A panic of the library is
 * EXIT_PANIC: its own status would say that links are broken.
 */
#define _GNU_SOURCE
#include "check.h"
#include "descriptors.h"
#include "disk.h"
#include "escape.h"
#include "frontier.h"
#include "options.h"
#include "panic.h"
#include "progress.h"
#include "report.h"
#include "signals.h"

#include <curl/curl.h>
#include <locale.h>
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <sys/sysinfo.h>
#include <unistd.h>

typedef struct check {
    options o;
    frontier f;
    int signal_fd;
    int cause; /* of the run's context: 0, -EINTR or -ETIMEDOUT */
    bool input_error, has_directory;
} check;

static void complain(const char *input, const char *why)
{
    str line = { 0 };
    report_url(&line, input);
    fprintf(stderr, "runnel check: %s: %s\n", str_c(&line), why);
    str_fini(&line);
}

static bool add_url(check *c, const char *input)
{
    str url = { 0 }, fragment = { 0 };
    const char *why = "not an http, https or file URL";
    url_kind kind = url_resolve("", input, &url, &fragment, &why);
    if (kind == URL_HTTP && c->o.offline)
        why = "a URL cannot be checked with --offline";
    bool ok = kind == URL_HTTP && !c->o.offline;
    if (ok) {
        str origin = { 0 };
        url_origin(str_c(&url), &origin);
        str_putc(&origin, '/');
        frontier_add_scope(&c->f, str_take(&origin));
        /* Pages reached with a user's name in the URL link to each other with it. */
        const char *path = strchr(strstr(str_c(&url), "://") + 3, '/');
        frontier_add_scope(&c->f, xstrndup(str_c(&url), (size_t)(path + 1 - str_c(&url))));
        frontier_add_input(&c->f, str_c(&url), kind, str_c(&fragment), false);
    } else {
        complain(input, why);
    }
    str_fini(&url);
    str_fini(&fragment);
    return ok;
}

/* The tree of a file is its directory, that of a directory is itself. */
static bool add_tree(check *c, const char *input, bool is_directory)
{
    char *path = is_directory ? realpath(input, NULL) : disk_canonical(input);
    if (!path) {
        complain(input, strerrordesc_np(errno));
        return false;
    }
    str url = { 0 };
    url_from_path(&url, path);
    size_t n = url.len;
    if (is_directory && url.data[n - 1] != '/')
        str_putc(&url, '/');
    while (url.data[n - 1] != '/' && !is_directory)
        n--;
    frontier_add_scope(&c->f, xstrndup(str_c(&url), is_directory ? url.len : n));
    frontier_add_input(&c->f, str_c(&url), URL_FILE, "", is_directory);
    c->has_directory |= is_directory;
    str_fini(&url);
    free(path);
    return true;
}

static bool add_path(check *c, const char *input)
{
    struct stat st;
    if (stat(input, &st) != 0) {
        str scheme = { 0 };
        url_scheme(input, &scheme);
        complain(input, !*input                         ? "an empty name"
                        : errno == ENOENT && scheme.len ? "no such file, and not a URL that can be "
                                                          "checked (http, https, file)"
                                                        : strerrordesc_np(errno));
        str_fini(&scheme);
        return false;
    }
    if (!S_ISDIR(st.st_mode) && !S_ISREG(st.st_mode)) {
        complain(input, "neither a file nor a directory");
        return false;
    }
    if (access(input, R_OK) != 0) {
        complain(input, strerrordesc_np(errno));
        return false;
    }
    return add_tree(c, input, S_ISDIR(st.st_mode));
}

static bool add_file_url(check *c, const char *input)
{
    str url = { 0 }, fragment = { 0 };
    const char *why = "";
    bool ok = url_resolve("", input, &url, &fragment, &why) == URL_FILE;
    char *path = url_to_path(str_c(&url));
    if (ok)
        ok = add_path(c, path);
    else
        complain(input, why);
    free(path);
    str_fini(&url);
    str_fini(&fragment);
    return ok;
}

static bool add_input(check *c, const char *input)
{
    struct stat st;
    str scheme = { 0 };
    url_scheme(input, &scheme);
    bool is_file = strcmp(str_c(&scheme), "file") == 0;
    bool is_url = scheme.len && (strstr(input, "://") || strncmp(str_c(&scheme), "http", 4) == 0);
    str_fini(&scheme);
    if (is_file)
        return add_file_url(c, input);
    return is_url && stat(input, &st) != 0 ? add_url(c, input) : add_path(c, input);
}

static int run(rn_group *g, void *arg)
{
    check *c = arg;
    rn_ctx *parent = rn_group_ctx(g);
    rn_ctx *ctx = c->o.max_time_ns ? rn_ctx_with_timeout(parent, c->o.max_time_ns)
                                   : rn_ctx_with_cancel(parent);
    rn_group *watch = ctx ? rn_group_new(NULL) : NULL;
    int rc = watch ? rn_go(watch, signals_watch, c->signal_fd, ctx) : -ENOMEM;
    if (rc == 0)
        rc = frontier_run(&c->f, ctx);
    c->cause = ctx ? rn_ctx_cause(ctx) : 0;
    rn_group_close(watch);
    if (ctx)
        rn_ctx_unref(ctx);
    return rc;
}

/* Directories that could not be read: part of the input is missing from the answer. */
static void complain_about_listings(check *c)
{
    for (const target *t = c->f.all; t; t = t->next)
        if (t->is_listing && t->outcome == OUT_BROKEN) {
            complain(t->url, t->reason);
            c->input_error = true;
        }
    if (c->has_directory && !c->input_error && !c->f.cut_short && c->f.counts.listed == 0) {
        fprintf(stderr, "runnel check: no HTML files in the given directory\n");
        c->input_error = true;
    }
}

/* Links of which nothing is known because this machine was short of threads. */
static void complain_of_threads(check *c)
{
    size_t n = 0;
    for (const target *t = c->f.all; t; t = t->next)
        n += t->outcome == OUT_UNABLE;
    if (!n)
        return;
    fprintf(stderr,
            "runnel check: %zu %s not checked: no thread could be started to look up a "
            "host (ulimit -u)\n",
            n, n == 1 ? "URL was" : "URLs were");
    c->input_error = true;
}

static void say_if_early(const check *c, run_info *info)
{
    if (c->f.cut_short) {
        info->stopped = c->cause == -ETIMEDOUT ? "stopped by --max-time" : "interrupted";
        info->missing = "this is what was found by then";
    } else if (c->f.limited) {
        info->stopped = "stopped at --max-pages";
        info->missing =
            "further pages were not followed (--max-pages N raises the limit, 0 lifts it)";
    }
    /* The text for people says nothing else with --quiet, and the exit status alone no reason. */
    if (info->stopped && c->o.quiet && !c->o.ndjson)
        fprintf(stderr, "runnel check: %s: %s\n", info->stopped, info->missing);
}

static int report(check *c, int64_t took_ns)
{
    verdict v;
    run_info info = { .took_ns = took_ns };
    rn_stats_read(&info.stats);
    say_if_early(c, &info);
    verdict_make(&v, &c->f);
    if (c->o.ndjson)
        report_ndjson(&v, &c->o, &info);
    else
        report_text(&v, &c->o, &info);
    bool broken = v.broken.count > 0;
    verdict_fini(&v);
    if (fflush(stdout) != 0 || ferror(stdout)) {
        fprintf(stderr, "runnel check: cannot write the report: %s\n", strerrordesc_np(errno));
        return EXIT_ERROR;
    }
    if (c->input_error || (info.stopped && !broken))
        return EXIT_ERROR;
    return broken ? EXIT_BROKEN : EXIT_OK;
}

static int check_inputs(check *c)
{
    for (size_t i = 0; i < c->o.input_count; i++)
        c->input_error |= !add_input(c, c->o.inputs[i]);
    if (!c->f.pending)
        return EXIT_ERROR;
    c->signal_fd = signals_open();
    if (c->signal_fd < 0) {
        fprintf(stderr, "runnel check: %s\n", rn_strerror(c->signal_fd));
        return EXIT_ERROR;
    }
    c->f.progress = c->o.progress ? progress_show : NULL;
    int64_t start = rn_now();
    int rc = rn_run(run, c);
    int64_t took = rn_now() - start;
    if (c->o.progress)
        progress_clear();
    signals_close(c->signal_fd);
    if (rc != 0) {
        fprintf(stderr, "runnel check: the run failed: %s\n",
                rc == -EAGAIN ? "no thread could be started (ulimit -u)" : rn_strerror(rc));
        return EXIT_ERROR;
    }
    complain_about_listings(c);
    complain_of_threads(c);
    return report(c, took);
}

int check_print(const char *text)
{
    if (fputs(text, stdout) >= 0 && fflush(stdout) == 0 && !ferror(stdout))
        return EXIT_OK;
    fprintf(stderr, "runnel: cannot write: %s\n", strerrordesc_np(errno));
    return EXIT_ERROR;
}

int check_main(int argc, char **argv)
{
    check c = { 0 };
    int status = EXIT_ERROR;
    panic_catch();
    /* Any helper thread may parse a page, and glibc would let each keep the memory of its largest.
     * No more of them parse at once than there are CPUs. */
    mallopt(M_ARENA_MAX, get_nprocs());
    /* libcurl takes host names to be in the locale's charset; those on pages are in UTF-8. */
    setlocale(LC_CTYPE, "C.UTF-8");
    bool parsed = options_parse(&c.o, argc, argv);
    if (parsed && c.o.help) {
        status = check_print(options_help);
    } else if (parsed) {
        if (curl_global_init(CURL_GLOBAL_DEFAULT) != 0) {
            fprintf(stderr, "runnel check: libcurl does not start\n");
        } else if (descriptors_reserve(&c.o.jobs)) {
            frontier_init(&c.f, &c.o);
            status = check_inputs(&c);
            frontier_fini(&c.f);
            curl_global_cleanup();
        }
    }
    options_fini(&c.o);
    return status;
}
