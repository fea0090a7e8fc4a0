/* SPDX-License-Identifier: MIT */
/*
 * Bugs of the kinds that concurrent programs really have, for the simulated scheduler to find. Run
 * as they are, on real workers, all but late_add end well: 0 of 30 times each showed the bug.
 *
 *     planted NAME       the program with its bug
 *     planted NAME -     the same, mended
 *     planted            names them, with how many seeds each strategy may take (planted.py)
 *
 * Each is an ordinary program of rn_run; it does not know that it is simulated.
 */
#include <runnel.h>

#undef NDEBUG /* one of the bugs is an assertion, in a release build, too */
#include <assert.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool mended;

/* ---- locks in two orders ---- */

static int move_money(rn_mutex *from, rn_mutex *to, int *a, int *b)
{
    int rc = rn_mutex_lock(from);
    if (rc)
        return rc;
    rc = rn_mutex_lock(to);
    if (rc == 0) {
        --*a, ++*b;
        rn_mutex_unlock(to);
    }
    rn_mutex_unlock(from);
    return rc;
}
RN_TASK(move_money, rn_mutex *, rn_mutex *, int *, int *);

static int lock_order(rn_group *g, void *arg)
{
    (void)arg;
    static rn_mutex a, b;
    static int in_a, in_b;
    rn_go(g, move_money, &a, &b, &in_a, &in_b);
    if (mended)
        rn_go(g, move_money, &a, &b, &in_b, &in_a);
    else
        rn_go(g, move_money, &b, &a, &in_b, &in_a);
    return 0;
}

/* ---- read under one lock, written under the next ---- */

static int balance;

static int pay_in(rn_mutex *m)
{
    int rc = rn_mutex_lock(m), seen = balance;
    if (rc == 0 && !mended) {
        rn_mutex_unlock(m);
        rc = rn_mutex_lock(m);
    }
    if (rc)
        return rc;
    balance = seen + 1;
    rn_mutex_unlock(m);
    return 0;
}
RN_TASK(pay_in, rn_mutex *);

static int lost_update(rn_group *g, void *arg)
{
    (void)arg;
    (void)g;
    rn_mutex m = { 0 };
    rn_group *h = rn_group_new(NULL);
    for (int i = 0; i < 2; i++)
        rn_go(h, pay_in, &m);
    int rc = rn_group_wait(h);
    rn_group_close(h);
    return rc ? rc : balance == 2 ? 0 : -EBADMSG;
}

/* ---- a signal that comes before the wait ---- */

typedef struct box {
    rn_mutex m;
    rn_cond filled;
    bool full;
} box;

static int fill(box *b)
{
    int rc = rn_mutex_lock(&b->m);
    if (rc)
        return rc;
    b->full = true;
    rn_mutex_unlock(&b->m);
    rn_cond_signal(&b->filled);
    return 0;
}
RN_TASK(fill, box *);

static int empty(box *b)
{
    int rc = rn_mutex_lock(&b->m);
    while (rc == 0 && (!mended || !b->full)) {
        rc = rn_cond_wait(&b->filled, &b->m);
        if (!mended)
            break;
    }
    if (rc == 0)
        rn_mutex_unlock(&b->m);
    return rc;
}
RN_TASK(empty, box *);

static int lost_signal(rn_group *g, void *arg)
{
    (void)arg;
    static box b;
    rn_go(g, empty, &b);
    rn_go(g, fill, &b);
    return 0;
}

/* ---- a channel that two close ---- */

static int finish(rn_sender(int) out, rn_mutex *m, int *left)
{
    int rc = mended ? rn_mutex_lock(m) : 0;
    if (rc)
        return rc;
    bool last = --*left == 0;
    if (mended)
        rn_mutex_unlock(m);
    else
        last = *left <= 1 && rn_task_count() < 3; /* "we are the last" */
    if (last)
        rn_close(out);
    return 0;
}
RN_TASK(finish, rn_sender(int), rn_mutex *, int *);

static int double_close(rn_group *g, void *arg)
{
    (void)arg;
    static rn_mutex m;
    static int left = 2;
    rn_chan(int) c = rn_make(g, int, 0);
    rn_go(g, finish, rn_tx(c), &m, &left);
    rn_go(g, finish, rn_tx(c), &m, &left);
    int rc = rn_wait(c);
    return rc == -EPIPE ? 0 : rc;
}

/* ---- a worker that closes what others still send to ---- */

static int produce(rn_sender(int) out, int n, rn_waitgroup *done)
{
    int rc = 0;
    for (int i = 0; i < n && rc == 0; i++)
        rc = rn_send(out, i);
    rn_waitgroup_done(done);
    if (!mended && n == 3) /* it has the most to do, so it is the last */
        rn_close(out);
    return rc;
}
RN_TASK(produce, rn_sender(int), int, rn_waitgroup *);

static int close_after(rn_sender(int) out, rn_waitgroup *done)
{
    int rc = rn_waitgroup_wait(done);
    rn_close(out);
    return rc;
}
RN_TASK(close_after, rn_sender(int), rn_waitgroup *);

static int early_close(rn_group *g, void *arg)
{
    (void)arg;
    static rn_waitgroup done;
    rn_chan(int) c = rn_make(g, int, 1);
    rn_waitgroup_add(&done, 2);
    rn_go(g, produce, rn_tx(c), 3, &done);
    rn_go(g, produce, rn_tx(c), 1, &done);
    if (mended)
        rn_go(g, close_after, rn_tx(c), &done);
    int n = 0;
    while (rn_wait(c) == 0)
        n++;
    return n == 4 ? 0 : -EBADMSG;
}

/* ---- a look before a receive ---- */

static int take_if_there(rn_receiver(int) in, int *taken)
{
    int v, rc = 0;
    if (mended)
        rc = rn_try_recv(in, &v);
    else if (rn_len(in) > 0)
        rc = rn_recv(in, &v);
    *taken += rc == 0;
    return rc == -EAGAIN ? 0 : rc;
}
RN_TASK(take_if_there, rn_receiver(int), int *);

static int check_then_act(rn_group *g, void *arg)
{
    (void)arg;
    static int taken[2];
    rn_chan(int) c = rn_make(g, int, 1);
    int rc = rn_send(c, 1);
    rn_go(g, take_if_there, rn_rx(c), &taken[0]);
    rn_go(g, take_if_there, rn_rx(c), &taken[1]);
    return rc;
}

/* ---- a wait group that is raised too late ---- */

static int count_in_task(rn_waitgroup *wg, rn_sender(int) begun, _Atomic(int) *done)
{
    if (!mended)
        rn_waitgroup_add(wg, 1);
    int rc = rn_send(begun, 1);
    atomic_fetch_add(done, 1);
    rn_waitgroup_done(wg);
    return rc;
}
RN_TASK(count_in_task, rn_waitgroup *, rn_sender(int), _Atomic(int) *);

static int late_add(rn_group *g, void *arg)
{
    (void)arg;
    static rn_waitgroup wg;
    static _Atomic(int) done;
    rn_chan(int) begun = rn_make(g, int, 3);
    for (int i = 0; i < 3; i++) {
        if (mended)
            rn_waitgroup_add(&wg, 1);
        rn_go(g, count_in_task, &wg, rn_tx(begun), &done);
    }
    int rc = rn_wait(begun);
    if (rc == 0)
        rc = rn_wait(begun); /* "they have all begun by now" */
    if (rc == 0)
        rc = rn_waitgroup_wait(&wg);
    return rc ? rc : atomic_load(&done) == 3 ? 0 : -EBADMSG;
}

/* ---- an answer that nobody waits for any more ---- */

static int answer(rn_sender(int) out, int64_t ns)
{
    int rc = rn_sleep(ns);
    return rc ? rc : rn_send(out, 42);
}
RN_TASK(answer, rn_sender(int), int64_t);

static int late_answer(rn_group *g, void *arg)
{
    (void)arg;
    int v;
    rn_chan(int) c = rn_make(g, int, mended ? 1 : 0);
    rn_go(g, answer, rn_tx(c), RN_SECOND);
    int rc = rn_select(RN_RECV(c, &v, NULL), RN_AFTER(RN_SECOND));
    return rc < 0 ? rc : 0; /* at that instant either may have come */
}

/* ---- a permit that is not given back ---- */

static int work_with_permit(rn_semaphore *s, rn_sender(int) begun, rn_receiver(rn_unit) stop)
{
    int rc = rn_semaphore_acquire(s, 1);
    if (rc == 0)
        rc = rn_send(begun, 1);
    if (rc)
        return rc;
    rc = rn_select(RN_DONE(stop), RN_DEFAULT);
    if (rc == 0 && !mended)
        return 0; /* told to stop */
    rn_semaphore_release(s, 1);
    return rc < 0 ? rc : 0;
}
RN_TASK(work_with_permit, rn_semaphore *, rn_sender(int), rn_receiver(rn_unit));

static int lost_permit(rn_group *g, void *arg)
{
    (void)arg;
    static rn_semaphore s;
    rn_semaphore_release(&s, 1);
    rn_chan(rn_unit) stop = rn_make(g, rn_unit, 0);
    rn_chan(int) begun = rn_make(g, int, 2);
    rn_group *h = rn_group_new(NULL);
    rn_go(h, work_with_permit, &s, rn_tx(begun), rn_rx(stop));
    rn_go(h, work_with_permit, &s, rn_tx(begun), rn_rx(stop));
    int rc = rn_wait(begun);
    rn_close(stop);
    if (rc == 0)
        rc = rn_group_wait(h);
    rn_group_close(h);
    return rc;
}

/* ---- results that have always come in one order ---- */

static int number(rn_sender(int) out, int i)
{
    return rn_send(out, i);
}
RN_TASK(number, rn_sender(int), int);

static int assumed_order(rn_group *g, void *arg)
{
    (void)arg;
    rn_chan(int) c = rn_make(g, int, 3);
    int seen = 0;
    for (int i = 0; i < 3; i++)
        rn_go(g, number, rn_tx(c), i);
    for (int i = 0, v; i < 3; i++) {
        int rc = rn_recv(c, &v);
        if (rc)
            return rc;
        if (mended)
            seen |= 1 << v;
        else
            assert(v == (i + 2) % 3); /* "the last that was started always comes first" */
    }
    return !mended || seen == 7 ? 0 : -EBADMSG;
}

/* ---- philosophers ---- */

enum { SEATS = 3 };

static int dine(rn_mutex *left, rn_mutex *right)
{
    for (int i = 0; i < 2; i++) {
        int rc = rn_mutex_lock(left);
        if (rc)
            return rc;
        rc = rn_mutex_lock(right);
        if (rc == 0)
            rn_mutex_unlock(right);
        rn_mutex_unlock(left);
        if (rc)
            return rc;
    }
    return 0;
}
RN_TASK(dine, rn_mutex *, rn_mutex *);

static int philosophers(rn_group *g, void *arg)
{
    (void)arg;
    static rn_mutex forks[SEATS];
    for (int i = 0; i < SEATS; i++) {
        rn_mutex *a = &forks[i], *b = &forks[(i + 1) % SEATS];
        if (mended && i == SEATS - 1)
            rn_go(g, dine, b, a);
        else
            rn_go(g, dine, a, b);
    }
    return 0;
}

/* ---- a flag that is set before what it stands for ---- */

typedef struct config {
    rn_mutex m;
    bool ready;
    char *name;
} config;

static int load(config *c)
{
    int rc = mended ? rn_mutex_lock(&c->m) : 0;
    if (rc)
        return rc;
    if (!c->ready) {
        c->ready = true;
        (void)rn_sleep(0); /* reads a file */
        c->name = (char[]){ "runnel" };
    }
    bool ok = c->name != NULL;
    if (mended)
        rn_mutex_unlock(&c->m);
    return ok ? 0 : -EFAULT;
}
RN_TASK(load, config *);

static int half_made(rn_group *g, void *arg)
{
    (void)arg;
    (void)g;
    static config c;
    rn_group *h = rn_group_new(NULL);
    rn_go(h, load, &c);
    rn_go(h, load, &c);
    int rc = rn_group_wait(h);
    rn_group_close(h);
    return rc;
}

/* ---- a message that is read as if it came in one piece ---- */

static int read_message(rn_conn *c, char *to, size_t n)
{
    size_t done = 0;
    do {
        int64_t got = rn_conn_read(c, to + done, n - done, RN_FOREVER);
        if (got <= 0)
            return got == 0 ? -ENODATA : (int)got;
        done += (size_t)got;
    } while (mended && done < n);
    return 0;
}

static int answer_one(rn_listener *l)
{
    rn_conn *c;
    char request[12] = { 0 };
    int rc = rn_tcp_accept(l, RN_FOREVER, &c);
    if (rc)
        return rc;
    rc = read_message(c, request, sizeof request);
    if (rc == 0)
        rc = memcmp(request, "account 0042", sizeof request) == 0
                 ? rn_conn_write(c, "ok", 2, RN_FOREVER, NULL)
                 : -EPROTO;
    rn_conn_close(c);
    return rc;
}
RN_TASK(answer_one, rn_listener *);

static int whole_message(rn_group *g, void *arg)
{
    (void)arg;
    rn_listener *l;
    rn_conn *c;
    char reply[2];
    int rc = rn_tcp_listen("127.0.0.1", 0, &l);
    if (rc)
        return rc;
    rn_go(g, answer_one, l);
    rc = rn_tcp_dial("127.0.0.1", rn_listener_port(l), RN_FOREVER, &c);
    if (rc == 0) {
        rc = rn_conn_write(c, "account 0042", 12, RN_FOREVER, NULL);
        if (rc == 0)
            rc = read_message(c, reply, sizeof reply);
        rn_conn_close(c);
    }
    rn_listener_close(l);
    return rc;
}

/* ---- the table ---- */

static const struct bug {
    const char *name;
    int (*program)(rn_group *g, void *arg);
    int seeds[3]; /* at most, for random, pct and exhaustive */
} bugs[] = {
    { "lock_order", lock_order, { 50, 50, 100 } },
    { "lost_update", lost_update, { 50, 50, 100 } },
    { "lost_signal", lost_signal, { 50, 50, 100 } },
    { "double_close", double_close, { 50, 50, 100 } },
    { "early_close", early_close, { 50, 50, 100 } },
    { "check_then_act", check_then_act, { 50, 50, 100 } },
    { "late_add", late_add, { 50, 50, 100 } },
    { "late_answer", late_answer, { 50, 50, 100 } },
    { "lost_permit", lost_permit, { 50, 50, 100 } },
    { "assumed_order", assumed_order, { 50, 50, 100 } },
    { "philosophers", philosophers, { 50, 50, 500 } },
    { "half_made", half_made, { 50, 50, 100 } },
    { "whole_message", whole_message, { 50, 50, 100 } },
};

int main(int argc, char **argv)
{
    for (size_t i = 0; i < sizeof bugs / sizeof *bugs; i++) {
        if (argc < 2)
            printf("%s %d %d %d\n", bugs[i].name, bugs[i].seeds[0], bugs[i].seeds[1],
                   bugs[i].seeds[2]);
        else if (strcmp(argv[1], bugs[i].name) == 0) {
            mended = argc > 2;
            int rc = rn_run(bugs[i].program, NULL);
            return rc == 0 ? 0 : 1;
        }
    }
    return argc < 2 ? 0 : 64;
}
