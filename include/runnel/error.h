/* SPDX-License-Identifier: MIT */
/*
 * Errors as values.
 *
 * Where a status code is enough, send it with the result, and let the receiver decide:
 *
 *     typedef RN_RESULT(int) counted;
 *     rn_send(results, { .rc = -EIO });     or     rn_send(results, { .value = 42 });
 *
 * Where somebody will have to read it, send an rn_error: what went wrong, why (the error below it),
 * where, in which task, and details by name. An error is made where it happens and wrapped where a
 * module passes it on, so that the caller learns what failed in his own terms and the log still has
 * the rest. An error is immutable once it is shared, and counted: whoever holds a pointer gives it
 * back with rn_error_unref; wrapping takes over the caller's pointer. A channel of errors is made
 * with rn_make_drop(g, rn_error *, cap, rn_error_drop).
 *
 * Any task and any thread may call; none of these calls waits. NULL is no error: the looking calls
 * accept it and return 0 or NULL.
 */
#ifndef RUNNEL_ERROR_H
#define RUNNEL_ERROR_H

#include <runnel/base.h>

RN_EXTERN_C_BEGIN

/* A value or the reason why there is none: value means something only if rc is 0. */
#define RN_RESULT(T)                                                                               \
    struct {                                                                                       \
        int rc;                                                                                    \
        __typeof__(T) value;                                                                       \
    }

/* Opaque: what went wrong, why, where, in which task, and details. */
typedef struct rn_error rn_error;

/*
 * Makes an error with a status code (negative) and a message in the manner of printf; rn_error_wrap
 * puts it above a cause, which it takes over, also when it fails. With an rc of 0 or more, which is
 * no error, the code is the cause's, or -EINVAL without one.
 * Never returns NULL: when memory is short, it is a constant error with -ENOMEM, whose cause is
 * lost.
 */
#define rn_error_new(rc, ...) rn_error_make(NULL, (rc), RN_HERE, __VA_ARGS__)
#define rn_error_wrap(cause, rc, ...) rn_error_make((cause), (rc), RN_HERE, __VA_ARGS__)
RN_API RN_MUST_CHECK __attribute__((format(printf, 4, 5))) rn_error *
rn_error_make(rn_error *cause, int rc, const char *site, const char *format, ...);

/* Adds a detail, or replaces it; both strings are copied. Before the error is shared. Returns 0 or
 * -ENOMEM. */
RN_API int rn_error_set(rn_error *e, const char *key, const char *value);

/* The detail named key of e or of what it wraps, the outermost first; NULL if there is none. */
RN_API const char *rn_error_get(const rn_error *e, const char *key);

/* The status code of e itself; 0 of NULL. */
RN_API int rn_error_rc(const rn_error *e);
/* The message of e itself, without what it wraps; it lives as long as e. */
RN_API const char *rn_error_message(const rn_error *e);
/* What e wraps; no reference is given. */
RN_API const rn_error *rn_error_cause(const rn_error *e);
/* Whether e or anything that it wraps has the status code. */
RN_API bool rn_error_is(const rn_error *e, int rc);

/* Writes e and all that it wraps to a descriptor, a line each with place, task and details. */
RN_API void rn_error_print(const rn_error *e, int fd);

/* One holder more, who must give it back; returns e. */
RN_API rn_error *rn_error_ref(rn_error *e);
/* Gives a reference back; with the last one, e goes and its reference to what it wraps. */
RN_API void rn_error_unref(rn_error *e);

/* For channels of errors: gives back the reference that `element`, an rn_error **, holds. */
RN_API void rn_error_drop(void *element);

RN_EXTERN_C_END

#endif
