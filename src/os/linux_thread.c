/* SPDX-License-Identifier: MIT */
/*
 * Threads on Linux. Asynchronous signals stay with the threads of the application: a thread made
 * here blocks all but the synchronous ones, which the stack-overflow report needs.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/check.h"
#include "os/os.h"

enum { SIGNAL_STACK_BYTES = 64 * 1024, THREAD_STACK_BYTES = 1024 * 1024 };

/* CPUs worth of time the cgroup grants, rounded up, or 0 when there is no limit. */
static unsigned cgroup_quota(void)
{
    FILE *f = fopen("/sys/fs/cgroup/cpu.max", "re");
    if (!f)
        return 0;
    long long quota = 0, period = 0;
    /* NOLINTNEXTLINE(cert-err34-c): the kernel writes numbers that fit. */
    int n = fscanf(f, "%lld %lld", &quota, &period);
    fclose(f);
    if (n != 2 || quota <= 0 || period <= 0)
        return 0;
    return (unsigned)((quota + period - 1) / period);
}

unsigned rni_os_cpu_count(void)
{
    int saved = errno;
    cpu_set_t set;
    unsigned n = 1;
    if (sched_getaffinity(0, sizeof set, &set) == 0)
        n = (unsigned)CPU_COUNT(&set);
    else if (sysconf(_SC_NPROCESSORS_ONLN) > 0)
        n = (unsigned)sysconf(_SC_NPROCESSORS_ONLN);
    unsigned quota = cgroup_quota();
    if (quota && quota < n)
        n = quota;
    errno = saved;
    return n ? n : 1;
}

int rni_os_thread_start(rni_os_thread *out, void *(*fn)(void *arg), void *arg)
{
    int saved = errno;
    sigset_t all, old;
    sigfillset(&all);
    sigdelset(&all, SIGSEGV);
    sigdelset(&all, SIGBUS);
    sigdelset(&all, SIGFPE);
    sigdelset(&all, SIGILL);
    sigdelset(&all, SIGTRAP);
    sigdelset(&all, SIGABRT);
    pthread_attr_t attr;
    pthread_attr_init(&attr);
    pthread_attr_setstacksize(&attr, THREAD_STACK_BYTES);
    pthread_sigmask(SIG_SETMASK, &all, &old);
    pthread_t t;
    int rc = pthread_create(&t, &attr, fn, arg);
    pthread_sigmask(SIG_SETMASK, &old, NULL);
    pthread_attr_destroy(&attr);
    if (rc == 0)
        *out = (rni_os_thread)t;
    errno = saved;
    return -rc;
}

rni_os_thread rni_os_thread_self(void)
{
    return (rni_os_thread)pthread_self();
}

void rni_os_thread_join(rni_os_thread t)
{
    pthread_join((pthread_t)t, NULL);
}

void rni_os_thread_detach(rni_os_thread t)
{
    pthread_detach((pthread_t)t);
}

/* ---- how many there are ---- */

/* A directory for each thread: the links to it tell, and need no descriptor. */
static unsigned count_by_links(void)
{
    struct stat st;
    return stat("/proc/self/task", &st) == 0 && st.st_nlink > 2 ? (unsigned)st.st_nlink - 2
                                                                : RNI_OS_UNKNOWN;
}

/* What the process says of itself; 0 in an emulator that does not say. */
static unsigned count_by_stat(void)
{
    char text[512];
    int fd = open("/proc/self/stat", O_RDONLY | O_CLOEXEC);
    ssize_t n = fd < 0 ? -1 : read(fd, text, sizeof text - 1);
    if (fd >= 0)
        close(fd);
    if (n <= 0)
        return RNI_OS_UNKNOWN; /* a process without descriptors may be dead, too */
    text[n] = '\0';
    /* The 20th field; the second is in parentheses and may hold anything. */
    const char *at = strrchr(text, ')');
    for (int field = 2; at && field < 20; field++)
        at = strchr(at + 1, ' ');
    return at ? (unsigned)strtoul(at + 1, NULL, 10) : 0;
}

/*
 * An emulator of another CPU (qemu-user) shows the links of the system, so its own threads count,
 * which do not run the program. They are those beside the first when the library is loaded; one
 * that is loaded later takes the program's threads of then for the emulator's.
 */
static unsigned emulator_threads;

__attribute__((constructor)) static void look_for_emulator(void)
{
    unsigned links = count_by_stat() == 0 ? count_by_links() : RNI_OS_UNKNOWN;
    if (links != RNI_OS_UNKNOWN)
        emulator_threads = links - 1;
}

unsigned rni_os_thread_count(void)
{
    int saved = errno;
    unsigned count = count_by_stat();
    if (count == 0 || count == RNI_OS_UNKNOWN) {
        count = count_by_links();
        if (count != RNI_OS_UNKNOWN)
            count -= emulator_threads;
    }
    errno = saved;
    return count;
}

bool rni_os_is_main_thread(void)
{
    return getpid() == gettid();
}

int rni_os_thread_id(void)
{
    return gettid();
}

void rni_os_thread_yield(void)
{
    sched_yield();
}

/* noinline, and hidden from constant propagation by the barrier: see runnel/errno.h for why. */
RNI_NOINLINE int *rni_os_errno(void)
{
    int *p = &errno;
    __asm__ volatile("" : "+r"(p) : : "memory");
    return p;
}

int rni_os_error(void)
{
    return *rni_os_errno();
}

void rni_os_set_error(int error)
{
    *rni_os_errno() = error;
}

/* Makes a new stack the thread's alternate one. */
static int give_signal_stack(void **memory)
{
    void *p = mmap(NULL, SIGNAL_STACK_BYTES, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS,
                   -1, 0);
    if (p == MAP_FAILED)
        return -ENOMEM;
    stack_t ss = { .ss_sp = p, .ss_size = SIGNAL_STACK_BYTES };
    if (sigaltstack(&ss, NULL) != 0) {
        int rc = -errno;
        munmap(p, SIGNAL_STACK_BYTES);
        return rc;
    }
    *memory = p;
    return 0;
}

int rni_os_signal_stack_acquire(void **memory)
{
    int saved = errno, rc = 0;
    stack_t old;
    *memory = NULL;
    /* The application, or a sanitizer, may have given this thread one. */
    if (sigaltstack(NULL, &old) != 0 || (old.ss_flags & SS_DISABLE))
        rc = give_signal_stack(memory);
    errno = saved;
    return rc;
}

void rni_os_signal_stack_release(void *memory)
{
    if (!memory)
        return;
    int saved = errno;
    stack_t off = { .ss_flags = SS_DISABLE };
    sigaltstack(&off, NULL);
    munmap(memory, SIGNAL_STACK_BYTES);
    errno = saved;
}
