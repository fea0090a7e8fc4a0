/* SPDX-License-Identifier: MIT */
/*
 * A right program that uses what sanitizers may stumble over, in the library and on tasks' stacks:
 * elements of every size, received into fresh variables in each way; selects; memory that changes
 * hands; large and deep frames; a longjmp; helper threads, foreign threads and descriptors; timers,
 * contexts, stages. Every sanitizer must be silent. Says "right" and returns 0.
 */
#include <runnel.h>

#include <pthread.h>
#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define NEED(e) ((e) ? (void)0 : rn_panic(RN_HERE, "not so: " #e))

enum { N = 50 };

/* ---- elements of every size, received in every way ---- */

/* Each value is checked in a branch, which MSan looks at. */
#define WAYS(T, make, is)                                                                          \
    static int send_##T(rn_chan(T) c)                                                              \
    {                                                                                              \
        for (int i = 0; i < 7 * N; i++) {                                                          \
            T v = make;                                                                            \
            NEED(rn_send(c, v) == 0);                                                              \
        }                                                                                          \
        rn_close(c);                                                                               \
        return 0;                                                                                  \
    }                                                                                              \
    RN_TASK(send_##T, rn_chan(T));                                                                 \
    static void receive_##T(size_t cap)                                                            \
    {                                                                                              \
        rn_group *g = rn_group_new(NULL);                                                          \
        rn_chan(T) c = rn_make(g, T, cap);                                                         \
        rn_go(g, send_##T, c);                                                                     \
        for (int i = 0;;) {                                                                        \
            T a, d, e, f[3];                                                                       \
            bool ok;                                                                               \
            size_t got;                                                                            \
            if (rn_recv(c, &a) != 0)                                                               \
                break;                                                                             \
            NEED(is(a, i));                                                                        \
            i++;                                                                                   \
            while (rn_try_recv(c, &d) == -EAGAIN)                                                  \
                rn_yield();                                                                        \
            NEED(is(d, i));                                                                        \
            i++;                                                                                   \
            NEED(rn_recv_until(c, &d, rn_now() + RN_MINUTE) == 0);                                 \
            NEED(is(d, i));                                                                        \
            i++;                                                                                   \
            NEED(rn_select(RN_RECV(c, &e, &ok), RN_AFTER(RN_MINUTE)) == 0);                        \
            NEED(ok &&is(e, i));                                                                   \
            i++;                                                                                   \
            for (size_t k = 0; k < 3; k += got) {                                                  \
                NEED(rn_recv_n(c, f, 3 - k, &got) == 0);                                           \
                for (size_t m = 0; m < got; m++, i++)                                              \
                    NEED(is(f[m], i));                                                             \
            }                                                                                      \
        }                                                                                          \
        NEED(rn_group_wait(g) == 0);                                                               \
        rn_group_close(g);                                                                         \
    }

typedef char one;
typedef short two;
typedef int four;
typedef double eight;
typedef struct twelve {
    int a, b, c;
} twelve;
typedef struct large {
    int a;
    char rest[996];
} large;

#define IS_NUMBER(v, i) ((v) == (__typeof__(v))(i))
#define IS_STRUCT(v, i) ((v).a == (i))
WAYS(one, (one)i, IS_NUMBER)
WAYS(two, (two)i, IS_NUMBER)
WAYS(four, i, IS_NUMBER)
WAYS(eight, i, IS_NUMBER)
WAYS(twelve, ((twelve){ i, i, i }), IS_STRUCT)
WAYS(large, ((large){ .a = i }), IS_STRUCT)

static void sizes(void)
{
    for (size_t cap = 0; cap <= 5; cap += 5) {
        receive_one(cap);
        receive_two(cap);
        receive_four(cap);
        receive_eight(cap);
        receive_twelve(cap);
        receive_large(cap);
    }
}

/* ---- memory that changes hands ---- */

static int pass_on(rn_receiver(char *) in, rn_sender(char *) out)
{
    char *p;
    while (rn_recv(in, &p) == 0) {
        p[0]++;
        NEED(rn_send(out, p) == 0);
    }
    rn_close(out);
    return 0;
}
RN_TASK(pass_on, rn_receiver(char *), rn_sender(char *));

static int feed(rn_sender(char *) out)
{
    for (int i = 0; i < N; i++)
        NEED(rn_send(out, strdup("abc")) == 0);
    rn_close(out);
    return 0;
}
RN_TASK(feed, rn_sender(char *));

static void ownership(void)
{
    rn_group *g = rn_group_new(NULL);
    rn_chan(char *) a = rn_make(g, char *, 0), b = rn_make(g, char *, 2);
    rn_go(g, feed, rn_tx(a));
    rn_go(g, pass_on, rn_rx(a), rn_tx(b));
    char *p;
    int n = 0;
    while (rn_recv(b, &p) == 0) {
        NEED(strcmp(p, "bbc") == 0);
        free(p);
        n++;
    }
    NEED(n == N);
    rn_group_close(g);
}

/* ---- stacks ---- */

static __attribute__((noinline)) int deep(int n)
{
    volatile char frame[200];
    for (size_t i = 0; i < sizeof frame; i++)
        frame[i] = (char)n;
    if (n % 8 == 0)
        rn_yield();
    int below = n > 0 ? deep(n - 1) : 0;
    return below + frame[n] - (char)n + 1;
}

static jmp_buf nowhere;

static __attribute__((noinline)) void jump(jmp_buf *back)
{
    volatile char frame[300];
    memset((void *)frame, 1, sizeof frame);
    rn_sleep(10 * RN_MICROSECOND);
    longjmp(*back, frame[7]);
}

static int use_the_stack(int turn)
{
    NEED(deep(60) == 61);
    jmp_buf back;
    memcpy(&back, &nowhere, sizeof back);
    if (setjmp(back) == 0)
        jump(&back);
    char after[500];
    memset(after, turn, sizeof after);
    rn_yield();
    NEED(after[499] == (char)turn);
    return 0;
}
RN_TASK(use_the_stack, int);

static void stacks(void)
{
    rn_group *g = rn_group_new(NULL);
    for (int i = 0; i < N; i++)
        rn_go_with(g, (&(rn_attr){ .stack = i % 2 ? RN_STACK_LARGE : RN_STACK_DEFAULT }),
                   use_the_stack, i);
    NEED(rn_group_wait(g) == 0);
    rn_group_close(g);
}

/* ---- threads and descriptors ---- */

static int block(void *arg)
{
    int *p = arg;
    usleep(100);
    return (*p)++;
}

static int helpers(int *shared, rn_mutex *m)
{
    for (int i = 0; i < 5; i++) {
        NEED(rn_mutex_lock(m) == 0);
        int before = *shared;
        NEED(rn_blocking(block, shared) == before);
        NEED(*shared == before + 1);
        rn_mutex_unlock(m);
    }
    return 0;
}
RN_TASK(helpers, int *, rn_mutex *);

typedef struct foreign {
    rn_chan(int *) in, out;
    int value;
} foreign;

static void *foreign_main(void *arg)
{
    foreign *f = arg;
    int *p;
    while (rn_recv(f->in, &p) == 0) {
        *p += 1;
        f->value = *p;
        NEED(rn_send(f->out, p) == 0);
    }
    return NULL;
}

static int write_later(int fd)
{
    rn_sleep(100 * RN_MICROSECOND);
    NEED(write(fd, "ping", 4) == 4);
    return 0;
}
RN_TASK(write_later, int);

static void outside(void)
{
    rn_group *g = rn_group_new(NULL);
    int shared = 0, fds[2];
    rn_mutex m = { 0 };
    for (int i = 0; i < 4; i++)
        rn_go(g, helpers, &shared, &m);
    NEED(rn_group_wait(g) == 0 && shared == 20);

    foreign f = { .in = rn_make(g, int *, 0), .out = rn_make(g, int *, 1) };
    pthread_t t;
    NEED(pthread_create(&t, NULL, foreign_main, &f) == 0);
    for (int i = 0, v = 0, *p; i < N; i++) {
        NEED(rn_send(f.in, &v) == 0 && rn_recv(f.out, &p) == 0);
        NEED(*p == i + 1 && f.value == v);
    }
    rn_close(f.in);
    pthread_join(t, NULL);

    char word[5] = "";
    NEED(pipe(fds) == 0);
    rn_go(g, write_later, fds[1]);
    NEED(rn_fd_wait(fds[0], RN_READABLE, INT64_MAX) == (int)RN_READABLE);
    NEED(read(fds[0], word, 4) == 4 && strcmp(word, "ping") == 0);
    rn_go(g, write_later, fds[1]);
    unsigned ready;
    NEED(rn_select(RN_FD(fds[0], RN_READABLE, &ready), RN_AFTER(RN_MINUTE)) == 0);
    if (ready & RN_READABLE)
        NEED(read(fds[0], word, 4) == 4);
    NEED(rn_group_wait(g) == 0);
    close(fds[0]);
    close(fds[1]);
    rn_group_close(g);
}

/* ---- timers, contexts, stages ---- */

static int set(int *p)
{
    *p = 7;
    return 0;
}
RN_TASK(set, int *);

static int fail_with(int rc)
{
    return rc;
}
RN_TASK(fail_with, int);

static int *square(int *v)
{
    *v *= *v;
    rn_yield();
    return v;
}
RN_STAGE(square, int *, int *);

static void scopes(void)
{
    rn_group *g = rn_group_new(NULL);
    int value = 0, errors[3], items[N], *p, sum = 0;
    NEED(rn_timer_go(g, 50 * RN_MICROSECOND, set, &value));
    NEED(rn_group_wait(g) == 0);

    rn_ctx *c = rn_ctx_with_timeout(rn_group_ctx(g), 100 * RN_MICROSECOND);
    NEED(rn_wait(rn_ctx_done(c)) == -EPIPE && rn_ctx_err(c) == -ETIMEDOUT);
    rn_ctx_unref(c);

    rn_group *h = rn_group_new(NULL);
    rn_group_keep_going(h);
    rn_go(h, fail_with, -EIO);
    rn_go(h, fail_with, -EIO);
    NEED(rn_group_wait(h) == -EIO);
    NEED(rn_group_errors(h, errors, 3) == 2 && errors[0] == -EIO && errors[1] == -EIO);
    rn_group_close(h);

    rn_chan(int *) in = rn_make(g, int *, N);
    for (int i = 0; i < N; i++) {
        items[i] = i;
        NEED(rn_send(in, &items[i]) == 0);
    }
    rn_close(in);
    rn_receiver(int *) out = rn_parallel_map(g, rn_rx(in), 3, square);
    while (rn_recv(out, &p) == 0)
        sum += *p;
    NEED(sum == (N - 1) * N * (2 * N - 1) / 6);
    rn_group_close(g);
}

static int start(rn_group *g, void *arg)
{
    (void)g;
    (void)arg;
    sizes();
    ownership();
    stacks();
    outside();
    scopes();
    return 0;
}

int main(void)
{
    int rc = rn_run(start, NULL);
    if (rc == 0)
        puts("right");
    return rc ? 1 : 0;
}
