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
 * system calls are made. New threads are made by threads: when a whole look at /proc finds none
 * that still runs, there are none to come.
 *
 * What the stopped ones notice: what a debugger's visit does. A thread in epoll_wait or
 * sigtimedwait gets EINTR; other waits go on. A signal that arrives meanwhile is delivered when
 * it goes on.
 *
 * Refused by the system (-EPERM) if a debugger or strace is attached already, if the process is not
 * dumpable, or where a sandbox or Yama's ptrace_scope 2 or 3 forbids it. With ptrace_scope 1 the
 * process allows it for the time of the check (PR_SET_PTRACER).
 */
#define _GNU_SOURCE
#include <dirent.h>
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
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "os/os.h"
#include "os/quiet.h"

enum {
    CHILD_STACK_BYTES = 512 * 1024,
    STATE_BYTES = 16 * 1024, /* of one thread's registers, those of vectors included */
    THREADS_MAX = 4096,
    PATIENCE_NS = 2000 * 1000 * 1000
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

/* Attaches to tid and asks it to stop. A thread that ends just now is no error. */
static int attach(stopping *s, pid_t tid)
{
    if (s->n == THREADS_MAX)
        return -E2BIG;
    if (ptrace(PTRACE_SEIZE, tid, NULL, NULL) != 0)
        return errno == ESRCH ? 0 : -errno;
    s->threads[s->n++] = (attached){ .tid = tid };
    if (ptrace(PTRACE_INTERRUPT, tid, NULL, NULL) != 0 && errno != ESRCH)
        return -errno;
    return 0;
}

/* The entries of a folder of /proc, without the C library, which would allocate. */
struct entry {
    uint64_t inode;
    int64_t offset;
    unsigned short length;
    unsigned char type;
    char name[];
};

/* Attaches to those that are not attached yet. Returns how many there were, or an error. */
static int attach_new(stopping *s, int folder)
{
    char buffer[4096] __attribute__((aligned(8)));
    int fresh = 0;
    if (lseek(folder, 0, SEEK_SET) != 0)
        return -errno;
    for (;;) {
        long n = syscall(SYS_getdents64, folder, buffer, sizeof buffer);
        if (n <= 0)
            return n < 0 ? -errno : fresh;
        for (long at = 0; at < n;) {
            const struct entry *e = (const struct entry *)(const void *)(buffer + at);
            pid_t tid = 0;
            for (const char *c = e->name; *c >= '0' && *c <= '9'; c++)
                tid = tid * 10 + (*c - '0');
            at += e->length;
            if (tid == 0 || tid == s->caller || known(s, tid))
                continue;
            size_t before = s->n;
            int rc = attach(s, tid);
            if (rc != 0)
                return rc;
            fresh += s->n > before;
        }
    }
}

static int64_t now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec * INT64_C(1000000000) + t.tv_nsec;
}

/* Waits until those that were asked have stopped; -EBUSY if one does not, being in a call that
 * nothing interrupts. One that ends instead is as good as stopped. */
static int await_stops(stopping *s)
{
    int64_t limit = now() + PATIENCE_NS;
    for (size_t i = 0; i < s->n; i++) {
        attached *a = &s->threads[i];
        while (!a->stopped) {
            int status;
            pid_t got = waitpid(a->tid, &status, __WALL | WNOHANG);
            if (got == 0) {
                if (now() > limit)
                    return -EBUSY;
                nanosleep(&(struct timespec){ .tv_nsec = 10 * 1000 }, NULL);
                continue;
            }
            a->stopped = true;
            if (got < 0 || !WIFSTOPPED(status)) {
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
    char path[32] = "/proc/", *at = path + 6;
    char digits[12];
    int n = 0;
    for (pid_t p = s->process; p > 0; p /= 10)
        digits[n++] = (char)('0' + p % 10);
    while (n > 0)
        *at++ = digits[--n];
    memcpy(at, "/task", sizeof "/task");
    int folder = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (folder < 0)
        return -errno;
    int rc;
    do {
        rc = attach_new(s, folder);
        int stopped = rc < 0 ? rc : await_stops(s);
        if (stopped < 0)
            rc = stopped;
    } while (rc > 0);
    close(folder);
    return rc;
}

static void detach_all(stopping *s)
{
    for (size_t i = 0; i < s->n; i++) {
        const attached *a = &s->threads[i];
        if (a->tid != 0)
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
