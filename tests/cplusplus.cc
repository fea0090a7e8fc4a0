/* SPDX-License-Identifier: MIT */
/*
 * C++ may use every macro that it can see. tools/check-headers.sh compiles this file in each
 * standard, and fails if a macro is missing here. The program runs, too (house/cplusplus).
 */
#include <cstdio>
#include <cstring>

#include <runnel.h>

static_assert(RN_MINUTE == 60 * RN_SECOND && RN_HOUR == 60 * RN_MINUTE, "durations");
static_assert(RN_SECOND == 1000 * RN_MILLISECOND && RN_MILLISECOND == 1000 * RN_MICROSECOND, "");
static_assert(RN_MICROSECOND == 1000 * RN_NANOSECOND && RN_FOREVER > RN_HOUR, "durations");
static_assert(sizeof(RN_VERSION) > 1 && sizeof(RN_HERE) > 1 && RN_TEST_START > 0, "constants");

static rn_limiter rate = RN_LIMITER(10, RN_SECOND, 3);
static rn_semaphore permits = RN_SEMAPHORE_INIT(2);
static rn_mutex mutex;
static rn_rwmutex rwmutex;
static rn_waitgroup waitgroup;
static rn_once once;
static rn_cond cond;
static int failures;

static void check(bool ok, const char *what, const char *site)
{
    if (!ok)
        failures += std::printf("%s: not so: %s\n", site, what) > 0;
}
#define CHECK(e) check((e), #e, RN_HERE)

static int add(void *arg)
{
    return ++*static_cast<int *>(arg);
}

static void add_once(void *arg)
{
    ++*static_cast<int *>(arg);
}

static void locks(int *n)
{
    CHECK(rn_mutex_lock(&mutex) == 0);
    rn_cond_signal(&cond);
    rn_mutex_unlock(&mutex);
    CHECK(rn_rwmutex_lock(&rwmutex) == 0);
    rn_rwmutex_unlock(&rwmutex);
    CHECK(rn_rwmutex_rlock(&rwmutex) == 0);
    rn_rwmutex_runlock(&rwmutex);
    rn_waitgroup_add(&waitgroup, 1);
    rn_waitgroup_done(&waitgroup);
    CHECK(rn_waitgroup_wait(&waitgroup) == 0);
    CHECK(rn_once_do(&once, add_once, n) == 0 && rn_once_do(&once, add_once, n) == 0 && *n == 1);
    CHECK(rn_semaphore_acquire(&permits, 2) == 0);
    CHECK(rn_blocking(add, n) == 2);
}

static void limits()
{
    rn_limiter *both[] = { &rate, &rate };
    CHECK(rn_limiter_wait(&rate, 1) == 0);
    CHECK(rn_limiter_wait_until(&rate, 4, rn_now() + RN_SECOND) == -ERANGE);
    CHECK(rn_limiter_wait_all(both, 2, 1) == 0);
}

static void values()
{
    CHECK(rn_any_int(rn_any_of_int(1)) == 1 && rn_any_double(rn_any_of_double(0.5)) > 0);
    CHECK(std::strcmp(rn_any_string(rn_any_of_string("x")), "x") == 0);
    CHECK(rn_any_pointer(rn_any_of_pointer(&rate)) == &rate);
    RN_RESULT(int) result;
    result.rc = -EIO;
    result.value = 0;
    rn_error *e = rn_error_new(result.rc, "number %d", result.value);
    e = rn_error_wrap(e, -EINVAL, "%s", "outer");
    CHECK(rn_error_is(e, -EIO));
    rn_error_unref(e);
}

/* What RN_TASK makes for C: a function that takes a pointer to its arguments. */
static int sender(void *args)
{
    rn_channel *out = *static_cast<rn_channel **>(args);
    int v = 42;
    return rn_channel_send(out, &v, RN_HERE);
}

static void channels(rn_group *g)
{
    rn_group *mine = rn_group_new(NULL);
    rn_channel *c = rn_channel_new(mine, sizeof(int), alignof(int), 0, NULL, RN_HERE);
    CHECK(rn_group_go(mine, sender, &c, sizeof c, NULL, "sender", RN_HERE) == 0);
    int v = 0;
    rn_case cases[2];
    std::memset(cases, 0, sizeof cases);
    cases[1].op = RN_OP_RECV;
    cases[1].ch = c;
    cases[1].elem = &v;
    CHECK(rn_select_n(cases, 2) == 1 && v == 42);
    cases[0].op = RN_OP_DEFAULT;
    CHECK(rn_select_ordered_n(cases, 2) == 0);
    CHECK(rn_group_wait(mine) == 0);
    CHECK(rn_timer_new(g, RN_HOUR) && rn_ticker_new(g, RN_HOUR));
    CHECK(rn_sleep(RN_MILLISECOND) == 0);
    CHECK(rn_group_close(mine) == 0);
    rn_heart heart = rn_heart();
    CHECK(rn_heart_sleep(&heart, 0) == 0);
    CHECK(rn_ctx_todo() == rn_ctx_background());
}

static void files()
{
    rn_conn *conn = NULL;
    char byte = 0;
    int64_t past = rn_now() - 1;
    CHECK(rn_tcp_dial("127.0.0.1", 1, past, &conn) < 0 && !conn);
    CHECK(rn_fd_wait(-1, RN_READABLE, past) < 0);
    if (conn) {
        size_t written;
        (void)!rn_conn_write(conn, &byte, 1, past, &written);
        (void)!rn_conn_read(conn, &byte, 1, past);
    }
    rn_listener *none = NULL;
    if (none)
        (void)!rn_tcp_accept(none, past, &conn);
}

static int run(rn_group *g, void *arg)
{
    int n = 0;
    (void)arg;
    locks(&n);
    limits();
    values();
    channels(g);
    files();
    return failures;
}

static int run_test(rn_group *, void *)
{
    CHECK(rn_now() == RN_TEST_START && rn_test_wait() == 0 && !RN_BUGGIFY);
    /* Compiled, and not called: nobody would signal. */
    if (failures > 0)
        (void)rn_cond_wait(&cond, &mutex);
    return failures;
}

int main()
{
    return rn_test_run(run_test, NULL, NULL) != 0 || rn_run(run, NULL) != 0;
}
