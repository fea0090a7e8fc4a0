/* SPDX-License-Identifier: MIT */
/* Calls about threads, processes and signals, those made by number, and the process's end. */
#define _GNU_SOURCE
#include <linux/futex.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdarg.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "call.h"

CODE(int, pthread_create, "pthread_create",
     (pthread_t * t, const pthread_attr_t *attr, void *(*fn)(void *), void *arg),
     (t, attr, fn, arg))
CODE(int, pthread_key_create, "pthread_key_create", (pthread_key_t * key, void (*fn)(void *)),
     (key, fn))
CODE(int, pthread_setspecific, "pthread_setspecific", (pthread_key_t key, const void *p), (key, p))
/* What pthread_atfork, a static function in each program, calls. */
int __register_atfork(void (*prepare)(void), void (*parent)(void), void (*child)(void), void *dso);
CODE(int, __register_atfork, "__register_atfork",
     (void (*prepare)(void), void (*parent)(void), void (*child)(void), void *dso),
     (prepare, parent, child, dso))
PLAIN(int, sched_getaffinity, "sched_getaffinity", -1, (pid_t pid, size_t n, cpu_set_t *set),
      (pid, n, set))
TAKING(pid_t, fork, "fork", -1, (void), (), {
    if (result == 0)
        fault_start_process();
})
PLAIN(pid_t, waitpid, "waitpid", -1, (pid_t pid, int *status, int options), (pid, status, options))
OPENING(signalfd, "signalfd", (int fd, const sigset_t *set, int flags), (fd, set, flags))

DECLARE(sigaltstack);
int sigaltstack(const stack_t *new, stack_t *old)
{
    int code = new ? FAULT("sigaltstack", "sigaltstack") : 0;
    if (code) {
        errno = code;
        return -1;
    }
    return REAL(sigaltstack)(new, old);
}

DECLARE(sigaction);
int sigaction(int number, const struct sigaction *new, struct sigaction *old)
{
    int code = new ? FAULT("sigaction", "sigaction") : 0;
    if (code) {
        errno = code;
        return -1;
    }
    return REAL(sigaction)(number, new, old);
}

/* The name of a system call that is made by number, or NULL if it is none of ours. */
static const char *name_of(long number, long a1)
{
    enum { MEMBARRIER_REGISTER = 1 << 4 };
    switch (number) {
    case SYS_futex: return (a1 & FUTEX_CMD_MASK) == FUTEX_WAIT ? "futex" : NULL;
    case SYS_membarrier: return NULL; /* by its command: below */
    case SYS_process_madvise: return "process_madvise";
    case SYS_pidfd_open: return "pidfd_open";
    default: return NULL;
    }
}

DECLARE(syscall);
long syscall(long number, ...)
{
    long a[6];
    va_list args;
    va_start(args, number);
    for (int i = 0; i < 6; i++)
        a[i] = va_arg(args, long);
    va_end(args);
    const char *name = name_of(number, a[1]);
    if (number == SYS_membarrier)
        name = a[0] == 1 << 4 ? "membarrier_register" : "membarrier";
    int code = name ? FAULT(name, name) : 0;
    if (code == FAULT_SHORT)
        return REAL(syscall)(number, a[0], a[1], a[2], a[3], a[4], a[5]) - 4096;
    if (code) {
        errno = code;
        return -1;
    }
    long result = REAL(syscall)(number, a[0], a[1], a[2], a[3], a[4], a[5]);
    if (number == SYS_pidfd_open && result >= 0)
        live_descriptor((int)result, name, name, CALLER);
    return result;
}

/* ---- the end ---- */

__attribute__((noreturn)) void _exit(int status)
{
    fault_report();
    for (;;)
        ((long (*)(long, ...))fault_real(&real_syscall, "syscall"))(SYS_exit_group, status);
}

__attribute__((noreturn)) void _Exit(int status)
{
    _exit(status);
}
