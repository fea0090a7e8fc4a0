/* SPDX-License-Identifier: MIT */
/*
 * The calls that can fail, each in front of the real one (site.c tells why and when one fails).
 *
 * A call that fails here does what the system does in that case: nothing but return the error,
 * except that close still closes (Linux), a connect that was interrupted goes on, and a connection
 * that accept lost is gone.
 *
 * Left alone, because they cannot fail as they are used: waking a futex, clock_gettime, munmap of
 * whole mappings, pthread_join, getenv, free.
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <linux/futex.h>
#include <netdb.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "fault.h"

#pragma GCC diagnostic ignored "-Wmissing-prototypes" /* libcurl's, and old names of libc's */
#pragma GCC diagnostic ignored "-Wpedantic" /* a data pointer of dlsym's made a function */

/* The function of this name that comes behind us. Its address is looked up once. */
#define REAL(name) ((__typeof__(&name))real(&real_##name, #name))
#define DECLARE(name) static _Atomic(void *) real_##name

static void *real(_Atomic(void *) *cache, const char *name)
{
    void *p = atomic_load_explicit(cache, memory_order_relaxed);
    if (!p) {
        fault_inside++;
        p = dlsym(RTLD_NEXT, name);
        fault_inside--;
        atomic_store_explicit(cache, p, memory_order_relaxed);
    }
    return p;
}

#define FAULT(name, kind) fault_code(name, kind, __builtin_return_address(0))

/* Fails with errno set and the result bad. */
#define PLAIN(type, name, kind, bad, params, args)                                                 \
    DECLARE(name);                                                                                 \
    type name params                                                                               \
    {                                                                                              \
        int code = FAULT(#name, kind);                                                             \
        if (code) {                                                                                \
            errno = code;                                                                          \
            return bad;                                                                            \
        }                                                                                          \
        return REAL(name) args;                                                                    \
    }

/* Returns the code itself. */
#define CODE(type, name, kind, params, args)                                                       \
    DECLARE(name);                                                                                 \
    type name params                                                                               \
    {                                                                                              \
        int code = FAULT(#name, kind);                                                             \
        return code ? (type)code : REAL(name) args;                                                \
    }

/* ---- memory ---- */

/* For what dlsym allocates while the allocator is looked up. */
static _Alignas(16) char early[4096];
static size_t early_used; /* there is one thread then */

static bool is_early(const void *p)
{
    return (const char *)p >= early && (const char *)p < early + sizeof early;
}

static void *allocate_early(size_t bytes)
{
    bytes = (bytes + 15) & ~(size_t)15;
    if (bytes > sizeof early - early_used)
        return NULL;
    early_used += bytes;
    return early + early_used - bytes;
}

static _Atomic(void *) real_calloc;

PLAIN(void *, malloc, "memory", NULL, (size_t n), (n))
PLAIN(void *, realloc, "memory", NULL, (void *p, size_t n), (p, n))
PLAIN(void *, aligned_alloc, "memory", NULL, (size_t align, size_t n), (align, n))
CODE(int, posix_memalign, "memory", (void **out, size_t align, size_t n), (out, align, n))

void *calloc(size_t n, size_t size)
{
    static __thread int resolving;
    if (!atomic_load_explicit(&real_calloc, memory_order_relaxed)) {
        if (resolving)
            return allocate_early(n * size);
        resolving = 1;
        (void)real(&real_calloc, "calloc");
        resolving = 0;
    }
    if (FAULT("calloc", "memory")) {
        errno = ENOMEM;
        return NULL;
    }
    return REAL(calloc)(n, size);
}

DECLARE(free);
void free(void *p)
{
    static __thread int resolving; /* dlsym frees, too: that is left */
    if (!p || is_early(p) || resolving)
        return;
    resolving = 1;
    void (*real_one)(void *) = REAL(free);
    resolving = 0;
    real_one(p);
}

PLAIN(void *, mmap, "mmap", (void *)-1,
      (void *at, size_t n, int protection, int flags, int fd, off_t offset),
      (at, n, protection, flags, fd, offset))
PLAIN(int, madvise, "madvise", -1, (void *at, size_t n, int advice), (at, n, advice))
PLAIN(int, mprotect, "mprotect", -1, (void *at, size_t n, int protection), (at, n, protection))

/* ---- threads and signals ---- */

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
PLAIN(pid_t, fork, "fork", -1, (void), ())
PLAIN(pid_t, waitpid, "waitpid", -1, (pid_t pid, int *status, int options), (pid, status, options))
PLAIN(int, signalfd, "signalfd", -1, (int fd, const sigset_t *set, int flags), (fd, set, flags))

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
    return REAL(syscall)(number, a[0], a[1], a[2], a[3], a[4], a[5]);
}

/* ---- readiness ---- */

PLAIN(int, eventfd, "eventfd", -1, (unsigned n, int flags), (n, flags))
PLAIN(int, epoll_create1, "epoll_create1", -1, (int flags), (flags))
PLAIN(int, epoll_ctl, "epoll_ctl", -1, (int ep, int op, int fd, struct epoll_event *event),
      (ep, op, fd, event))
PLAIN(int, epoll_wait, "epoll_wait", -1, (int ep, struct epoll_event *events, int n, int timeout),
      (ep, events, n, timeout))
PLAIN(int, epoll_pwait2, "epoll_pwait2", -1,
      (int ep, struct epoll_event *events, int n, const struct timespec *timeout,
       const sigset_t *mask),
      (ep, events, n, timeout, mask))
PLAIN(int, poll, "poll", -1, (struct pollfd * fds, nfds_t n, int timeout), (fds, n, timeout))
PLAIN(int, ppoll, "ppoll", -1,
      (struct pollfd * fds, nfds_t n, const struct timespec *timeout, const sigset_t *mask),
      (fds, n, timeout, mask))
PLAIN(int, pipe, "pipe", -1, (int ends[2]), (ends))
PLAIN(int, pipe2, "pipe2", -1, (int ends[2], int flags), (ends, flags))

/* ---- chance and limits ---- */

PLAIN(ssize_t, getrandom, "getrandom", -1, (void *p, size_t n, unsigned flags), (p, n, flags))

/* ---- sockets ---- */

PLAIN(int, socket, "socket", -1, (int family, int type, int protocol), (family, type, protocol))
PLAIN(int, socketpair, "socketpair", -1, (int family, int type, int protocol, int ends[2]),
      (family, type, protocol, ends))
PLAIN(int, bind, "bind", -1, (int fd, const struct sockaddr *a, socklen_t n), (fd, a, n))
PLAIN(int, listen, "listen", -1, (int fd, int n), (fd, n))
PLAIN(int, getsockname, "getsockname", -1, (int fd, struct sockaddr *a, socklen_t *n), (fd, a, n))
PLAIN(int, getsockopt, "getsockopt", -1, (int fd, int level, int option, void *p, socklen_t *n),
      (fd, level, option, p, n))
PLAIN(int, setsockopt, "setsockopt", -1,
      (int fd, int level, int option, const void *p, socklen_t n), (fd, level, option, p, n))

DECLARE(accept4);
int accept4(int fd, struct sockaddr *a, socklen_t *n, int flags)
{
    int code = FAULT("accept4", "accept4");
    if (!code)
        return REAL(accept4)(fd, a, n, flags);
    int lost = code == ECONNABORTED ? REAL(accept4)(fd, a, n, flags) : -1;
    if (lost >= 0)
        syscall(SYS_close, lost);
    else if (code == ECONNABORTED)
        return -1; /* there was none to lose */
    errno = code;
    return -1;
}

DECLARE(connect);
int connect(int fd, const struct sockaddr *a, socklen_t n)
{
    int code = FAULT("connect", "connect");
    if (!code)
        return REAL(connect)(fd, a, n);
    if (code == EINTR)
        (void)REAL(connect)(fd, a, n);
    errno = code;
    return -1;
}

DECLARE(getaddrinfo);
int getaddrinfo(const char *host, const char *service, const struct addrinfo *hints,
                struct addrinfo **out)
{
    int code = FAULT("getaddrinfo", "getaddrinfo");
    if (code == EAI_SYSTEM)
        errno = EMFILE;
    return code ? code : REAL(getaddrinfo)(host, service, hints, out);
}

/* ---- reading and writing ---- */

/* Half of it, but something. */
static size_t less(size_t n)
{
    return n > 1 ? n / 2 : n;
}

/* Fails as PLAIN does, or does less than asked for. */
#define PARTIAL(name, params, all, some)                                                           \
    DECLARE(name);                                                                                 \
    ssize_t name params                                                                            \
    {                                                                                              \
        int code = FAULT(#name, #name);                                                            \
        if (code == FAULT_SHORT)                                                                   \
            return REAL(name) some;                                                                \
        if (code) {                                                                                \
            errno = code;                                                                          \
            return -1;                                                                             \
        }                                                                                          \
        return REAL(name) all;                                                                     \
    }

PARTIAL(read, (int fd, void *p, size_t n), (fd, p, n), (fd, p, less(n)))
PARTIAL(write, (int fd, const void *p, size_t n), (fd, p, n), (fd, p, less(n)))
PARTIAL(recv, (int fd, void *p, size_t n, int flags), (fd, p, n, flags), (fd, p, less(n), flags))
PARTIAL(send, (int fd, const void *p, size_t n, int flags), (fd, p, n, flags),
        (fd, p, less(n), flags))

DECLARE(close);
int close(int fd)
{
    int code = FAULT("close", "close");
    int rc = REAL(close)(fd);
    if (code) {
        errno = code;
        return -1;
    }
    return rc;
}

/* ---- files ---- */

#define OPEN(name)                                                                                 \
    DECLARE(name);                                                                                 \
    int name(const char *path, int flags, ...)                                                     \
    {                                                                                              \
        va_list args;                                                                              \
        va_start(args, flags);                                                                     \
        mode_t mode = flags & (O_CREAT | __O_TMPFILE) ? va_arg(args, mode_t) : 0;                  \
        va_end(args);                                                                              \
        int code = FAULT(#name, "open");                                                           \
        if (code) {                                                                                \
            errno = code;                                                                          \
            return -1;                                                                             \
        }                                                                                          \
        return REAL(name)(path, flags, mode);                                                      \
    }
enum { O_CREAT = 0100, __O_TMPFILE = 020000000 }; /* fcntl.h would declare open with attributes */
int open(const char *path, int flags, ...);
int open64(const char *path, int flags, ...);
OPEN(open)
OPEN(open64)

PLAIN(FILE *, fopen, "open", NULL, (const char *path, const char *mode), (path, mode))
PLAIN(FILE *, fopen64, "open", NULL, (const char *path, const char *mode), (path, mode))
PLAIN(FILE *, fdopen, "fdopen", NULL, (int fd, const char *mode), (fd, mode))
PLAIN(DIR *, opendir, "open", NULL, (const char *path), (path))
PLAIN(struct dirent *, readdir, "readdir", NULL, (DIR * dir), (dir))
PLAIN(int, stat, "stat", -1, (const char *path, struct stat *st), (path, st))
PLAIN(int, fstat, "stat", -1, (int fd, struct stat *st), (fd, st))
PLAIN(int, fstatat, "stat", -1, (int dir, const char *path, struct stat *st, int flags),
      (dir, path, st, flags))
PLAIN(int, access, "access", -1, (const char *path, int mode), (path, mode))
PLAIN(char *, realpath, "realpath", NULL, (const char *path, char *out), (path, out))
PLAIN(char *, getcwd, "getcwd", NULL, (char *out, size_t n), (out, n))

/* A stream that could not be written says so until it is asked (ferror). */
static void mark(FILE *f, int code)
{
    f->_flags |= 0x20; /* _IO_ERR_SEEN */
    errno = code;
}

DECLARE(fwrite);
size_t fwrite(const void *p, size_t size, size_t n, FILE *f)
{
    int code = FAULT("fwrite", "stdio");
    if (!code)
        return REAL(fwrite)(p, size, n, f);
    mark(f, code);
    return 0;
}

DECLARE(fputs);
int fputs(const char *text, FILE *f)
{
    int code = FAULT("fputs", "stdio");
    if (!code)
        return REAL(fputs)(text, f);
    mark(f, code);
    return EOF;
}

DECLARE(fflush);
int fflush(FILE *f)
{
    int code = FAULT("fflush", "stdio");
    if (!code)
        return REAL(fflush)(f);
    if (f)
        mark(f, code);
    return EOF;
}

/* ---- libcurl, by its ABI ---- */

CODE(int, curl_global_init, "curl", (long flags), (flags))
CODE(int, curl_url_set, "curl", (void *u, int part, const char *text, unsigned flags),
     (u, part, text, flags))
CODE(int, curl_url_get, "curl", (const void *u, int part, char **out, unsigned flags),
     (u, part, out, flags))
CODE(int, curl_multi_add_handle, "curl", (void *multi, void *easy), (multi, easy))
CODE(int, curl_multi_perform, "curl", (void *multi, int *running), (multi, running))
CODE(int, curl_multi_poll, "curl", (void *multi, void *fds, unsigned n, int timeout, int *count),
     (multi, fds, n, timeout, count))
CODE(int, curl_easy_header, "curl",
     (void *easy, const char *name, size_t i, unsigned origin, int request, void **out),
     (easy, name, i, origin, request, out))
PLAIN(void *, curl_easy_init, "curl", NULL, (void), ())
PLAIN(void *, curl_multi_init, "curl", NULL, (void), ())
PLAIN(void *, curl_url, "curl", NULL, (void), ())

int curl_easy_setopt(void *easy, int option, ...);
DECLARE(curl_easy_setopt);
int curl_easy_setopt(void *easy, int option, ...)
{
    va_list args;
    va_start(args, option);
    void *value = va_arg(args, void *); /* of a size with every type that is passed */
    va_end(args);
    int code = FAULT("curl_easy_setopt", "curl");
    return code ? code : REAL(curl_easy_setopt)(easy, option, value);
}

/* ---- the end ---- */

__attribute__((noreturn)) void _exit(int status)
{
    fault_report();
    for (;;)
        ((long (*)(long, ...))real(&real_syscall, "syscall"))(SYS_exit_group, status);
}

__attribute__((noreturn)) void _Exit(int status)
{
    _exit(status);
}
