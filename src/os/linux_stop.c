/* SPDX-License-Identifier: MIT */
/*
 * The world stands still: every thread of the process but the caller's, at whatever instruction it
 * happens to be, with its registers to be read.
 *
 * Only a debugger can do that to a thread that computes, or has its signals blocked, and a process
 * cannot debug itself. So the work is done by a child that shares our memory and takes the place of
 * the calling thread, which sleeps meanwhile (clone with CLONE_VM and CLONE_VFORK; a stack of its
 * own, the caller's thread-locals). It attaches to every other thread, runs the function, detaches
 * and ends; if it dies, the system detaches for it. (The way of LeakSanitizer, but for the roles.)
 *
 * A thread stops at the boundary of the kernel, so none holds a lock of the kernel's; it may hold
 * any lock of the process's, that of malloc included. Therefore between attach_all and the end only
 * system calls are made.
 *
 * New threads are made by threads: when a whole look at /proc finds none that still runs, there are
 * none to come. A look is whole if it has listed as many as the system counts: the listing ends
 * early if the thread that it has come to ends just then. And it may be the last only if it has met
 * none that was not stopped before: one that ends before it could be stopped may have made another
 * that this look has missed. The main thread is listed even after it has ended (pthread_exit).
 *
 * It stands still for PATIENCE_NS after the last thread has stopped, and for LONGEST_NS in all, if
 * one is in a call that nothing interrupts (vfork); then all are let go.
 *
 * What the stopped ones notice: what a debugger's visit does, that is, calls end with EINTR that
 * signal(7) lists under "Interruption of system calls and library functions by stop signals". A
 * signal that arrives meanwhile is delivered when the thread goes on; one that has not been waited
 * for keeps its signal itself, so only those that have been are detached: the others are when the
 * child ends.
 *
 * Refused by the system (-EPERM) if a debugger or strace is attached already, if the process is not
 * dumpable, or where a sandbox or Yama's ptrace_scope 2 or 3 forbids it. With ptrace_scope 1 the
 * process allows it for the time of the check (PR_SET_PTRACER).
 */
#define _GNU_SOURCE
#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "os/linux_folder.h"
#include "os/os.h"
#include "os/quiet.h"

enum {
    CHILD_STACK_BYTES = 512 * 1024,
    STATE_BYTES = 16 * 1024, /* of one thread's registers, those of vectors included */
    THREADS_MAX = 4096,
    PATIENCE_NS = 50 * 1000 * 1000, /* since the last has stopped */
    LONGEST_NS = 500 * 1000 * 1000  /* in all: a busy machine takes its time */
};

typedef struct attached {
    pid_t tid;
    int signal; /* to be delivered when it goes on */
    bool stopped;
} attached;

typedef struct stopping {
    int (*fn)(const rni_os_world *world, void *arg);
    void *arg;
    pid_t process, caller;
    attached *threads;
    rni_os_stopped *states;
    char *registers;
    size_t n;
    int folder;         /* /proc/PROCESS/task */
    size_t listed;      /* by this look */
    bool fresh;         /* it has met one that had not been stopped */
    int64_t limit, end; /* when to give up: one that does not stop, and all */
    rni_os_world world;
    int result;
} stopping;

/* ---- attaching ---- */

static bool known(const stopping *s, pid_t tid)
{
    for (size_t i = 0; i < s->n; i++)
        if (s->threads[i].tid == tid)
            return true;
    return false;
}

/* "ID" and `name`, without snprintf, which may use locks. */
static const char *path_of(char *path, pid_t id, const char *name)
{
    char digits[12];
    int n = 0;
    char *at = path;
    for (pid_t p = id; p > 0; p /= 10)
        digits[n++] = (char)('0' + p % 10);
    while (n > 0)
        *at++ = digits[--n];
    memcpy(at, name, strlen(name) + 1);
    return path;
}

/* Whether tid has ended: gone, or a zombie ("7 (name) Z 1 ...", where a name may hold anything). */
static bool ended(const stopping *s, pid_t tid)
{
    char path[32], text[512];
    int fd = openat(s->folder, path_of(path, tid, "/stat"), O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return errno == ENOENT || errno == ESRCH;
    ssize_t n = read(fd, text, sizeof text - 1);
    bool gone = n < 0 && errno == ESRCH;
    close(fd);
    text[n > 0 ? n : 0] = '\0';
    const char *after = strrchr(text, ')');
    return gone || (after && after[1] == ' ' && (after[2] == 'Z' || after[2] == 'X'));
}

/* Attaches to tid and asks it to stop. A thread that has ended, or does just now, is no error. */
static int attach(stopping *s, pid_t tid)
{
    if (s->n == THREADS_MAX)
        return -E2BIG;
    if (ptrace(PTRACE_SEIZE, tid, NULL, NULL) != 0) {
        int error = errno;
        if (error != ESRCH && !(error == EPERM && ended(s, tid)))
            return -error;
        s->fresh |= tid != s->process; /* the main one stays listed */
        return 0;
    }
    s->fresh = true;
    s->threads[s->n++] = (attached){ .tid = tid };
    if (ptrace(PTRACE_INTERRUPT, tid, NULL, NULL) != 0 && errno != ESRCH)
        return -errno;
    return 0;
}

static int look_at_thread(const char *name, void *arg)
{
    stopping *s = arg;
    pid_t tid = 0;
    for (const char *c = name; *c >= '0' && *c <= '9'; c++)
        tid = tid * 10 + (*c - '0');
    if (tid == 0) /* "." and ".." */
        return 0;
    s->listed++;
    return tid == s->caller || known(s, tid) ? 0 : attach(s, tid);
}

/* Attaches to those that are not attached yet. 1: another look is needed; 0; or an error. */
static int attach_new(stopping *s)
{
    struct stat threads;
    s->listed = 0;
    s->fresh = false;
    int rc = rni_folder_each(s->folder, look_at_thread, s);
    if (rc != 0)
        return rc;
    if (fstat(s->folder, &threads) != 0)
        return -errno;
    return s->fresh || s->listed + 2 < threads.st_nlink;
}

static int64_t now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec * INT64_C(1000000000) + t.tv_nsec;
}

/* Whether a, which has not stopped, never will: the main thread ends before the others, but nobody
 * is told until they have. */
static bool has_ended(const stopping *s, const attached *a)
{
    return a->tid == s->process && ended(s, a->tid);
}

/* Waits until those that were asked have stopped; -EBUSY if one does not, being in a call that
 * nothing interrupts. One that ends instead is as good as stopped. */
static int await_stops(stopping *s)
{
    for (size_t i = 0; i < s->n; i++) {
        attached *a = &s->threads[i];
        while (!a->stopped) {
            int status;
            pid_t got = waitpid(a->tid, &status, __WALL | WNOHANG);
            if (got == 0 && !has_ended(s, a)) {
                if (now() > s->limit)
                    return -EBUSY;
                nanosleep(&(struct timespec){ .tv_nsec = 10000 }, NULL);
                continue;
            }
            a->stopped = true;
            int64_t limit = now() + PATIENCE_NS;
            s->limit = limit < s->end ? limit : s->end;
            if (got <= 0 || !WIFSTOPPED(status)) {
                a->tid = 0; /* it has ended */
                continue;
            }
            if (status >> 16 == 0) /* a signal was on its way */
                a->signal = WSTOPSIG(status);
        }
    }
    return 0;
}

static int attach_all(stopping *s)
{
    char path[32] = "/proc/";
    path_of(path + sizeof "/proc/" - 1, s->process, "/task");
    s->folder = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (s->folder < 0)
        return -errno;
    s->limit = now() + PATIENCE_NS;
    s->end = now() + LONGEST_NS;
    int rc;
    do {
        rc = attach_new(s);
        int stopped = rc < 0 ? rc : await_stops(s);
        if (stopped < 0)
            rc = stopped;
        else if (rc > 0 && now() > s->end)
            rc = -EBUSY;
    } while (rc > 0);
    close(s->folder);
    return rc;
}

static void detach_all(stopping *s)
{
    for (size_t i = 0; i < s->n; i++) {
        const attached *a = &s->threads[i];
        if (a->tid != 0 && a->stopped)
            ptrace(PTRACE_DETACH, a->tid, NULL, (void *)(intptr_t)a->signal);
    }
}

/* ---- registers ---- */

static const void *stack_pointer(const struct user_regs_struct *regs)
{
#if defined(__x86_64__)
    return (const void *)(uintptr_t)regs->rsp;
#else
    return (const void *)(uintptr_t)regs->sp;
#endif
}

/* General registers, then those of vectors, which may hold the only copy of a pointer while it is
 * being moved; of the last sets only one exists on each CPU. */
static int read_registers(pid_t tid, char *to, rni_os_stopped *out)
{
    static const int sets[] = { NT_PRSTATUS, NT_PRFPREG, NT_X86_XSTATE };
    size_t used = 0;
    for (size_t i = 0; i < sizeof sets / sizeof *sets; i++) {
        struct iovec part = { to + used, STATE_BYTES - used };
        if (ptrace(PTRACE_GETREGSET, tid, (void *)(intptr_t)sets[i], &part) == 0)
            used += part.iov_len & ~(size_t)7;
        else if (i == 0)
            return -errno;
    }
    out->id = tid;
    out->sp = stack_pointer((const struct user_regs_struct *)(const void *)to);
    out->registers = to;
    out->register_bytes = used;
    return 0;
}

static int run_stopped(stopping *s)
{
    size_t n = 0;
    for (size_t i = 0; i < s->n; i++) {
        if (s->threads[i].tid == 0)
            continue;
        int rc = read_registers(s->threads[i].tid, s->registers + n * STATE_BYTES, &s->states[n]);
        if (rc != 0)
            return rc;
        n++;
    }
    s->world.threads = s->states;
    s->world.n = n;
    s->world.process = s->process;
    return s->fn(&s->world, s->arg);
}

/* ---- the child ---- */

static int child(void *arg)
{
    stopping *s = arg;
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    int rc = attach_all(s);
    s->result = rc == 0 ? run_stopped(s) : rc;
    detach_all(s);
    _exit(0);
}

/* Whether Yama lets only those trace us that we name. */
static bool must_allow(void)
{
    char scope = '0';
    int fd = open("/proc/sys/kernel/yama/ptrace_scope", O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return false;
    ssize_t n = read(fd, &scope, 1);
    close(fd);
    return n == 1 && scope == '1';
}

static void *memory_for(size_t bytes)
{
    void *p = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE,
                   -1, 0);
    return p == MAP_FAILED ? NULL : p;
}

/* Runs s in a child. What it cannot do shows in the result. */
static int run_child(stopping *s, char *stack)
{
    sigset_t all, old;
    sigfillset(&all);
    bool allow = must_allow();
    s->result = -EIO; /* unless the child says better */
    if (allow)
        prctl(PR_SET_PTRACER, PR_SET_PTRACER_ANY, 0, 0, 0);
    sigprocmask(SIG_SETMASK, &all, &old); /* no handler runs in the child */
    pid_t pid = RNI_QUIET_CLONE(child, stack + CHILD_STACK_BYTES, CLONE_VM | CLONE_VFORK, s);
    if (pid < 0)
        s->result = -errno;
    else
        while (waitpid(pid, NULL, __WALL) < 0 && errno == EINTR)
            ;
    sigprocmask(SIG_SETMASK, &old, NULL);
    if (allow)
        prctl(PR_SET_PTRACER, 0, 0, 0, 0);
    return s->result;
}

int rni_os_stop_world(int (*fn)(const rni_os_world *world, void *arg), void *arg)
{
    int saved = errno, rc = -ENOMEM;
    stopping s = { .fn = fn, .arg = arg, .process = getpid(), .caller = gettid() };
    size_t lists = THREADS_MAX * (sizeof *s.threads + sizeof *s.states);
    size_t bytes = CHILD_STACK_BYTES + lists + (size_t)THREADS_MAX * STATE_BYTES;
    char *memory = memory_for(bytes);
    if (memory) {
        s.states = (rni_os_stopped *)(void *)(memory + CHILD_STACK_BYTES);
        s.threads = (attached *)(void *)(s.states + THREADS_MAX);
        s.registers = memory + CHILD_STACK_BYTES + lists;
        s.world.own = (rni_os_range){ memory, bytes };
        rc = run_child(&s, memory);
        munmap(memory, bytes);
    }
    errno = saved;
    return rc;
}
