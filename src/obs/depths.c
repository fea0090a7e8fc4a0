/* SPDX-License-Identifier: MIT */
/*
 * rn_stack_report: how much of their stacks the tasks have used, by function.
 *
 * core/depth.c measures; here is the table that it is noted in: a row for each name, place and
 * stack class, found by the texts, because a name may be in memory that is used again. The table
 * is allocated when it is first asked for and never freed; it has MOST rows, and tasks beyond them
 * are counted in one number. Its lock is taken last, and for longer than others (a row is looked
 * for, a report copies the table), which who measures does not mind.
 *
 * What is typical is the median, from a histogram whose steps are a quarter of a power of two.
 */
#include "obs/depths.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <runnel/obs.h>

#include "base/say.h"
#include "core/depth.h"
#include "core/hooks.h"
#include "core/records.h"
#include "core/settings.h"
#include "os/os.h"

enum { MOST = 256, SLOTS = 512 /* a power of two */, STEPS = 4 * 22, NAME = 40, SITE = 72 };

typedef struct row {
    char name[NAME], site[SITE];
    unsigned cls;
    uint64_t ended, alive;
    size_t most;
    uint64_t histogram[STEPS];
} row;

typedef struct table {
    unsigned n;
    uint64_t beyond; /* tasks for which there was no row */
    row rows[MOST];
    uint16_t slots[SLOTS]; /* 1 + index of a row; 0: none */
} table;

static rni_lock lock;
static table *depths; /* under the lock, with what is in it; set before anything is measured */

/* The lowest quarter of a power of two that is at least n. */
static unsigned step_of(size_t n)
{
    unsigned power = 0;
    n = n > 4 ? n - 1 : 4;
    for (; n >> power > 7; power++) {}
    unsigned step = 4 * power + (unsigned)(n >> power) - 3;
    return step < STEPS ? step : STEPS - 1;
}

static size_t step_limit(unsigned step)
{
    return (size_t)(4 + step % 4) << step / 4;
}

static unsigned hash(const char *s, size_t most, unsigned h)
{
    for (size_t i = 0; i < most && s[i]; i++)
        h = (h ^ (unsigned char)s[i]) * 16777619U;
    return h;
}

static bool is_row(const row *r, const char *name, const char *site, unsigned cls)
{
    return r->cls == cls && strncmp(r->name, name, NAME - 1) == 0 &&
           strncmp(r->site, site, SITE - 1) == 0;
}

static void copy_text(char *to, size_t size, const char *from)
{
    size_t n = strnlen(from, size - 1);
    memcpy(to, from, n);
    to[n] = '\0';
}

/* NULL: the table is full. */
static row *row_of(table *t, const char *name, const char *site, unsigned cls)
{
    unsigned h = hash(site, SITE - 1, hash(name, NAME - 1, 2166136261U + cls));
    for (;; h++) {
        uint16_t *slot = &t->slots[h % SLOTS];
        if (*slot == 0) {
            if (t->n == MOST)
                return NULL;
            *slot = (uint16_t)++t->n;
            row *r = &t->rows[*slot - 1];
            copy_text(r->name, NAME, name);
            copy_text(r->site, SITE, site);
            r->cls = cls;
            return r;
        }
        if (is_row(&t->rows[*slot - 1], name, site, cls))
            return &t->rows[*slot - 1];
    }
}

static void note(row *r, size_t used)
{
    r->most = used > r->most ? used : r->most;
    r->histogram[step_of(used)]++;
}

void *rni_report_depth_of(const char *name, const char *site, unsigned stack_class)
{
    rni_lock_take(&lock);
    row *r = row_of(depths, name ? name : "?", site ? site : "?", stack_class);
    rni_unlock(&lock);
    return r;
}

void rni_report_depth(void *of, size_t used)
{
    row *r = of;
    rni_lock_take(&lock);
    if (r) {
        note(r, used);
        r->ended++;
    } else {
        depths->beyond++;
    }
    rni_unlock(&lock);
}

/* ---- the report ---- */

static size_t median(const row *r)
{
    uint64_t left = (r->ended + r->alive + 1) / 2;
    for (unsigned step = 0; step < STEPS; step++) {
        if (r->histogram[step] >= left)
            return step_limit(step) < r->most ? step_limit(step) : r->most;
        left -= r->histogram[step];
    }
    return r->most;
}

static void say(int fd, const char *line, int n, size_t size)
{
    if (n > 0)
        rni_say(fd, line, (size_t)n < size ? (size_t)n : size - 1);
}

static void row_line(int fd, const row *r)
{
    char line[256], fits[24] = "none";
    size_t fitting = rni_depth_class(r->most + r->most / 2 + 1024);
    if (fitting)
        snprintf(fits, sizeof fits, "%zuK", fitting >> 10);
    int n = snprintf(line, sizeof line, "  %8zu %8zu %5zuK %5s %8llu %6llu  %s, started at %s\n",
                     r->most, median(r), rni_depth_class_bytes(r->cls) >> 10, fits,
                     (unsigned long long)r->ended, (unsigned long long)r->alive, r->name, r->site);
    say(fd, line, n, sizeof line);
}

/* In the copy; the table itself stays where it is. */
static void note_live(rni_task *task, void *arg)
{
    table *copy = arg;
    const row *r = task->depth_row;
    if (!rni_depth_known(task) || !r || r - depths->rows >= copy->n)
        return;
    note(&copy->rows[r - depths->rows], rni_depth_of(task));
    copy->rows[r - depths->rows].alive++;
}

static void write_rows(int fd, const table *t)
{
    static const char head[] =
        "runnel: stack used by tasks, in bytes, as seen so far (no proof of what they may need)\n"
        "      most  typical   has  fits    ended  alive  task\n";
    static const char foot[] =
        "runnel: most is what was written, to the word, but for pages first touched: up to a page "
        "more;\n"
        "runnel: typical is the median, rounded up by at most a quarter; fits is the smallest "
        "class "
        "that has\n"
        "runnel: room for one and a half times the most and 1024 bytes\n";
    char line[96];
    say(fd, head, (int)sizeof head - 1, sizeof head);
    for (unsigned i = 0; i < t->n; i++)
        row_line(fd, &t->rows[i]);
    if (t->beyond) {
        int n = snprintf(line, sizeof line, "  and %llu tasks for which the table had no room\n",
                         (unsigned long long)t->beyond);
        say(fd, line, n, sizeof line);
    }
    say(fd, foot, (int)sizeof foot - 1, sizeof foot);
}

/* Copies the present table. False if there is none. */
static bool copy_table(table *copy)
{
    rni_lock_take(&lock);
    bool any = depths != NULL;
    if (any)
        memcpy(copy, depths, sizeof *copy);
    rni_unlock(&lock);
    return any;
}

int rn_stack_report(int fd)
{
    const char *why = rni_depth_hindrance();
    if (why && rni_settings_stack_report()) {
        char line[160];
        int n = snprintf(line, sizeof line, "runnel: stacks are not measured: %s\n", why);
        say(fd, line, n, sizeof line);
        return -ENOTSUP;
    }
    int saved = rni_os_error(), rc = -ENODATA;
    table *t = rni_os_alloc(sizeof *t);
    if (!t)
        return -ENOMEM;
    if (copy_table(t)) {
        rni_stack_each(note_live, t);
        write_rows(fd, t);
        rc = 0;
    }
    rni_os_free(t);
    rni_os_set_error(saved);
    return rc;
}

void rni_report_depths(void)
{
    if (rni_settings_stack_report())
        (void)rn_stack_report(2);
}

void rni_depths_init(void)
{
    if (!rni_settings_stack_report() || rni_depth_hindrance())
        return;
    table *t = rni_os_alloc(sizeof *t);
    rni_lock_take(&lock);
    if (!depths) {
        depths = t;
        t = NULL;
    }
    bool any = depths != NULL;
    rni_unlock(&lock);
    rni_os_free(t); /* there was one */
    if (any)
        rni_depth_measure();
}
