/* SPDX-License-Identifier: MIT */
/* Calls about files and streams. */
#define _GNU_SOURCE
#include <dirent.h>
#include <stdarg.h>
#include <sys/stat.h>
#include <unistd.h>

#include "call.h"

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
        int fd = REAL(name)(path, flags, mode);                                                    \
        if (fd >= 0)                                                                               \
            live_descriptor(fd, #name, "open", CALLER);                                            \
        return fd;                                                                                 \
    }
enum { O_CREAT = 0100, __O_TMPFILE = 020000000 }; /* fcntl.h would declare open with attributes */
int open(const char *path, int flags, ...);
int open64(const char *path, int flags, ...);
OPEN(open)
OPEN(open64)

/* fclose and closedir close without a call that is seen here: live.c asks the system at the end. */
#define FOPEN(name)                                                                                \
    TAKING(FILE *, name, "open", NULL, (const char *path, const char *mode), (path, mode),         \
           live_descriptor(fileno(result), #name, "open", CALLER))
FOPEN(fopen)
FOPEN(fopen64)
PLAIN(FILE *, fdopen, "fdopen", NULL, (int fd, const char *mode), (fd, mode))
TAKING(DIR *, opendir, "open", NULL, (const char *path), (path),
       live_descriptor(dirfd(result), "opendir", "open", CALLER))
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
