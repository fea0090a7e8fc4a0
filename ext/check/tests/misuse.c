/* SPDX-License-Identifier: MIT */
/*
 * Calls and models that make no sense: each has a clear end. (Programs that were built in the wrong
 * way are compilers.sh's.)
 */
#include <errno.h>
#include <limits.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <runnel/check.h>

typedef struct state {
    _Atomic(int) n;
} state;

static void *outside; /* allocated by main */
static int runs;      /* which no init sets again */

static void add(void *p)
{
    atomic_fetch_add(&((state *)p)->n, 1);
}

static void call_exit(void *p)
{
    add(p);
    exit(0);
}

static void free_what_main_has(void *p)
{
    add(p);
    free(outside);
}

static void allocate_too_much(void *p)
{
    volatile size_t most = SIZE_MAX, more = SIZE_MAX / 2, much = (size_t)1 << 33;
    add(p);
    RN_CHECK_ASSERT(malloc(most) == NULL);
    RN_CHECK_ASSERT(malloc(most - 40) == NULL);
    RN_CHECK_ASSERT(calloc(more, 1) == NULL);
    RN_CHECK_ASSERT(malloc(much) == NULL);
}

static void fail_once(void *p)
{
    add(p);
    if (++runs == 2)
        rn_check_fail("the second time");
}

static void check_within(void *p)
{
    rn_check_model inner = { .name = "inner", .threads = { add } };
    rn_check_options wrong = { .max_steps = 1, .quiet = true };
    add(p);
    RN_CHECK_ASSERT(rn_check(&inner, &wrong) == -EINVAL);
    add(p);
}

/* ---- what is said ---- */

static char said[8192];

/* Checks the model in a child. Its exit status; what it has said is in `said`. */
static int check_in_child(rn_check_model m)
{
    int ends[2], status;
    size_t used = 0;
    m.name = "wrong";
    m.state_bytes = sizeof(state);
    fflush(stdout);
    if (pipe(ends) != 0)
        abort();
    pid_t pid = fork();
    if (pid == 0) {
        dup2(ends[1], 1);
        dup2(ends[1], 2);
        exit(rn_check(&m, NULL));
    }
    close(ends[1]);
    for (ssize_t n; (n = read(ends[0], said + used, sizeof said - 1 - used)) > 0;)
        used += (size_t)n;
    said[used] = '\0';
    close(ends[0]);
    if (waitpid(pid, &status, 0) != pid)
        abort();
    return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

static int failures;

static void expect(const char *what, bool good)
{
    printf("%s%s\n", what, good ? "" : "   WRONG");
    if (!good)
        printf("%s\n", said);
    failures += !good;
    said[0] = '\0';
}

/* ---- wrong arguments ---- */

static void wrong_options(void)
{
    rn_check_model m = { .name = "m", .state_bytes = sizeof(state), .threads = { add } };
    const rn_check_options wrong[] = { { .strategy = -1 },    { .strategy = 3 },
                                       { .memory = -1 },      { .memory = 2 },
                                       { .preemptions = -2 }, { .preemptions = INT_MIN } };
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
        expect("options without sense", rn_check(&m, &wrong[i]) == -EINVAL);
    expect("no model", rn_check(NULL, NULL) == -EINVAL);
    m.name = NULL;
    expect("no name", rn_check(&m, NULL) == -EINVAL);
    m = (rn_check_model){ .name = "m" };
    expect("no threads", rn_check(&m, NULL) == -EINVAL);
    m = (rn_check_model){ .name = "m", .state_bytes = SIZE_MAX, .threads = { add } };
    expect("a state that is too large", rn_check(&m, NULL) == -ENOMEM);
}

static long add_one(void *p, long arg)
{
    add(p);
    return arg;
}

static bool allow(void *model, long arg, long result)
{
    (void)model;
    return arg == result;
}

static void wrong_objects(void)
{
    rn_check_object o = { .name = "o", .state_bytes = sizeof(state) };
    expect("no object", rn_check_linear(NULL, NULL) == -EINVAL);
    expect("no operations", rn_check_linear(&o, NULL) == -EINVAL);
    o.operations[0] = (rn_check_operation){ .name = "add", .run = add_one };
    expect("an operation that allows nothing", rn_check_linear(&o, NULL) == -EINVAL);
    o.operations[0] = (rn_check_operation){ .name = "add", .allows = allow };
    expect("an operation that does nothing", rn_check_linear(&o, NULL) == -EINVAL);
    o.operations[0].run = add_one;
    o.name = NULL;
    expect("an object without a name", rn_check_linear(&o, NULL) == -EINVAL);
}

int main(void)
{
    wrong_options();
    wrong_objects();
    outside = malloc(8);
    int rc = check_in_child((rn_check_model){ .threads = { call_exit, add } });
    expect("exit", rc == 1 && strstr(said, "FAILS: exit was called\nto repeat it: "));
    rc = check_in_child((rn_check_model){ .threads = { free_what_main_has, add } });
    expect("free", rc == 1 && strstr(said, "FAILS: free of what the model has not allocated"));
    rc = check_in_child((rn_check_model){ .threads = { allocate_too_much, add } });
    expect("too much memory", rc == 0 && strstr(said, ", exhaustive"));
    rc = check_in_child((rn_check_model){ .threads = { fail_once, add } });
    expect("not deterministic", rc == 1 && strstr(said, "FAILS: the second time\n") &&
                                    strstr(said, "the model is not deterministic"));
    rc = check_in_child((rn_check_model){ .threads = { check_within, add } });
    expect("a check within a check", rc == 0 && strstr(said, ", exhaustive"));
    setenv("RN_CHECK_REPLAY", "other:0", 1);
    rc = check_in_child((rn_check_model){ .threads = { add } });
    expect("a replay for another", rc == 0 && strstr(said, "wrong: skipped, RN_CHECK_REPLAY is "));
    free(outside);
    return failures != 0;
}
