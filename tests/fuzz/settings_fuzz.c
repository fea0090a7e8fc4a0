/* SPDX-License-Identifier: MIT */
/*
 * Target: the environment's settings. The input's lines are the values of RUNNEL_..., in the order
 * below. What is accepted is written here once more, from docs/environment.md; a value that is not
 * must count as not set, and be named in a line that no value can break.
 */
#define _GNU_SOURCE
#include "fuzz/fuzz.h"
#include "fuzz/text.h"

#include <errno.h>
#include <string.h>
#include <strings.h>
#include <sys/mman.h>
#include <unistd.h>

#include "core/settings.h"
#include "core/sim.h"

enum {
    WORKERS,
    STACK,
    LEAKS,
    SIGQUIT_DUMPS,
    CLOCK,
    HOG,
    SEED,
    SEEDS,
    STRATEGY,
    SCHEDULE,
    STACK_REPORT,
    SETTINGS
};
static const char *const names[SETTINGS] = {
    "RUNNEL_WORKERS",  "RUNNEL_STACK",    "RUNNEL_LEAKS",       "RUNNEL_SIGQUIT",
    "RUNNEL_CLOCK",    "RUNNEL_HOG",      "RUNNEL_SEED",        "RUNNEL_SEEDS",
    "RUNNEL_STRATEGY", "RUNNEL_SCHEDULE", "RUNNEL_STACK_REPORT"
};
static const int64_t TOO_LARGE = INT64_C(1) << 40;

/* The decimal digits at *s as a number, at most TOO_LARGE; -1 if there are none. */
static int64_t digits(const char **s)
{
    int64_t n = -1;
    for (; **s >= '0' && **s <= '9'; ++*s) {
        n = (n < 0 ? 0 : n) * 10 + (**s - '0');
        n = n < TOO_LARGE ? n : TOO_LARGE;
    }
    return n;
}

/* All of s as a number from least to most; -1. */
static int64_t number(const char *s, int64_t least, int64_t most)
{
    int64_t n = digits(&s);
    return *s == 0 && n >= least && n <= most ? n : -1;
}

static int among(const char *s, const char *const *list)
{
    for (int i = 0; list[i]; i++)
        if (strcasecmp(s, list[i]) == 0)
            return i;
    return -1;
}

static int stack(const char *s)
{
    static const char *const classes[] = { "small", "normal", "large", "huge", NULL };
    static const int64_t kib[] = { 16, 64, 256, 1024 };
    int named = among(s, classes);
    if (named >= 0)
        return named;
    int64_t n = digits(&s);
    if (*s == 'm' || *s == 'M')
        n *= 1024;
    if (*s && strcasecmp(s, "k") != 0 && strcasecmp(s, "m") != 0)
        return -1;
    for (int i = 0; n > 0 && i < 4; i++)
        if (n <= kib[i])
            return i;
    return -1;
}

/* Above 0, decimal or after 0x, of 64 bits. */
static bool seed(const char *s, uint64_t *out)
{
    unsigned base = s[0] == '0' && (s[1] == 'x' || s[1] == 'X') ? 16 : 10;
    s += base == 16 ? 2 : 0;
    bool any = false, fits = true;
    *out = 0;
    for (; *s; s++, any = true) {
        static const char hex[] = "0123456789abcdef";
        const char *found = strchr(hex, *s >= 'A' && *s <= 'F' ? *s | 0x20 : *s);
        if (!found || (unsigned)(found - hex) >= base)
            return false;
        fits = fits && !__builtin_mul_overflow(*out, base, out) &&
               !__builtin_add_overflow(*out, (uint64_t)(found - hex), out);
    }
    return any && fits && *out > 0;
}

static bool schedule(const char *s)
{
    for (int64_t last = -1;; s++) {
        int64_t at = digits(&s);
        if (at <= last || at >= RNI_SIM_DECISIONS_MAX || *s++ != ':' || digits(&s) < 0)
            return false;
        last = at;
        if (*s != ',')
            return *s == 0;
    }
}

/* Whether values[i] is accepted; the setting is as it says then. Else as if it were not set. */
static bool check(int i, const char *value)
{
    static const char *const leaks[] = { "off", "report", "fail", NULL };
    static const char *const clocks[] = { "real", "virtual", NULL };
    static const char *const flags[] = { "0", "1", NULL };
    static const char *const strategies[] = { "random", "pct", "exhaustive", NULL };
    rni_settings_sim sim;
    rni_settings_read_sim(&sim);
    uint64_t n = 0;
    int64_t is = -1;
    bool set = *value != 0;
    switch (i) {
    case WORKERS:
        is = number(value, 1, 1024);
        FUZZ_CHECK(rni_settings_workers() == (is < 0 ? 0 : (unsigned)is));
        break;
    case STACK:
        is = stack(value);
        FUZZ_CHECK(rni_settings_stack() == (is < 0 ? 1 : is));
        break;
    case LEAKS:
        is = among(value, leaks);
        FUZZ_CHECK((int)rni_settings_leaks() == (is < 0 ? RNI_LEAKS_REPORT : (int)is));
        break;
    case SIGQUIT_DUMPS:
        is = among(value, flags);
        FUZZ_CHECK(rni_settings_sigquit() == (is == 1));
        break;
    case CLOCK:
        is = among(value, clocks);
        FUZZ_CHECK(rni_settings_virtual_clock() == (is == 1));
        break;
    case HOG:
        is = number(value, 0, 60000);
        FUZZ_CHECK(rni_settings_hog() == (is < 0 ? 0 : is));
        break;
    case STACK_REPORT:
        is = among(value, flags);
        FUZZ_CHECK(rni_settings_stack_report() == (is == 1));
        break;
    case STRATEGY:
        is = among(value, strategies);
        FUZZ_CHECK(sim.strategy == is + 1);
        break;
    case SCHEDULE:
        is = set && schedule(value) ? 0 : -1;
        FUZZ_CHECK(is == 0 ? sim.schedule && strcmp(sim.schedule, value) == 0 : !sim.schedule);
        break;
    default:
        is = set && seed(value, &n) ? 0 : -1;
        FUZZ_CHECK((i == SEED ? sim.seed : sim.seeds) == (is < 0 ? 0 : n));
        break;
    }
    return !set || is >= 0;
}

/* How many lines rni_settings_check writes; each names a setting. */
static int complaints(void)
{
    static int fd = -1, kept = -1;
    static char said[1 << 16];
    if (fd < 0) {
        fd = memfd_create("said", MFD_CLOEXEC);
        kept = dup(STDERR_FILENO);
    }
    FUZZ_CHECK(fd >= 0 && kept >= 0 && ftruncate(fd, 0) == 0);
    lseek(fd, 0, SEEK_SET);
    dup2(fd, STDERR_FILENO);
    rni_settings_check();
    dup2(kept, STDERR_FILENO);
    ssize_t n = pread(fd, said, sizeof said - 1, 0);
    FUZZ_CHECK(n >= 0);
    said[n] = 0;
    int lines = 0;
    for (char *line = said, *end; *line; line = end + 1, lines++) {
        end = strchr(line, '\n');
        FUZZ_CHECK(end && strncmp(line, "runnel: RUNNEL_", 15) == 0);
        for (char *p = line; p < end; p++)
            FUZZ_CHECK((unsigned char)*p >= ' ' && *p != 0x7f);
    }
    return lines;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    text t;
    int refused = 0;
    text_split(&t, data, size);
    for (int i = 0; i < SETTINGS; i++)
        setenv(names[i], i < t.n ? t.lines[i] : "", 1);
    errno = 0;
    for (int i = 0; i < SETTINGS; i++)
        refused += !check(i, i < t.n ? t.lines[i] : "");
    FUZZ_CHECK(errno == 0 && complaints() == refused);
    for (int i = 0; i < SETTINGS; i++)
        unsetenv(names[i]);
    text_free(&t);
    return 0;
}
