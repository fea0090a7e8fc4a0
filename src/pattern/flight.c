/* SPDX-License-Identifier: MIT */
/*
 * Singleflight: calls under way, by key, in a table of chains.
 *
 * The first caller of a key makes the call; the others wait for its `over` to be closed and copy
 * the result. A call leaves the table when it has returned or was forgotten, and its memory goes
 * with the last of those who came for it.
 *
 * Who gets the result is settled when the leader sets `ended`: a follower that has been cancelled
 * and leaves before that is no longer counted, and one that finds it set takes the result even if
 * its wait was cancelled meanwhile. So `shared` is exact for all of them.
 *
 * Locks: the flight's lock protects the chains and, of each call, `refs`, `listed`, `followers` and
 * `ended`. It is taken alone. The rest is written by the leader before it sets `ended`, and read by
 * those who have found it set.
 */
#include <runnel/scale.h>
#include <runnel/scope.h>

#include <string.h>

#include "sync/chan.h"

typedef struct call {
    struct call *next;
    size_t refs, followers;
    bool listed, ended;
    bool again; /* the leader was cancelled: this is no result */
    int rc;
    rn_channel *over;
    size_t size;
    char *result; /* behind the key */
    char key[];
} call;

static rni_lock *lock_of(rn_flight *f)
{
    return (rni_lock *)(void *)&f->lock_;
}

/* The chain of a key, by FNV-1a (Fowler, Noll and Vo). */
static void **chain_of(rn_flight *f, const char *key)
{
    uint32_t hash = 2166136261U;
    for (; *key; key++)
        hash = (hash ^ (unsigned char)*key) * 16777619U;
    return &f->calls_[(hash >> 16 ^ hash) % (sizeof f->calls_ / sizeof f->calls_[0])];
}

/* ---- calls; under the lock ---- */

static call *find(rn_flight *f, const char *key)
{
    call *c = *chain_of(f, key);
    while (c && strcmp(c->key, key) != 0)
        c = c->next;
    return c;
}

static void enlist(rn_flight *f, call *c)
{
    void **chain = chain_of(f, c->key);
    c->next = *chain;
    c->listed = true;
    *chain = c;
}

static void delist(rn_flight *f, call *c)
{
    void **chain = chain_of(f, c->key);
    if (!c->listed)
        return;
    c->listed = false;
    if (*chain == c) {
        *chain = c->next;
        return;
    }
    call *before = *chain;
    while (before->next != c)
        before = before->next;
    before->next = c->next;
}

/* ---- life ---- */

static call *make_call(const char *key, size_t size, const char *site)
{
    size_t length = strlen(key) + 1;
    call *c = rni_os_alloc(sizeof *c + length + size);
    if (c && !(c->over = rni_channel_make(0, 1, 0, NULL, site))) {
        rni_os_free(c);
        c = NULL;
    }
    if (!c)
        return NULL;
    c->refs = 1;
    c->size = size;
    memcpy(c->key, key, length);
    c->result = c->key + length;
    return c;
}

static void free_call(call *c)
{
    rni_channel_release(c->over);
    rni_os_free(c);
}

static void leave(rn_flight *f, call *c)
{
    rni_lock_take(lock_of(f));
    bool last = --c->refs == 0;
    rni_unlock(lock_of(f));
    if (last)
        free_call(c);
}

/* A follower's wait is over: whether it gets the result. */
static bool gets_result(rn_flight *f, call *c)
{
    rni_lock_take(lock_of(f));
    bool ended = c->ended;
    if (!ended)
        c->followers--;
    rni_unlock(lock_of(f));
    return ended && !c->again;
}

/* ---- the two parts ---- */

/* Makes the call. */
static int lead(rn_flight *f, call *c, int (*fn)(void *arg, void *result), void *arg, void *result,
                bool *shared)
{
    int rc = fn(arg, result);
    c->rc = rc;
    c->again = rc == -ECANCELED && rn_cancelled() != 0;
    if (rc >= 0)
        memcpy(c->result, result, c->size);
    rni_lock_take(lock_of(f));
    delist(f, c);
    c->ended = true;
    *shared = c->followers > 0 && !c->again;
    rni_unlock(lock_of(f));
    rni_channel_close_once(c->over);
    leave(f, c);
    return rc;
}

/* Waits for another's; *again tells that it has to be made again. */
static int follow(rn_flight *f, call *c, void *result, bool *shared, bool *again, const char *site)
{
    int rc = rn_channel_recv(c->over, NULL, site);
    *shared = gets_result(f, c);
    *again = rc == -EPIPE && !*shared;
    if (*shared) {
        rc = c->rc;
        if (rc >= 0)
            memcpy(result, c->result, c->size);
    }
    leave(f, c);
    return rc;
}

int rn_flight_call(rn_flight *flight, const char *key, int (*fn)(void *arg, void *result),
                   void *arg, void *result, size_t size, bool *shared, const char *site)
{
    bool unwanted;
    if (!shared)
        shared = &unwanted;
    for (;;) {
        *shared = false;
        RNI_WROTE(shared, sizeof *shared);
        if (rni_refused_at_entry(rni_current()) != 0)
            return -ECANCELED;
        call *own = make_call(key, size, site), *c;
        if (!own)
            return -ENOMEM;
        rni_lock_take(lock_of(flight));
        c = find(flight, key);
        if (c) {
            c->refs++;
            c->followers++;
        } else {
            enlist(flight, own);
        }
        rni_unlock(lock_of(flight));
        if (!c)
            return lead(flight, own, fn, arg, result, shared);
        free_call(own);
        if (c->size != size)
            rni_panic(site, "rn_flight_do: results of %zu and of %zu bytes for key %s", c->size,
                      size, key);
        bool again;
        int rc = follow(flight, c, result, shared, &again, site);
        if (!again)
            return rc;
    }
}

void rn_flight_forget(rn_flight *flight, const char *key)
{
    rni_lock_take(lock_of(flight));
    call *c = find(flight, key);
    if (c)
        delist(flight, c);
    rni_unlock(lock_of(flight));
}
