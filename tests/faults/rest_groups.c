/* SPDX-License-Identifier: MIT */
/* Parts of rest.c: groups, contexts, what channels drop, and many tasks. */
#include <runnel.h>

#include <errno.h>
#include <stdatomic.h>
#include <stdio.h>

#include "rest.h"

static void note(void *arg)
{
    ++*(int *)arg;
}

static int add_one(_Atomic(int) *n)
{
    atomic_fetch_add(n, 1);
    return 0;
}
RN_TASK(add_one, _Atomic(int) *);

int rest_scopes(rn_group *g, void *unused)
{
    (void)unused;
    static _Atomic(int) n;
    int noted = 0;
    rn_group *h = rn_group_new(NULL);
    rn_ctx *root = rn_ctx_with_cancel(rn_group_ctx(g));
    rn_ctx *apart = root ? rn_ctx_without_cancel(root) : NULL;
    int rc = h && apart ? rn_group_limit(h, 2) : -ENOMEM;
    if (rc == 0)
        rc = rn_group_defer(h, note, &noted);
    rn_ctx_func *f = rc == 0 ? rn_ctx_after_func(root, h, add_one, &n) : NULL;
    if (rc == 0 && !f)
        rc = -ENOMEM;
    for (int i = 0; i < 5 && rc == 0; i++)
        rc = rn_go(h, add_one, &n);
    if (rc == 0) {
        rn_ctx_cancel(root, 0);
        while (atomic_load(&n) < 6 && rc == 0)
            rc = rn_sleep(RN_MILLISECOND);
    }
    int ended = rc ? rc : rn_group_wait(h);
    rn_group_close(h);
    rn_ctx_unref(apart);
    rn_ctx_unref(root);
    rc = rc ? rc : ended;
    if (rc == 0)
        printf("%d %d\n", atomic_load(&n), noted);
    return rc;
}

typedef struct large {
    char bytes[2048]; /* more than is dropped from the stack */
} large;

static _Atomic(int) dropped;

static void drop(void *element)
{
    (void)element;
    atomic_fetch_add(&dropped, 1);
}

int rest_discards(rn_group *g, void *unused)
{
    (void)unused;
    rn_chan(large) c = rn_make_drop(g, large, 4, drop);
    static const large zeros;
    int rc = c ? 0 : -ENOMEM;
    for (int i = 0; i < 4 && rc == 0; i++)
        rc = rn_send(c, zeros);
    if (rc == 0)
        rc = rn_wait(c);
    if (rc == 0)
        rc = rn_select([0] = RN_DONE(c));
    if (rc == 0)
        printf("%d\n", atomic_load(&dropped));
    return rc;
}

static int wait_for_all(rn_receiver(rn_unit) go, _Atomic(int) *n)
{
    int rc = rn_wait(go);
    atomic_fetch_add(n, 1);
    return rc == -EPIPE ? 0 : rc;
}
RN_TASK(wait_for_all, rn_receiver(rn_unit), _Atomic(int) *);

/* More than fit into the warm stacks and the first run queue, and pinned ones. */
int rest_crowd(rn_group *g, void *unused)
{
    (void)unused;
    enum { MANY = 10000, PINNED = 100 };
    static _Atomic(int) n;
    static const rn_attr small = { .stack = RN_STACK_SMALL }, pin = { .pin = true };
    rn_group *h = rn_group_new(NULL);
    rn_chan(rn_unit) go = rn_make(g, rn_unit, 0);
    int rc = h && go ? 0 : -ENOMEM;
    for (int i = 0; i < MANY && rc == 0; i++)
        rc = rn_go_with(h, &small, wait_for_all, rn_rx(go), &n);
    for (int i = 0; i < PINNED && rc == 0; i++)
        rc = rn_go_with(h, &pin, wait_for_all, rn_rx(go), &n);
    if (rc == 0)
        rc = rn_sleep(20 * RN_MILLISECOND);
    if (go)
        rn_close(go);
    int ended = h ? rn_group_wait(h) : 0;
    rn_group_close(h);
    rc = rc ? rc : ended;
    if (rc == 0)
        printf("%d\n", atomic_load(&n));
    return rc;
}
