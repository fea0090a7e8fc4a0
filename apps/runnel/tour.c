/* SPDX-License-Identifier: MIT */
/*
 * The tour. Each file of examples/ is compiled a second time with its main renamed to tour_NAME, so
 * what is shown here is what users copy. One program runs in this process, whose stdout and exit
 * status are then the program's own; it may deadlock, or leak. --all starts this command anew for
 * each.
 */
#define _GNU_SOURCE
#include "tour.h"
#include "check.h"
#include "escape.h"
#include "site.h"
#include "tour_programs.h"

#include <runnel/base.h>

#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

enum manner {
    PLAIN,
    REAL, /* on the real clock always: it measures, or it polls, which holds the virtual clock */
    SITE  /* with the address of the demonstration site as its argument */
};

/* A main may have no parameters; it is called as what it is. */
#define NO_HEADING(text)
#define DECLARE_SITE(name) int tour_##name(int argc, char **argv);
#define DECLARE_PLAIN(name) int tour_##name(void);
#define DECLARE_REAL(name) DECLARE_PLAIN(name)
#define DECLARE(name, status, manner, line) DECLARE_##manner(name)
TOUR(NO_HEADING, DECLARE)

typedef struct row {
    const char *name; /* NULL in a heading */
    const char *line;
    int status;
    enum manner manner;
    int (*run)(void);
    int (*run_on_site)(int argc, char **argv);
} row;

#define RUN_SITE(name) .run_on_site = tour_##name
#define RUN_PLAIN(name) .run = tour_##name
#define RUN_REAL(name) RUN_PLAIN(name)
#define HEADING_ROW(text) { .line = (text) },
#define PROGRAM_ROW(name_, status_, manner_, line_)                                                \
    { .name = #name_,                                                                              \
      .line = (line_),                                                                             \
      .status = (status_),                                                                         \
      .manner = (manner_),                                                                         \
      RUN_##manner_(name_) },

static const row rows[] = { TOUR(HEADING_ROW, PROGRAM_ROW) };

enum { ROWS = sizeof rows / sizeof *rows };

static const char usage[] =
    "Usage: runnel tour                    list the programs of the chapter\n"
    "       runnel tour [--fast] NAME      run one: its output and its exit status\n"
    "       runnel tour [--fast] --all     run all, each under its name\n"
    "\n"
    "With --fast, waiting takes no time: the programs run on a virtual clock, but for those that\n"
    "measure or poll. --all exits with 0 if each program ended with the status it must have.\n";

static int list(void)
{
    for (const row *r = rows; r < rows + ROWS; r++)
        if (r->name)
            printf("  %-28s %s\n", r->name, r->line);
        else
            printf("%s%s\n", r == rows ? "" : "\n", r->line);
    return check_print("");
}

/* ---- names ---- */

static char canonical(char c)
{
    return c == '-' ? '_' : c;
}

static bool is_name(const char *name, const char *given)
{
    while (*name && *name == canonical(*given))
        name++, given++;
    return *name == *given;
}

enum { NAME_MAX_LENGTH = 40 };

static unsigned least(unsigned a, unsigned b)
{
    return a < b ? a : b;
}

/* How many letters must be added, left out or changed: Levenshtein's distance, a row at a time. */
static unsigned distance(const char *name, const char *given)
{
    unsigned above[NAME_MAX_LENGTH + 1], n = (unsigned)strlen(given);
    for (unsigned i = 0; i <= n; i++)
        above[i] = i;
    for (; *name; name++) {
        unsigned diagonal = above[0]++;
        for (unsigned i = 1; i <= n; i++) {
            unsigned changed = diagonal + (canonical(given[i - 1]) != *name);
            diagonal = above[i];
            above[i] = least(changed, least(above[i], above[i - 1]) + 1);
        }
    }
    return above[n];
}

/* Names that begin so come first, then those that are mistyped by half at most; up to three. */
static int unknown(const char *given)
{
    unsigned far[ROWS];
    str line = { 0 };
    str_puts(&line, "runnel tour: there is no program '");
    escape_terminal(&line, given);
    str_puts(&line, "'");
    size_t length = strlen(given);
    for (size_t i = 0; i < ROWS; i++) {
        far[i] = UINT_MAX;
        if (rows[i].name && length && length <= NAME_MAX_LENGTH)
            far[i] = strncmp(rows[i].name, given, length) ? distance(rows[i].name, given) : 0;
        if (far[i] > length / 2)
            far[i] = UINT_MAX;
    }
    for (int n = 0; n < 3; n++) {
        size_t best = 0;
        for (size_t i = 1; i < ROWS; i++)
            if (far[i] < far[best])
                best = i;
        if (far[best] == UINT_MAX)
            break;
        str_printf(&line, "%s%s", n ? ", " : "; the nearest: ", rows[best].name);
        far[best] = UINT_MAX;
    }
    fprintf(stderr, "%s (runnel tour lists them)\n", str_c(&line));
    str_fini(&line);
    return EXIT_ERROR;
}

/* ---- one program ---- */

static pid_t site_pid;

static void stop_site(void)
{
    kill(site_pid, SIGTERM);
    waitpid(site_pid, NULL, 0);
}

/* Starts the demonstration site in a child, which ends with us; stores its address. */
static bool start_site(char *address, int size)
{
    int ends[2];
    if (pipe(ends) != 0)
        return false;
    pid_t parent = getpid();
    site_pid = fork();
    if (site_pid == 0) {
        char *argv[] = { (char[]){ "demo-site" }, NULL };
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        dup2(ends[1], STDOUT_FILENO);
        close(ends[0]);
        close(ends[1]);
        unsetenv("RUNNEL_CLOCK");
        exit(getppid() == parent ? site_main(1, argv) : EXIT_ERROR);
    }
    close(ends[1]);
    FILE *out = fdopen(ends[0], "r");
    bool ok = site_pid > 0 && out && fgets(address, size, out);
    address[ok ? strcspn(address, "\n") : 0] = 0;
    if (out)
        fclose(out);
    if (site_pid > 0)
        atexit(stop_site);
    return ok;
}

static int run(const row *r, bool fast)
{
    if (fast)
        setenv("RUNNEL_CLOCK", r->manner == REAL ? "real" : "virtual", 1);
    if (r->run)
        return r->run();
    char address[64];
    if (!start_site(address, sizeof address)) {
        fprintf(stderr, "runnel tour: the demo site does not start\n");
        return EXIT_ERROR;
    }
    char name[] = "tour", *argv[] = { name, address, NULL };
    return r->run_on_site(2, argv);
}

/* ---- all of them ---- */

/* Runs `runnel tour NAME` and returns its exit status, -1 if it has none. */
static int run_apart(const char *name, bool fast)
{
    char self[] = "runnel", tour[] = "tour", option[] = "--fast", *copy = xstrdup(name);
    char *argv[] = { self, tour, copy, fast ? option : NULL, NULL };
    pid_t child;
    int status = 0;
    int rc = posix_spawn(&child, "/proc/self/exe", NULL, NULL, argv, environ);
    free(copy);
    if (rc != 0) {
        fprintf(stderr, "runnel tour: cannot start %s: %s\n", name, strerrordesc_np(rc));
        return -1;
    }
    while (waitpid(child, &status, 0) < 0)
        if (errno != EINTR)
            return -1;
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static int run_all(bool fast)
{
    int wrong = 0;
    for (const row *r = rows; r < rows + ROWS; r++) {
        if (!r->name) {
            printf("%s%s\n", r == rows ? "" : "\n", r->line);
            continue;
        }
        printf("\n$ runnel tour %s\n", r->name);
        if (check_print("") != EXIT_OK)
            return EXIT_ERROR;
        int status = run_apart(r->name, fast);
        if (status != r->status)
            fprintf(stderr, "runnel tour: %s: exit status %d, not %d\n", r->name, status,
                    r->status);
        else if (status != 0)
            printf("(exit status %d)\n", status);
        wrong += status != r->status;
    }
    return check_print("") == EXIT_OK && wrong == 0 ? EXIT_OK : EXIT_ERROR;
}

int tour_main(int argc, char **argv)
{
    const char *name = NULL;
    bool fast = false, all = false;
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--help") == 0 || strcmp(argv[i], "-h") == 0)
            return check_print(usage);
        if (strcmp(argv[i], "--fast") == 0) {
            fast = true;
        } else if (strcmp(argv[i], "--all") == 0 && !name) {
            all = true;
        } else if (*argv[i] != '-' && !name && !all) {
            name = argv[i];
        } else {
            fputs(usage, stderr);
            return EXIT_ERROR;
        }
    }
    if (!name)
        return all ? run_all(fast) : list();
    for (const row *r = rows; r < rows + ROWS; r++)
        if (r->name && is_name(r->name, name))
            return run(r, fast);
    return unknown(name);
}
