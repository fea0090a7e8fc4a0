/* SPDX-License-Identifier: MIT */
/*
 * How a call that can fail is put in front of the real one; the call_*.c have them by what they are
 * about, site.c tells why and when one fails.
 *
 * A call that fails here does what the system does in that case: nothing but return the error,
 * except that close still closes (Linux), a connect that was interrupted goes on, and a connection
 * that accept lost is gone. What a call that succeeds has given to the program is noted (live.c).
 *
 * Left alone, because they cannot fail as they are used: waking a futex, clock_gettime, munmap of
 * whole mappings, pthread_join, getenv, free.
 */
#ifndef FAULTS_CALL_H
#define FAULTS_CALL_H

#include <dlfcn.h>
#include <errno.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include "fault.h"
#include "live.h"

#pragma GCC diagnostic ignored "-Wmissing-prototypes" /* libcurl's, and old names of libc's */
#pragma GCC diagnostic ignored "-Wpedantic" /* a data pointer of dlsym's made a function */

/* The function of this name that comes behind us. Its address is looked up once. */
#define REAL(name) ((__typeof__(&name))fault_real(&real_##name, #name))
#define DECLARE(name) static _Atomic(void *) real_##name

static inline void *fault_real(_Atomic(void *) *cache, const char *name)
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

#define CALLER __builtin_return_address(0)
#define FAULT(name, kind) fault_code(name, kind, CALLER)

/* Fails with errno set and the result bad; took is done with a result p that is not bad. */
#define TAKING(type, name, kind, bad, params, args, took)                                          \
    DECLARE(name);                                                                                 \
    type name params                                                                               \
    {                                                                                              \
        int code = FAULT(#name, kind);                                                             \
        if (code) {                                                                                \
            errno = code;                                                                          \
            return bad;                                                                            \
        }                                                                                          \
        type result = REAL(name) args;                                                             \
        if (result != (bad)) {                                                                     \
            took;                                                                                  \
        }                                                                                          \
        return result;                                                                             \
    }

#define PLAIN(type, name, kind, bad, params, args) TAKING(type, name, kind, bad, params, args, )

/* A descriptor is returned. */
#define OPENING(name, kind, params, args)                                                          \
    TAKING(int, name, kind, -1, params, args, live_descriptor(result, #name, kind, CALLER))

/* Returns the code itself. */
#define CODE(type, name, kind, params, args)                                                       \
    DECLARE(name);                                                                                 \
    type name params                                                                               \
    {                                                                                              \
        int code = FAULT(#name, kind);                                                             \
        return code ? (type)code : REAL(name) args;                                                \
    }

#endif
