/* SPDX-License-Identifier: MIT */
/*
 * The environment's settings. Each has one parser, which returns -1 for a value that it does not
 * accept; the setting is then as if it were not set, like one that is empty. Names and suffixes
 * may be in either case. What is read is the environment as it is at the call; nothing is kept.
 */
#include "core/settings.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "base/say.h"
#include "core/sim.h"
#include "core/stack.h"
#include "core/worker.h"
#include "os/os.h"

enum { TOO_LARGE = 1 << 20 };

/* The decimal number that s begins with, at most TOO_LARGE, and what follows it; -1 if s begins
 * with none. strtoul would take blanks and signs, too, and set errno. */
static long leading_number(const char *s, const char **rest)
{
    long n = 0;
    if (!isdigit((unsigned char)*s))
        return -1;
    for (; isdigit((unsigned char)*s); s++)
        n = n < TOO_LARGE ? n * 10 + (*s - '0') : n;
    n = n < TOO_LARGE ? n : TOO_LARGE;
    *rest = s;
    return n;
}

/* Which of the n names s is, or -1. */
static int name_among(const char *s, const char *const *names, int n)
{
    for (int i = 0; i < n; i++)
        if (strcasecmp(s, names[i]) == 0)
            return i;
    return -1;
}

static int parse_workers(const char *s)
{
    const char *rest;
    long n = leading_number(s, &rest);
    return n >= 1 && n <= RNI_MAX_WORKERS && *rest == '\0' ? (int)n : -1;
}

/* KiB, for "64", "64K" and "1M"; -1 for anything else. */
static long parse_kib(const char *s)
{
    const char *rest;
    long n = leading_number(s, &rest);
    if (n < 0 || *rest == '\0' || strcasecmp(rest, "K") == 0)
        return n;
    return strcasecmp(rest, "M") == 0 ? n * 1024 : -1;
}

/* A class by its name, or the smallest that has the size. */
static int parse_stack(const char *s)
{
    static const char *const names[RNI_STACK_GUARDED] = { "small", "normal", "large", "huge" };
    int named = name_among(s, names, RNI_STACK_GUARDED);
    if (named >= 0)
        return named;
    long kib = parse_kib(s);
    for (int cls = 0; kib > 0 && cls < RNI_STACK_GUARDED; cls++)
        if ((size_t)kib <= rni_stack_usable((unsigned)cls) >> 10)
            return cls;
    return -1;
}

static int parse_leaks(const char *s)
{
    static const char *const names[] = { "off", "report", "fail" }; /* as rni_leaks */
    return name_among(s, names, 3);
}

static int parse_switch(const char *s)
{
    static const char *const names[] = { "0", "1" };
    return name_among(s, names, 2);
}

static int parse_clock(const char *s)
{
    static const char *const names[] = { "real", "virtual" };
    return name_among(s, names, 2);
}

static int parse_hog(const char *s)
{
    enum { MINUTE = 60 * 1000 };
    const char *rest;
    long n = leading_number(s, &rest);
    return n >= 0 && n <= MINUTE && *rest == '\0' ? (int)n : -1;
}

/* A decimal number above 0, or one of 64 bits in hexadecimal after 0x; 0 for anything else. */
static uint64_t parse_number(const char *s)
{
    char *rest;
    int saved = rni_os_error();
    bool digit = isdigit((unsigned char)*s); /* strtoull would take blanks and signs, too */
    rni_os_set_error(0);
    uint64_t n = digit ? strtoull(s, &rest, s[1] == 'x' || s[1] == 'X' ? 16 : 10) : 0;
    bool fits = digit && *rest == '\0' && rni_os_error() == 0;
    rni_os_set_error(saved);
    return fits ? n : 0;
}

static int check_number(const char *s)
{
    return parse_number(s) ? 0 : -1;
}

static int parse_strategy(const char *s)
{
    static const char *const names[] = { "random", "pct", "exhaustive" }; /* as rn_test_strategy */
    return name_among(s, names, 3);
}

/* Pairs of numbers, such as 12:1,40:2; the first ones ascend. */
static int check_schedule(const char *s)
{
    long last = -1;
    do {
        const char *rest;
        long at = leading_number(s, &rest);
        if (at <= last || at >= RNI_SIM_DECISIONS_MAX || *rest != ':' ||
            leading_number(rest + 1, &s) < 0)
            return -1;
        last = at;
    } while (*s++ == ',');
    return s[-1] == '\0' ? 0 : -1;
}

enum {
    WORKERS,
    STACK,
    LEAKS,
    SIGQUIT_DUMPS,
    VERIFY,
    CLOCK,
    HOG,
    STACK_REPORT,
    SEED,
    SEEDS,
    STRATEGY,
    SCHEDULE,
    SETTINGS
};

static const struct setting {
    const char *name;
    int (*parse)(const char *s);
    int otherwise;
    const char *accepted; /* and what holds otherwise */
} settings[SETTINGS] = {
    [WORKERS] = { "RUNNEL_WORKERS", parse_workers, 0, "1 to 1024; one worker a CPU is used" },
    [STACK] = { "RUNNEL_STACK", parse_stack, 1,
                "small, normal, large, huge, or a size up to 1M such as 64K; 64K is used" },
    [LEAKS] = { "RUNNEL_LEAKS", parse_leaks, RNI_LEAKS_REPORT,
                "off, report or fail; report is used" },
    [CLOCK] = { "RUNNEL_CLOCK", parse_clock, 0, "real or virtual; real is used" },
    [SIGQUIT_DUMPS] = { "RUNNEL_SIGQUIT", parse_switch, 0, "0 or 1; 0 is used" },
    [VERIFY] = { "RUNNEL_VERIFY", parse_switch, 0, "0 or 1; 0 is used" },
    [HOG] = { "RUNNEL_HOG", parse_hog, 0, "0 to 60000; 0 is used" },
    [STACK_REPORT] = { "RUNNEL_STACK_REPORT", parse_switch, 0, "0 or 1; 0 is used" },
    [SEED] = { "RUNNEL_SEED", check_number, 0, "a number from 1 on" },
    [SEEDS] = { "RUNNEL_SEEDS", check_number, 0, "a number from 1 on" },
    [STRATEGY] = { "RUNNEL_STRATEGY", parse_strategy, -1, "random, pct or exhaustive" },
    [SCHEDULE] = { "RUNNEL_SCHEDULE", check_schedule, 0, "ascending pairs such as 12:1,40:2" },
};

static int value_of(int which)
{
    const struct setting *s = &settings[which];
    const char *text = getenv(s->name);
    int value = text && *text ? s->parse(text) : s->otherwise;
    return value < 0 ? s->otherwise : value;
}

unsigned rni_settings_workers(void)
{
    return (unsigned)value_of(WORKERS);
}

int rni_settings_stack(void)
{
    return value_of(STACK);
}

rni_leaks rni_settings_leaks(void)
{
    return (rni_leaks)value_of(LEAKS);
}

bool rni_settings_sigquit(void)
{
    return value_of(SIGQUIT_DUMPS) == 1;
}

bool rni_settings_verify(void)
{
    return value_of(VERIFY) == 1;
}

bool rni_settings_virtual_clock(void)
{
    return value_of(CLOCK) == 1;
}

int rni_settings_hog(void)
{
    return value_of(HOG);
}

bool rni_settings_stack_report(void)
{
    return value_of(STACK_REPORT) == 1;
}

/* The text of a setting, NULL if it is not set or not accepted. */
static const char *text_of(int which)
{
    const char *text = getenv(settings[which].name);
    return text && *text && settings[which].parse(text) >= 0 ? text : NULL;
}

void rni_settings_read_sim(rni_settings_sim *out)
{
    const char *seed = text_of(SEED), *seeds = text_of(SEEDS);
    *out = (rni_settings_sim){ .seed = seed ? parse_number(seed) : 0,
                               .seeds = seeds ? parse_number(seeds) : 0,
                               .strategy = 1 + value_of(STRATEGY),
                               .schedule = text_of(SCHEDULE) };
}

static void complain(const struct setting *s, const char *text)
{
    char line[256], shown[65];
    size_t k = 0;
    /* A terminal would obey control characters, those of UTF-8 too. */
    for (; k < sizeof shown - 1 && text[k]; k++)
        shown[k] = text[k] >= ' ' && text[k] < 0x7f ? text[k] : '?';
    shown[k] = '\0';
    int n = snprintf(line, sizeof line, "runnel: %s=%s is ignored: it may be %s\n", s->name, shown,
                     s->accepted);
    rni_say(2, line, (size_t)n);
}

void rni_settings_check(void)
{
    int saved = rni_os_error();
    for (int i = 0; i < SETTINGS; i++) {
        const char *text = getenv(settings[i].name);
        if (text && *text && settings[i].parse(text) < 0)
            complain(&settings[i], text);
    }
    rni_os_set_error(saved);
}
