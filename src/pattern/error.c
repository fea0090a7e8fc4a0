/* SPDX-License-Identifier: MIT */
/*
 * Error values. One allocation an error: behind the record are the message and the name of the
 * task, which may be gone first. Details are a list, since there are few. Each error holds one
 * reference on what it wraps.
 */
#include <errno.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <runnel/error.h>
#include <runnel/task.h>

#include "base/refs.h"
#include "base/say.h"
#include "os/os.h"

typedef struct detail {
    struct detail *next;
    char *value; /* behind the key */
    char key[];
} detail;

struct rn_error {
    _Atomic(long) refs; /* of the constant error: 0, and stays so */
    int rc;
    rn_error *cause;
    const char *site;
    const char *task;
    detail *details;
    char message[];
};

/* A flexible array cannot be initialised by the standard's rules, so the constant has no text. */
static rn_error no_memory = { .rc = -ENOMEM, .site = "?", .task = "?" };

rn_error *rn_error_make(rn_error *cause, int rc, const char *site, const char *format, ...)
{
    va_list ap;
    va_start(ap, format);
    int length = vsnprintf(NULL, 0, format, ap);
    va_end(ap);
    const char *name = rn_name();
    size_t name_size = strlen(name) + 1;
    rn_error *e = length < 0 ? NULL : rni_os_alloc(sizeof *e + (size_t)length + 1 + name_size);
    if (!e) {
        rn_error_unref(cause);
        return &no_memory;
    }
    va_start(ap, format);
    vsnprintf(e->message, (size_t)length + 1, format, ap);
    va_end(ap);
    atomic_store_explicit(&e->refs, 1, memory_order_relaxed);
    e->rc = rc < 0 ? rc : cause ? cause->rc : -EINVAL; /* an error is always negative */
    e->cause = cause;
    e->site = site;
    e->task = memcpy(e->message + length + 1, name, name_size);
    return e;
}

int rn_error_set(rn_error *e, const char *key, const char *value)
{
    if (e == &no_memory)
        return -ENOMEM;
    size_t key_size = strlen(key) + 1, value_size = strlen(value) + 1;
    detail *d = rni_os_alloc(sizeof *d + key_size + value_size);
    if (!d)
        return -ENOMEM;
    memcpy(d->key, key, key_size);
    d->value = d->key + key_size;
    memcpy(d->value, value, value_size);
    for (detail **at = &e->details; *at; at = &(*at)->next) {
        detail *old = *at;
        if (strcmp(old->key, key) == 0) {
            *at = old->next;
            rni_os_free(old);
            break;
        }
    }
    d->next = e->details;
    e->details = d;
    return 0;
}

const char *rn_error_get(const rn_error *e, const char *key)
{
    for (; e; e = e->cause)
        for (const detail *d = e->details; d; d = d->next)
            if (strcmp(d->key, key) == 0)
                return d->value;
    return NULL;
}

int rn_error_rc(const rn_error *e)
{
    return e ? e->rc : 0;
}

const char *rn_error_message(const rn_error *e)
{
    if (e == &no_memory)
        return "out of memory";
    return e ? e->message : NULL;
}

const rn_error *rn_error_cause(const rn_error *e)
{
    return e ? e->cause : NULL;
}

bool rn_error_is(const rn_error *e, int rc)
{
    for (; e; e = e->cause)
        if (e->rc == rc)
            return true;
    return false;
}

static void put(int fd, const char *text)
{
    if (text)
        rni_say(fd, text, strlen(text));
}

static void print_one(const rn_error *e, int fd, const char *prefix)
{
    put(fd, prefix);
    put(fd, rn_error_message(e));
    put(fd, " (");
    put(fd, rn_strerror(e->rc));
    put(fd, ") at ");
    put(fd, e->site);
    put(fd, " in task ");
    put(fd, e->task);
    for (const detail *d = e->details; d; d = d->next) {
        put(fd, ", ");
        put(fd, d->key);
        put(fd, "=");
        put(fd, d->value);
    }
    put(fd, "\n");
}

void rn_error_print(const rn_error *e, int fd)
{
    int saved = rni_os_error();
    for (const char *prefix = ""; e; e = e->cause, prefix = "  because: ")
        print_one(e, fd, prefix);
    rni_os_set_error(saved);
}

rn_error *rn_error_ref(rn_error *e)
{
    if (e && e != &no_memory)
        atomic_fetch_add_explicit(&e->refs, 1, memory_order_relaxed);
    return e;
}

void rn_error_unref(rn_error *e)
{
    while (e && e != &no_memory && RNI_LEAVES_NONE(&e->refs)) {
        rn_error *cause = e->cause;
        for (detail *d = e->details, *next; d; d = next) {
            next = d->next;
            rni_os_free(d);
        }
        rni_os_free(e);
        e = cause;
    }
}

void rn_error_drop(void *element)
{
    rn_error_unref(*(rn_error **)element);
}
