/* SPDX-License-Identifier: MIT */
/*
 * The test kit: what a check does when it fails, and the runner (see kit.h for how it is used).
 *
 * The runner has one thread and runs one test at a time: it starts itself again as
 * `foo_test --run NAME`, and waits in sigtimedwait for SIGCHLD or the time limit. The stderr of a
 * TEST_EXIT goes to a memory file, not a pipe: nothing has to be drained while the child runs, and
 * a grandchild that keeps it open does not hold up the runner. Each child leads a process group, so
 * that a hanging test is killed with whatever it started, and asks to die with the runner.
 */
#define _GNU_SOURCE
#include "kit/kit.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum {
    EXIT_FAILED = 1,
    EXIT_SKIPPED = 77,
    MAX_FD = 4096,
    MAX_EMULATOR_WORDS = 8,
    MAX_STDERR_BYTES = 256 * 1024,
};

enum verdict { PASSED, SKIPPED, FAILED };

static const char *const verdict_names[] = { "ok", "skip", "FAIL" };

static struct kit_test *first_test;
static struct kit_test **last_link = &first_test;
static bool interactive;
static char self_path[PATH_MAX];
static char *emulator[MAX_EMULATOR_WORDS + 1];

void kit_register(struct kit_test *test)
{
    *last_link = test;
    last_link = &test->next;
}

bool kit_is_interactive(void)
{
    return interactive;
}

/* ---- a check fails ---------------------------------------------------------------------------
 * Runs on any thread and on a task's stack, perhaps while others hold stdio's locks: so no stdio,
 * a small buffer, and one write, which keeps the lines of two failing threads apart. */

struct line {
    char text[768];
    size_t used;
};

static void line_add(struct line *line, const char *text)
{
    if (!text)
        text = "(null)";
    while (*text && line->used < sizeof line->text - 1)
        line->text[line->used++] = *text++;
}

static void line_add_number(struct line *line, long long number)
{
    char digits[24];
    char *start = digits + sizeof digits;
    unsigned long long rest = number < 0 ? 0ULL - (unsigned long long)number
                                         : (unsigned long long)number;

    *--start = '\0';
    do
        *--start = (char)('0' + rest % 10);
    while ((rest /= 10) != 0);
    if (number < 0)
        *--start = '-';
    line_add(line, start);
}

static void line_start(struct line *line, const char *file, int number, const char *text)
{
    line->used = 0;
    line_add(line, file);
    line_add(line, ":");
    line_add_number(line, number);
    line_add(line, ": ");
    line_add(line, text);
}

static _Noreturn void line_end(struct line *line, int status)
{
    ssize_t ignored;

    line->text[line->used++] = '\n';
    /* What the test printed so far, unless some other thread is stuck in the middle of a printf. */
    if (ftrylockfile(stdout) == 0)
        fflush_unlocked(stdout);
    ignored = write(STDERR_FILENO, line->text, line->used);
    (void)ignored;
    _exit(status);
}

void kit_fail(const char *file, int line, const char *text)
{
    struct line out;

    line_start(&out, file, line, text);
    line_end(&out, EXIT_FAILED);
}

void kit_fail_values(const char *file, int line, const char *text, long long left, long long right)
{
    struct line out;

    line_start(&out, file, line, text);
    line_add(&out, ": ");
    line_add_number(&out, left);
    line_add(&out, " != ");
    line_add_number(&out, right);
    line_end(&out, EXIT_FAILED);
}

void kit_fail_strings(const char *file, int line, const char *text, const char *left,
                      const char *right)
{
    struct line out;

    line_start(&out, file, line, text);
    line_add(&out, ": \"");
    line_add(&out, left);
    line_add(&out, "\" != \"");
    line_add(&out, right);
    line_add(&out, "\"");
    line_end(&out, EXIT_FAILED);
}

void kit_skip(const char *reason)
{
    struct line out = { .used = 0 };

    line_add(&out, "skipped: ");
    line_add(&out, reason);
    line_end(&out, EXIT_SKIPPED);
}

/* ---- the child: one test ---- */

struct fds {
    bool open[MAX_FD];
};

static void fds_read(struct fds *fds)
{
    DIR *dir = opendir("/proc/self/fd");

    memset(fds, 0, sizeof *fds);
    if (!dir)
        return;
    for (struct dirent *entry; (entry = readdir(dir)) != NULL;) {
        int fd = atoi(entry->d_name);

        if (entry->d_name[0] != '.' && fd < MAX_FD && fd != dirfd(dir))
            fds->open[fd] = true;
    }
    closedir(dir);
}

/* Returns whether after is before, and names each descriptor that is not. */
static bool fds_same(const struct fds *before, const struct fds *after)
{
    bool same = true;

    for (int fd = 0; fd < MAX_FD; fd++) {
        char link[64], target[256] = "";

        if (before->open[fd] == after->open[fd])
            continue;
        same = false;
        snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
        if (after->open[fd] && readlink(link, target, sizeof target - 1) >= 0)
            fprintf(stderr, "descriptor %d is left open: %s\n", fd, target);
        else
            fprintf(stderr, "descriptor %d was closed, but is not the test's\n", fd);
    }
    return same;
}

static int run_child(const struct kit_test *test)
{
    static struct fds before, after;

    if (!interactive)
        prctl(PR_SET_PDEATHSIG, SIGKILL);
    fds_read(&before);
    test->body();
    if (test->exits)
        return 0;
    fds_read(&after);
    return fds_same(&before, &after) ? 0 : EXIT_FAILED;
}

/* ---- the runner ---- */

static long long now_ms(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * 1000LL + now.tv_nsec / 1000000;
}

static long env_number(const char *name, long otherwise)
{
    const char *text = getenv(name);
    long number = text ? strtol(text, NULL, 10) : 0;

    return number > 0 ? number : otherwise;
}

static void read_emulator(void)
{
    char *words = getenv("KIT_EMULATOR");

    words = words ? strdup(words) : NULL;
    for (int i = 0; words && i < MAX_EMULATOR_WORDS; i++) {
        emulator[i] = strtok(i ? NULL : words, " ");
        if (!emulator[i])
            break;
    }
}

/* Returns the child's process id, or -1. Its stderr goes to err_fd, unless that is negative. */
static pid_t spawn_child(const struct kit_test *test, int err_fd)
{
    char *argv[MAX_EMULATOR_WORDS + 4];
    int argc = 0, rc;
    pid_t pid;
    sigset_t none, usual;
    posix_spawnattr_t attr;
    posix_spawn_file_actions_t actions;

    while (emulator[argc]) {
        argv[argc] = emulator[argc];
        argc++;
    }
    argv[argc++] = self_path;
    argv[argc++] = (char *)"--run";
    argv[argc++] = (char *)test->name;
    argv[argc] = NULL;

    sigemptyset(&none);
    posix_spawnattr_init(&attr);
    posix_spawnattr_setflags(&attr, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF |
                                        POSIX_SPAWN_SETPGROUP);
    posix_spawnattr_setsigmask(&attr, &none);
    sigemptyset(&usual); /* a shell's background jobs ignore them */
    sigaddset(&usual, SIGINT);
    sigaddset(&usual, SIGQUIT);
    posix_spawnattr_setsigdefault(&attr, &usual);
    posix_spawn_file_actions_init(&actions);
    if (err_fd >= 0)
        posix_spawn_file_actions_adddup2(&actions, err_fd, STDERR_FILENO);
    rc = posix_spawnp(&pid, argv[0], &actions, &attr, argv, environ);
    posix_spawn_file_actions_destroy(&actions);
    posix_spawnattr_destroy(&attr);
    if (rc != 0)
        fprintf(stderr, "cannot start %s: %s\n", argv[0], strerror(rc));
    return rc == 0 ? pid : -1;
}

/* Waits for the child until the deadline. Returns false when it has not ended by then. */
static bool wait_until(pid_t pid, long long deadline_ms, int *status)
{
    sigset_t child;

    sigemptyset(&child);
    sigaddset(&child, SIGCHLD);
    for (;;) {
        long long left = deadline_ms - now_ms();
        struct timespec time = { .tv_sec = left / 1000, .tv_nsec = left % 1000 * 1000000 };

        if (waitpid(pid, status, WNOHANG) == pid)
            return true;
        if (left <= 0)
            return false;
        sigtimedwait(&child, NULL, &time);
    }
}

/* Returns the exit status, 128 + signal, or -1 for one that had to be killed. */
static int wait_child(pid_t pid)
{
    long seconds = env_number("KIT_TIMEOUT_SECONDS", 30);
    int status;

    if (!wait_until(pid, now_ms() + seconds * 1000, &status)) {
        fprintf(stderr, "no end after %ld seconds (KIT_TIMEOUT_SECONDS)\n", seconds);
        /* Asks first: a runtime that is told to prints its tasks when it gets this signal. */
        kill(pid, SIGQUIT);
        if (!wait_until(pid, now_ms() + 1000, &status)) {
            kill(-pid, SIGKILL);
            waitpid(pid, &status, 0);
        }
        kill(-pid, SIGKILL);
        return -1;
    }
    kill(-pid, SIGKILL); /* whatever it started and left behind */
    return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

/* What a TEST_EXIT wrote to stderr; NUL bytes, should there be any, become question marks. */
static void read_stderr(int fd, char *text)
{
    ssize_t size = pread(fd, text, MAX_STDERR_BYTES - 1, 0);

    size = size > 0 ? size : 0;
    text[size] = '\0';
    for (char *nul; (nul = memchr(text, '\0', (size_t)size)) != NULL;)
        *nul = '?';
}

static enum verdict judge_exit(const struct kit_test *test, int status, int err_fd)
{
    static char text[MAX_STDERR_BYTES];
    bool status_ok = status == test->status, message_ok;

    read_stderr(err_fd, text);
    if (status == EXIT_SKIPPED && test->status != EXIT_SKIPPED) {
        fputs(text, stderr);
        return SKIPPED;
    }
    message_ok = !test->message || strstr(text, test->message);
    if (status_ok && message_ok)
        return PASSED;
    if (!status_ok && status >= 0)
        fprintf(stderr, "exit status %d, expected %d\n", status, test->status);
    if (!message_ok)
        fprintf(stderr, "stderr does not say \"%s\"\n", test->message);
    fprintf(stderr, "---- its stderr ----\n%s\n--------------------\n", text);
    return FAILED;
}

static enum verdict judge(const struct kit_test *test, int status)
{
    if (status == 0)
        return PASSED;
    if (status == EXIT_SKIPPED)
        return SKIPPED;
    if (status > 128)
        fprintf(stderr, "%s: killed by signal %d (%s)\n", test->name, status - 128,
                strsignal(status - 128));
    else if (status > EXIT_FAILED)
        fprintf(stderr, "%s: exit status %d\n", test->name, status);
    return FAILED;
}

static enum verdict run_once(const struct kit_test *test)
{
    int err_fd = test->exits ? memfd_create("stderr", MFD_CLOEXEC) : -1;
    pid_t pid = spawn_child(test, err_fd);
    int status = pid > 0 ? wait_child(pid) : -1;
    enum verdict verdict = test->exits ? judge_exit(test, status, err_fd) : judge(test, status);

    if (err_fd >= 0)
        close(err_fd);
    return verdict;
}

static enum verdict run_test(const struct kit_test *test, long times)
{
    long long start = now_ms();
    enum verdict verdict = PASSED;
    long i;

    for (i = 0; i < times && verdict == PASSED; i++)
        verdict = run_once(test);

    printf("%s %s (%lld ms", verdict_names[verdict], test->name, now_ms() - start);
    if (times > 1)
        printf(verdict == PASSED ? ", %ld times" : ", the %ld. time", i);
    printf(")\n");
    fflush(stdout);
    return verdict;
}

static const struct kit_test *find_test(const char *name)
{
    for (const struct kit_test *test = first_test; test; test = test->next)
        if (strcmp(test->name, name) == 0)
            return test;
    fprintf(stderr, "no such test: %s (--list names them)\n", name);
    exit(2);
}

/* Runs the named tests, or all. Returns the number that failed. */
static int run_tests(char **names, int count, long times)
{
    int failed = 0;

    if (count == 0)
        for (const struct kit_test *test = first_test; test; test = test->next)
            failed += run_test(test, times) == FAILED;
    for (int i = 0; i < count; i++)
        failed += run_test(find_test(names[i]), times) == FAILED;
    return failed;
}

int main(int argc, char **argv)
{
    long times = env_number("KIT_REPEAT", 1);
    int at = 1, failed;
    sigset_t child;

    if (argc == 3 && strcmp(argv[1], "--run") == 0)
        return run_child(find_test(argv[2]));
    if (argc == 3 && strcmp(argv[1], "--child") == 0) {
        interactive = true;
        return run_child(find_test(argv[2]));
    }
    for (; at < argc && argv[at][0] == '-'; at++) {
        if (strcmp(argv[at], "--list") == 0) {
            for (const struct kit_test *test = first_test; test; test = test->next)
                puts(test->name);
            return 0;
        }
        if (strcmp(argv[at], "--repeat") != 0 || at + 1 == argc ||
            (times = strtol(argv[++at], NULL, 10)) <= 0) {
            fprintf(stderr, "usage: %s [--list] [--repeat N] [--child NAME] [NAME...]\n", argv[0]);
            return 2;
        }
    }

    /* Not "/proc/self/exe" itself: under an emulator that names the emulator. */
    if (readlink("/proc/self/exe", self_path, sizeof self_path - 1) < 0)
        snprintf(self_path, sizeof self_path, "%s", argv[0]);
    read_emulator();
    sigemptyset(&child);
    sigaddset(&child, SIGCHLD);
    sigprocmask(SIG_BLOCK, &child, NULL);

    failed = run_tests(argv + at, argc - at, times);
    if (failed)
        printf("%d failed\n", failed);
    return failed ? 1 : 0;
}
