/* SPDX-License-Identifier: MIT */
/*
 * Conventions shared by every runnel header.
 *
 * Status codes: a function that can fail returns 0 or a negative errno value (-EPIPE, -ECANCELED,
 * -ETIMEDOUT, -EAGAIN, -ENOMEM, ...). No function reports through errno.
 *
 * Waiting: each comment says whether a call waits. One that never waits does not depend on another
 * task or thread; but it may let others run now and then, so that loops over such calls are fair,
 * and the calling task may then go on on another thread.
 *
 * Sites: RN_HERE is "file:line" as a string literal. The macros pass it down so that a dump can say
 * where a task waits and where it was started; nothing else reads it.
 *
 * Time: int64_t nanoseconds on the monotonic clock of rn_now(). Arithmetic on it saturates inside
 * the library: RN_FOREVER never arrives and a negative duration means "now".
 */
#ifndef RUNNEL_BASE_H
#define RUNNEL_BASE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The version of these headers. */
#define RN_VERSION "0.1.0"

/* Around the declarations that C++ shares. */
#ifdef __cplusplus
#define RN_EXTERN_C_BEGIN extern "C" {
#define RN_EXTERN_C_END }
#else
#define RN_EXTERN_C_BEGIN
#define RN_EXTERN_C_END
#endif

/* RN_API: a function of the library. RN_MUST_CHECK: compilers warn if its result is ignored. */
#define RN_API __attribute__((visibility("default")))
#define RN_MUST_CHECK __attribute__((warn_unused_result))

/*
 * A wrong element type, a wrong end of a channel or a pointer for an integer must not compile. The
 * compilers before gcc 14 and clang 16 only warn about them, so runnel asks for the errors of the
 * newer ones. Define RN_NO_STRICT_TYPES before the include to keep the compiler's own choice.
 */
#if !defined(__cplusplus) && !defined(RN_NO_STRICT_TYPES)
#pragma GCC diagnostic error "-Wint-conversion"
#pragma GCC diagnostic error "-Wincompatible-pointer-types"
#endif

#define RN_STR1_(x) #x
#define RN_STR_(x) RN_STR1_(x)
/* The place where it stands, "file:line", for the functions that take a site. */
#define RN_HERE __FILE__ ":" RN_STR_(__LINE__)

/* In a macro that starts f: the first error names what f lacks, its RN_TASK line. */
#define RN_HAS_TASK_LINE_(f) ((void)sizeof(int[rn_go_needs_RN_TASK_line_of_##f]))

/* Durations, in nanoseconds. RN_FOREVER never arrives: as a deadline it means none. */
#define RN_NANOSECOND INT64_C(1)
#define RN_MICROSECOND INT64_C(1000)
#define RN_MILLISECOND INT64_C(1000000)
#define RN_SECOND INT64_C(1000000000)
#define RN_MINUTE (60 * RN_SECOND)
#define RN_HOUR (60 * RN_MINUTE)
#define RN_FOREVER INT64_MAX

/* Opaque objects of the library. */
typedef struct rn_group rn_group;     /* owns tasks and channels; see scope.h */
typedef struct rn_ctx rn_ctx;         /* cancellation, deadline, cause; see scope.h */
typedef struct rn_channel rn_channel; /* the untyped object behind a channel handle; see chan.h */

/* The element of channels that carry no data: a signal. Its size is 0. */
__extension__ typedef struct rn_unit {
#ifdef __cplusplus
    char none_[0];
#endif
} rn_unit;

#ifndef __cplusplus
/* The one value of rn_unit, to send. */
#define RN_UNIT (__extension__(rn_unit){})
#endif

RN_EXTERN_C_BEGIN

/*
 * Names a status code: rn_strerror(-EPIPE) is "closed". Any task, any thread; never waits.
 * Returns a constant string, also for codes it does not know.
 */
RN_API const char *rn_strerror(int rc);

/*
 * Replaces what happens after a programming error (closing a channel twice, a negative wait group
 * and the like). The default prints the line and the task table to stderr and exits with status 2.
 * The handler gets the line without a newline; if it returns, the default follows. NULL restores
 * the default. Call it before rn_run.
 */
RN_API void rn_set_panic_handler(void (*handler)(const char *line));

/*
 * Reports a programming error exactly as the library reports its own: the line, the calling task,
 * the task table, exit status 2. Does not return.
 */
RN_API __attribute__((noreturn, format(printf, 2, 3))) void rn_panic(const char *site,
                                                                     const char *format, ...);

RN_EXTERN_C_END

#endif
