/* SPDX-License-Identifier: MIT */
/*
 * A simulated run in a child process. Nothing runs but the calling thread when it forks, and the
 * child makes no other, so it may do whatever the program does. Its standard streams lead nowhere:
 * what matters is said when the schedule is run again in the parent.
 *
 * The child ends by _exit: what the program has registered for its exit is the parent's.
 *
 * Rejected: runs one after the other in one process. A deadlock, a panic or an assertion would end
 * the search, and what one run leaves in the program's variables would change the next.
 */
#define _GNU_SOURCE
#include "scope/trial.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <runnel/base.h>

#include "core/runtime.h"
#include "scope/test_run.h"

int rni_trial_patience_ms = 60 * 1000;

int rni_trials_init(rni_trials *t, int (*fn)(rn_group *g, void *arg), void *arg)
{
    void *memory = mmap(NULL, sizeof(rni_shared), PROT_READ | PROT_WRITE,
                        MAP_SHARED | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (memory == MAP_FAILED)
        return -ENOMEM;
    *t = (rni_trials){ .fn = fn, .arg = arg, .shared = memory };
    return 0;
}

void rni_trials_fini(rni_trials *t)
{
    munmap(t->shared, sizeof *t->shared);
}

static void be_silent(void)
{
    int null = open("/dev/null", O_RDWR | O_CLOEXEC);
    for (int fd = 0; fd <= 2 && null >= 0; fd++)
        dup2(null, fd);
    if (null > 2)
        close(null);
}

static uint64_t runs_of(const rni_shared *shared)
{
    return __atomic_load_n(&shared->runs, __ATOMIC_RELAXED);
}

/* Whether the child ends, or ends another run, in time. A signal, as of an interval timer, gives it
 * no more. */
static bool comes(int fd, const rni_shared *shared)
{
    enum { MS = 1000 * 1000 };
    struct pollfd p = { .fd = fd, .events = POLLIN };
    uint64_t runs = runs_of(shared);
    int64_t until = rni_os_now() + (int64_t)rni_trial_patience_ms * MS;
    for (;;) {
        int64_t left = until - rni_os_now();
        int ready = poll(&p, 1, left > 0 ? (int)((left + MS - 1) / MS) : 0);
        if (ready > 0 || (ready < 0 && rni_os_error() != EINTR))
            return true; /* what cannot be watched has all the time it takes */
        if (runs_of(shared) != runs) {
            runs = runs_of(shared);
            until = rni_os_now() + (int64_t)rni_trial_patience_ms * MS;
        } else if (left <= 0) {
            return false;
        }
    }
}

/* Waits for the child. False if it had to be killed. */
static bool await(pid_t pid, const rni_shared *shared, int *status)
{
    bool in_time = true;
    int fd = (int)syscall(SYS_pidfd_open, pid, 0);
    if (fd >= 0) { /* else the system is older than Linux 5.3, and patience has no end */
        in_time = comes(fd, shared);
        close(fd);
    }
    if (!in_time)
        kill(pid, SIGKILL);
    pid_t got;
    while ((got = waitpid(pid, status, 0)) < 0 && rni_os_error() == EINTR)
        continue;
    if (got < 0)
        *status = RNI_STATUS_UNKNOWN;
    return in_time;
}

/* What is known of the last run; status and late are set. */
static void find_fate(const rni_trials *t, rni_fate *f)
{
    f->ended = !t->shared->returned;
    f->rc = f->ended ? 0 : t->shared->rc;
    f->failed = f->late || f->ended || f->rc != 0 ||
                (f->status != 0 && f->status != RNI_STATUS_UNKNOWN);
}

/* The child dies with its parent, which may be killed: nobody else would stop a run that does not
 * end. */
static void die_with(pid_t parent)
{
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != parent)
        _exit(1);
}

int rni_trials_in_child(rni_trials *t, int (*body)(void *arg), void *arg, rni_fate *out)
{
    t->shared->runs = 0;
    t->shared->returned = false;
    fflush(NULL); /* or the child would write it once more */
    rni_fork_is_ours(true);
    pid_t self = getpid(), pid = fork();
    rni_fork_is_ours(false);
    if (pid < 0)
        return -rni_os_error();
    if (pid == 0) {
        t->here = true;
        die_with(self);
        be_silent();
        _exit(body(arg) == 0 ? 0 : 1);
    }
    *out = (rni_fate){ 0 };
    out->late = !await(pid, t->shared, &out->status);
    find_fate(t, out);
    return 0;
}

typedef struct trial {
    rni_trials *t;
    rni_sim_plan *plan;
} trial;

static int make_run(void *arg)
{
    trial *x = arg;
    rni_shared *s = x->t->shared;
    x->plan->log = &s->log;
    s->log.count = 0;
    s->log.hash = 0;
    s->returned = false;
    s->rc = rni_test_once(x->plan, x->t->fn, x->t->arg);
    s->returned = true;
    __atomic_store_n(&s->runs, s->runs + 1, __ATOMIC_RELAXED);
    return 0;
}

int rni_trial_run(rni_trials *t, rni_sim_plan *plan, rni_fate *out)
{
    trial x = { t, plan };
    if (!t->here)
        return rni_trials_in_child(t, make_run, &x, out);
    make_run(&x);
    *out = (rni_fate){ 0 };
    find_fate(t, out);
    return 0;
}

bool rni_fate_same(const rni_fate *a, const rni_fate *b)
{
    return a->failed == b->failed && a->late == b->late && a->ended == b->ended &&
           a->status == b->status && a->rc == b->rc;
}

void rni_fate_text(const rni_fate *f, char *text, size_t bytes)
{
    bool known = f->status != RNI_STATUS_UNKNOWN;
    if (f->late)
        snprintf(text, bytes, "it did not end within %d s", rni_trial_patience_ms / 1000);
    else if (known && WIFSIGNALED(f->status))
        snprintf(text, bytes, "killed by signal %d (%s)", WTERMSIG(f->status),
                 strsignal(WTERMSIG(f->status)));
    else if (f->ended && !known)
        snprintf(text, bytes,
                 "the process ended (how is not known: the program waits for its "
                 "children itself)");
    else if (f->ended || (known && f->status != 0))
        snprintf(text, bytes, "the process ended with status %d", WEXITSTATUS(f->status));
    else if (f->rc == -EDEADLK)
        snprintf(text, bytes, "a task was left waiting");
    else if (f->rc > 0)
        snprintf(text, bytes, "the result was %d", f->rc);
    else
        snprintf(text, bytes, "the result was %d (%s)", f->rc, rn_strerror(f->rc));
}
