/* SPDX-License-Identifier: MIT */
/* The command line of `runnel check`: a table of options, one line per mistake. */
#define _GNU_SOURCE
#include "options.h"
#include "escape.h"

#include <runnel.h>

#include <getopt.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

const char options_help[] =
    "Usage: runnel check [OPTIONS] INPUT...\n"
    "\n"
    "Checks the links of HTML pages. An INPUT is an HTML file, a directory (every .html, .htm and\n"
    ".xhtml file below it, but none that is hidden or in a hidden directory) or an http(s) URL. "
    "Pages\n"
    "inside the input's own directory or origin are followed; every other link is checked once "
    "and\n"
    "not followed. Links and <base>s of over 64 KiB are malformed.\n"
    "\n"
    "What is checked\n"
    "      --offline           skip http and https links\n"
    "      --no-fragments      do not check #fragments\n"
    "      --exclude REGEX     skip links that match (extended regular expression; repeatable)\n"
    "      --root DIR          where \"/x\" on a local page points (default: the file system's "
    "root)\n"
    "      --max-pages N       follow at most N pages; 0: no limit (default: 10000 pages from the\n"
    "                          network, because a site can make up pages without end, as "
    "calendars\n"
    "                          do; no limit on a disk, which cannot). Those that are read first,\n"
    "                          which is a matter of chance with more than one job\n"
    "\n"
    "How\n"
    "  -j, --jobs N            links checked at once (default 16)\n"
    "      --per-host N        requests at once to one host (default 8)\n"
    "  -t, --timeout SECONDS   for one request, all of it (default 20)\n"
    "      --max-time SECONDS  for the whole run; what was found by then is reported\n"
    "      --max-redirects N   (default 10)\n"
    "      --retries N         after 429 or 503 with Retry-After of up to 60 s (default 3); none "
    "for a\n"
    "                          host that let three links in a row wait in vain\n"
    "      --max-body MIB      largest page that is read (default 32)\n"
    "      --user-agent TEXT   (default runnel/" RN_VERSION ")\n"
    "      --cacert FILE       trust the certificates in FILE (PEM) too; else those in the file "
    "that\n"
    "                          $CURL_CA_BUNDLE or $SSL_CERT_FILE names, if one is set\n"
    "  -k, --insecure          accept any certificate\n"
    "\n"
    "Proxies are those that $http_proxy, $https_proxy, $all_proxy and $no_proxy name, as with "
    "curl.\n"
    "No cookies are kept.\n"
    "\n"
    "What is printed\n"
    "  -f, --format FORMAT     text, or ndjson: one JSON object a line (default text)\n"
    "      --no-progress       no live line (there is one only if stderr is a terminal, and not "
    "if\n"
    "                          $TERM is dumb)\n"
    "  -q, --quiet             findings only\n"
    "  -v, --verbose           also what was skipped and where redirects led\n"
    "  -h, --help              this text\n"
    "\n"
    "Exit status: 0 no broken links; 1 usage or input error, or the run ended early (--max-pages,\n"
    "--max-time, Ctrl-C) before any was found; 2 broken links; 70 a mistake in runnel itself.\n";

enum {
    OPT_OFFLINE = 256,
    OPT_FRAGMENTS,
    OPT_NO_FRAGMENTS,
    OPT_EXCLUDE,
    OPT_ROOT,
    OPT_MAX_PAGES,
    OPT_PER_HOST,
    OPT_MAX_TIME,
    OPT_MAX_REDIRECTS,
    OPT_RETRIES,
    OPT_MAX_BODY,
    OPT_USER_AGENT,
    OPT_CACERT,
    OPT_NO_PROGRESS
};

static const struct option table[] = {
    { "offline", no_argument, NULL, OPT_OFFLINE },
    { "include-fragments", no_argument, NULL, OPT_FRAGMENTS },
    { "no-fragments", no_argument, NULL, OPT_NO_FRAGMENTS },
    { "exclude", required_argument, NULL, OPT_EXCLUDE },
    { "root", required_argument, NULL, OPT_ROOT },
    { "max-pages", required_argument, NULL, OPT_MAX_PAGES },
    { "jobs", required_argument, NULL, 'j' },
    { "per-host", required_argument, NULL, OPT_PER_HOST },
    { "timeout", required_argument, NULL, 't' },
    { "max-time", required_argument, NULL, OPT_MAX_TIME },
    { "max-redirects", required_argument, NULL, OPT_MAX_REDIRECTS },
    { "retries", required_argument, NULL, OPT_RETRIES },
    { "max-body", required_argument, NULL, OPT_MAX_BODY },
    { "user-agent", required_argument, NULL, OPT_USER_AGENT },
    { "cacert", required_argument, NULL, OPT_CACERT },
    { "insecure", no_argument, NULL, 'k' },
    { "format", required_argument, NULL, 'f' },
    { "no-progress", no_argument, NULL, OPT_NO_PROGRESS },
    { "quiet", no_argument, NULL, 'q' },
    { "verbose", no_argument, NULL, 'v' },
    { "help", no_argument, NULL, 'h' },
    { 0 },
};

__attribute__((format(printf, 1, 2))) static bool mistake(const char *format, ...)
{
    char text[512];
    str line = { 0 };
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    escape_terminal(&line, text);
    fprintf(stderr, "runnel check: %s (try runnel check --help)\n", str_c(&line));
    str_fini(&line);
    return false;
}

static bool number(const char *option, const char *text, double least, double most, double *out)
{
    char *end;
    double v = strtod(text, &end);
    if (end == text || *end || !isfinite(v) || v < least || v > most)
        return mistake("%s needs a number from %.15g to %.15g, not '%s'", option, least, most,
                       text);
    *out = v;
    return true;
}

static bool count(const char *option, const char *text, double least, double most, unsigned *out)
{
    double v = 0;
    if (!number(option, text, least, most, &v))
        return false;
    if (v != floor(v))
        return mistake("%s needs a whole number, not '%s'", option, text);
    *out = (unsigned)v;
    return true;
}

static bool seconds(const char *option, const char *text, int64_t *out)
{
    double v = 0;
    if (!number(option, text, 0.001, 1e7, &v))
        return false;
    *out = (int64_t)(v * 1e9);
    return true;
}

static bool add_exclude(options *o, const char *pattern)
{
    o->exclude = xrealloc(o->exclude, (o->exclude_count + 1) * sizeof *o->exclude);
    int rc = regcomp(&o->exclude[o->exclude_count], pattern, REG_EXTENDED | REG_NOSUB);
    if (rc != 0) {
        char why[128];
        regerror(rc, &o->exclude[o->exclude_count], why, sizeof why);
        return mistake("--exclude '%s': %s", pattern, why);
    }
    o->exclude_count++;
    return true;
}

static bool set_root(options *o, const char *path)
{
    free(o->root);
    o->root = realpath(path, NULL);
    if (!o->root)
        return mistake("--root '%s': %s", path, strerrordesc_np(errno));
    struct stat st;
    if (stat(o->root, &st) != 0 || !S_ISDIR(st.st_mode))
        return mistake("--root '%s': not a directory", path);
    if (strcmp(o->root, "/") == 0)
        o->root[0] = 0;
    return true;
}

/* libcurl itself does not ask the environment; its users expect it, since the command curl does. */
static bool find_ca_file(options *o)
{
    static const char *const names[] = { "CURL_CA_BUNDLE", "SSL_CERT_FILE" };
    if (o->ca_file && access(o->ca_file, R_OK) != 0)
        return mistake("--cacert '%s': %s", o->ca_file, strerrordesc_np(errno));
    for (size_t i = 0; i < sizeof names / sizeof *names && !o->ca_file; i++) {
        const char *file = getenv(names[i]);
        if (file && *file)
            o->ca_file = file;
    }
    return true;
}

static bool set_number(options *o, int option)
{
    unsigned n = 0;
    switch (option) {
    case 'j': return count("--jobs", optarg, 1, 1000, &o->jobs);
    case 't': return seconds("--timeout", optarg, &o->timeout_ns);
    case OPT_MAX_TIME: return seconds("--max-time", optarg, &o->max_time_ns);
    case OPT_PER_HOST: return count("--per-host", optarg, 1, 1000, &o->per_host);
    case OPT_MAX_REDIRECTS: return count("--max-redirects", optarg, 0, 50, &o->max_redirects);
    case OPT_RETRIES: return count("--retries", optarg, 0, 100, &o->retries);
    case OPT_MAX_PAGES:
        if (!count("--max-pages", optarg, 0, 4e9, &n))
            return false;
        o->max_pages = n;
        o->max_site_pages = 0;
        return true;
    default:
        if (!count("--max-body", optarg, 1, 1024, &n))
            return false;
        o->max_body_bytes = (size_t)n << 20;
        return true;
    }
}

static bool set(options *o, int option)
{
    switch (option) {
    case OPT_OFFLINE: return o->offline = true;
    case OPT_FRAGMENTS: return o->fragments = true;
    case OPT_NO_FRAGMENTS: return o->fragments = false, true;
    case OPT_EXCLUDE: return add_exclude(o, optarg);
    case OPT_ROOT: return set_root(o, optarg);
    case OPT_USER_AGENT: return o->user_agent = optarg, true;
    case OPT_NO_PROGRESS: return o->progress = false, true;
    case OPT_CACERT: return o->ca_file = optarg, true;
    case 'k': return o->insecure = true;
    case 'q': return o->quiet = true;
    case 'v': return o->verbose = true;
    case 'h': return o->help = true;
    case 'f':
        o->ndjson = strcmp(optarg, "ndjson") == 0;
        return o->ndjson || strcmp(optarg, "text") == 0 ||
               mistake("--format is text or ndjson, not '%s'", optarg);
    default: return set_number(o, option);
    }
}

/* Whether the line that is rewritten in place can be. */
static bool has_live_line(void)
{
    const char *term = getenv("TERM");
    return isatty(STDERR_FILENO) && !(term && strcmp(term, "dumb") == 0);
}

/* Tells which mistake getopt_long found, of those that it does not tell apart. */
static bool unknown(int letter, const char *word)
{
    /* An option that it knows, and answers with '?' to: a value where there can be none. */
    for (const struct option *p = table; p->name && letter; p++)
        if (p->val == letter)
            return mistake("--%s takes no value", p->name);
    if (letter)
        return mistake("there is no option -%c", letter);
    str all = { 0 };
    size_t n = strncmp(word, "--", 2) == 0 ? strcspn(word + 2, "=") : 0;
    for (const struct option *p = table; p->name && n; p++)
        if (strncmp(p->name, word + 2, n) == 0)
            str_printf(&all, "%s--%s", all.len ? ", " : "", p->name);
    if (all.len)
        mistake("--%.*s could be %s", (int)n, word + 2, str_c(&all));
    else
        mistake("unknown option %s", word);
    str_fini(&all);
    return false;
}

bool options_parse(options *o, int argc, char **argv)
{
    *o = (options){ .jobs = 16,
                    .per_host = 8,
                    .max_redirects = 10,
                    .retries = 3,
                    .timeout_ns = 20 * RN_SECOND,
                    .max_body_bytes = (size_t)32 << 20,
                    .max_site_pages = 10000,
                    .progress = has_live_line(),
                    .fragments = true,
                    .user_agent = "runnel/" RN_VERSION,
                    .root = xstrdup("") };
    opterr = 0;
    optind = 0; /* and not 1: a call before may have left off in the middle of a word */
    for (int c; (c = getopt_long(argc, argv, ":j:t:f:kqvh", table, NULL)) != -1;) {
        if (c == ':')
            return mistake("%s needs a value", argv[optind - 1]);
        if (c == '?')
            return unknown(optopt, argv[optind - 1]);
        if (!set(o, c))
            return false;
        if (o->help)
            return true;
    }
    if (!find_ca_file(o))
        return false;
    o->inputs = argv + optind;
    o->input_count = (size_t)(argc - optind);
    if (o->input_count == 0)
        return mistake("nothing to check: give a file, a directory or a URL");
    return true;
}

void options_fini(options *o)
{
    for (size_t i = 0; i < o->exclude_count; i++)
        regfree(&o->exclude[i]);
    free(o->exclude);
    free(o->root);
}
