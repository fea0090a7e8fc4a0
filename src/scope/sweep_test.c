/* SPDX-License-Identifier: MIT */
/* Simulated runs: seeds, schedules, and the search through them. */
/* kit: not-under-qemu */
#include <runnel.h>

#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "kit/capture.h"
#include "kit/kit.h"

/* ---- a program with many orders: two tasks that write letters ---- */

enum { ORDERS_MAX = 4096, LETTERS = 8 };

/* What runs have written; shared, because most of them happen in other processes. */
static struct orders {
    _Atomic(unsigned) n;
    char text[ORDERS_MAX][LETTERS + 1];
} * orders;

static char written[LETTERS + 1];
static _Atomic(unsigned) letters_written;

static void forget_orders(void)
{
    if (!orders)
        orders = mmap(NULL, sizeof *orders, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1,
                      0);
    CHECK(orders != MAP_FAILED);
    atomic_store(&orders->n, 0);
}

static int write_letters(char letter, int n)
{
    for (int i = 0; i < n; i++) {
        written[atomic_fetch_add(&letters_written, 1)] = letter;
        (void)rn_task_count(); /* a call */
    }
    return 0;
}
RN_TASK(write_letters, char, int);

static int two_writers(rn_group *g, void *arg)
{
    (void)g;
    int n = *(int *)arg;
    memset(written, 0, sizeof written);
    atomic_store(&letters_written, 0);
    rn_group *h = rn_group_new(NULL);
    rn_go(h, write_letters, 'a', n);
    rn_go(h, write_letters, 'b', n);
    CHECK_EQ(rn_group_wait(h), 0);
    rn_group_close(h);
    unsigned i = atomic_fetch_add(&orders->n, 1);
    CHECK(i < ORDERS_MAX);
    strcpy(orders->text[i], written);
    return 0;
}

static int by_text(const void *a, const void *b)
{
    return strcmp(a, b);
}

static unsigned different_orders(void)
{
    unsigned n = atomic_load(&orders->n), different = 0;
    qsort(orders->text, n, sizeof orders->text[0], by_text);
    for (unsigned i = 0; i < n; i++)
        different += i == 0 || strcmp(orders->text[i - 1], orders->text[i]) != 0;
    return different;
}

static unsigned exhaust(int letters, unsigned preemptions)
{
    rn_test_report r;
    forget_orders();
    rn_test_options o = { .strategy = RN_TEST_EXHAUSTIVE,
                          .runs = ORDERS_MAX,
                          .preemptions = preemptions,
                          .together = true,
                          .report = &r };
    CHECK_EQ(rn_test_run(two_writers, &letters, &o), 0);
    CHECK(r.exhausted);
    CHECK(!r.failed);
    CHECK_EQ(r.runs, atomic_load(&orders->n));
    return different_orders();
}

/* How many orders of n a's and n b's need no more than so many interruptions: a switch where a task
 * has written its last letter costs none. Counted by going through all 2^(2n) texts. */
static unsigned orders_within(int n, unsigned preemptions)
{
    unsigned found = 0;
    for (unsigned bits = 0; bits < 1u << (2 * n); bits++) {
        int left[2] = { n, n };
        unsigned interruptions = 0;
        bool valid = true;
        for (int i = 0; i < 2 * n && valid; i++) {
            unsigned who = bits >> i & 1, before = i ? bits >> (i - 1) & 1 : who;
            interruptions += who != before && left[before] > 0;
            valid = left[who]-- > 0;
        }
        found += valid && interruptions <= preemptions;
    }
    return found;
}

TEST(sim_exhaustive_search_finds_every_order_within_its_bound)
{
    CHECK_EQ(orders_within(2, 9), 6);
    CHECK_EQ(orders_within(3, 9), 20);
    for (unsigned bound = 1; bound <= 3; bound++) {
        CHECK_EQ(exhaust(2, bound), orders_within(2, bound));
        CHECK_EQ(exhaust(3, bound), orders_within(3, bound));
    }
}

TEST(sim_random_and_pct_find_every_order_of_a_small_program)
{
    int letters = 3;
    for (int s = RN_TEST_RANDOM; s <= RN_TEST_PCT; s++) {
        forget_orders();
        rn_test_options o = {
            .strategy = (rn_test_strategy)s, .runs = 3000, .preemptions = 5, .together = true
        };
        CHECK_EQ(rn_test_run(two_writers, &letters, &o), 0);
        CHECK_EQ(different_orders(), 20);
    }
}

/* ---- one seed, one run ---- */

static int consume(rn_receiver(int) in, rn_sender(int) out)
{
    int rc = 0;
    for (int v; rc == 0 && rn_recv(in, &v) == 0;) {
        (void)rn_sleep(v * RN_MILLISECOND);
        rc = rn_send(out, v);
    }
    return rc;
}
RN_TASK(consume, rn_receiver(int), rn_sender(int));

static int square(void *arg)
{
    return *(int *)arg * *(int *)arg;
}

/* Channels, selects, timers, locks and blocking calls; the result depends on their order. */
static int busy_program(rn_group *g, void *arg)
{
    int *sum = arg;
    rn_chan(int) in = rn_make(g, int, 2), out = rn_make(g, int, 0);
    rn_group *h = rn_group_new(NULL);
    for (int i = 0; i < 4; i++)
        rn_go(h, consume, rn_rx(in), rn_tx(out));
    *sum = 0;
    for (int given = 0, taken = 0, v; taken < 20;) {
        rn_chan(int) feed = given < 20 ? in : NULL;
        int next = given % 5;
        switch (rn_select(RN_SEND(feed, next), RN_RECV(out, &v, NULL), RN_AFTER(RN_SECOND))) {
        case 0: given++; break;
        case 1:
            *sum = *sum * 3 + v + rn_blocking(square, &v);
            taken++;
            break;
        default: return -1;
        }
    }
    rn_close(in);
    CHECK_EQ(rn_group_wait(h), 0);
    rn_group_close(h);
    return 0;
}

TEST(sim_run_of_a_seed_is_the_same_each_time)
{
    enum { SEEDS = 200 };
    uint64_t hashes[SEEDS];
    int sums[SEEDS], others = 0;
    rn_test_report r, again;
    for (unsigned seed = 1; seed <= SEEDS; seed++) {
        int sum, sum_again;
        rn_test_options o = { .seed = seed, .report = &r };
        o.strategy = seed % 2 ? RN_TEST_RANDOM : RN_TEST_PCT;
        CHECK_EQ(rn_test_run(busy_program, &sum, &o), 0);
        o.report = &again;
        CHECK_EQ(rn_test_run(busy_program, &sum_again, &o), 0);
        CHECK(r.hash == again.hash);
        CHECK_EQ(r.decisions, again.decisions);
        CHECK_EQ(sum, sum_again);
        hashes[seed - 1] = r.hash;
        sums[seed - 1] = sum;
    }
    for (int i = 1; i < SEEDS; i++) {
        CHECK(hashes[i] != hashes[i - 1]);
        others += sums[i] != sums[0];
    }
    CHECK(others > SEEDS / 2); /* different seeds are different runs */
}

/* ---- what fails ---- */

static int shared_count;

static int add_badly(rn_mutex *m)
{
    if (rn_mutex_lock(m))
        return -ECANCELED;
    int seen = shared_count;
    rn_mutex_unlock(m);
    if (rn_mutex_lock(m))
        return -ECANCELED;
    shared_count = seen + 1;
    rn_mutex_unlock(m);
    return 0;
}
RN_TASK(add_badly, rn_mutex *);

static int lost_updates_of_3(rn_group *g, void *arg)
{
    (void)g;
    (void)arg;
    rn_mutex m = { 0 };
    rn_group *h = rn_group_new(NULL);
    shared_count = 0;
    for (int i = 0; i < 3; i++)
        rn_go(h, add_badly, &m);
    CHECK_EQ(rn_group_wait(h), 0);
    rn_group_close(h);
    return shared_count == 3 ? 0 : -EBADMSG;
}

static int sweep_of_a_wrong_result(void)
{
    rn_test_report r;
    rn_test_options o = { .runs = 500, .together = true, .report = &r };
    int rc = rn_test_run(lost_updates_of_3, NULL, &o);
    CHECK_EQ(rc, -EBADMSG);
    CHECK(r.failed);
    CHECK(r.runs > 1 && r.runs < 100);
    CHECK(r.seed >= 1 && r.seed < 100);
    CHECK(r.schedule != NULL);
    CHECK(strchr(r.schedule, ',') == NULL); /* one interruption is enough */
    /* The schedule alone does it again, and so does the seed. */
    setenv("RUNNEL_SCHEDULE", r.schedule, 1);
    CHECK_EQ(rn_test_run(lost_updates_of_3, NULL, NULL), -EBADMSG);
    unsetenv("RUNNEL_SCHEDULE");
    rn_test_options one = { .seed = r.seed };
    CHECK_EQ(rn_test_run(lost_updates_of_3, NULL, &one), -EBADMSG);
    return 0;
}

TEST(sim_sweep_finds_a_wrong_result_and_its_shortest_schedule)
{
    struct capture c;
    capture(&c, sweep_of_a_wrong_result);
    capture_has(&c, "failed: the result was -74 (Bad message)");
    capture_has(&c, "it is repeated by RUNNEL_SCHEDULE=");
    capture_has(&c, "add_badly is interrupted, next runs ");
    CHECK_EQ(c.status, 0);
}

static int wait_for_nobody(rn_receiver(int) c)
{
    return rn_wait(c);
}
RN_TASK(wait_for_nobody, rn_receiver(int));

static int leave_a_task(rn_group *g, void *arg)
{
    (void)arg;
    rn_go(g, wait_for_nobody, rn_rx(rn_make(g, int, 0)));
    return 0;
}

static int simulated_leak(void)
{
    rn_test_options o = { .seed = 1 };
    CHECK_EQ(rn_test_run(leave_a_task, NULL, NULL), 0); /* reported, no more */
    return -rn_test_run(leave_a_task, NULL, &o);
}

TEST(sim_task_left_waiting_is_a_failure)
{
    struct capture c;
    capture(&c, simulated_leak);
    CHECK_EQ(c.status, EDEADLK);
    capture_has(&c, "a task was left waiting");
    capture_has(&c, "RUNNEL_SEED=1");
}

static int pct_leak(void)
{
    setenv("RUNNEL_STRATEGY", "pct", 1);
    setenv("RUNNEL_SEED", "5", 1);
    return -rn_test_run(leave_a_task, NULL, NULL);
}

static int exhaustive_leak(void)
{
    return -rn_test_run(leave_a_task, NULL,
                        &(rn_test_options){ .strategy = RN_TEST_EXHAUSTIVE, .runs = 1 });
}

/* Also the run that was not tried in a child before. */
TEST(sim_last_run_tells_its_strategy)
{
    struct capture c;
    capture(&c, pct_leak);
    CHECK_EQ(c.status, EDEADLK);
    capture_has(&c, "repeated by RUNNEL_STRATEGY=pct RUNNEL_SEED=5");
    capture(&c, exhaustive_leak);
    CHECK_EQ(c.status, EDEADLK);
    capture_has(&c, "repeated by RUNNEL_SCHEDULE=0:0");
}

static int ask_for_ever(rn_group *g, void *arg)
{
    (void)arg;
    rn_chan(int) c = rn_make(g, int, 0);
    rn_go(g, wait_for_nobody, rn_rx(c));
    while (rn_task_count() > 0)
        (void)rn_yield();
    return 0;
}

TEST_EXIT(sim_run_without_end_is_reported, 2, "the simulated run does not end: ")
{
    rn_test_options o = { .seed = 1 };
    (void)rn_test_run(ask_for_ever, NULL, &o);
}

/* ---- fairness, chance, the environment ---- */

static int spin_on(_Atomic(int) *flag)
{
    int v, rc = 0;
    while (rc >= 0 && !atomic_load(flag))
        rc = rn_select(RN_RECV((rn_receiver(int))NULL, &v, NULL), RN_DEFAULT);
    return 0;
}
RN_TASK(spin_on, _Atomic(int) *);

static int poll_for_a_flag(rn_group *g, void *arg)
{
    (void)arg;
    (void)g;
    static _Atomic(int) flag;
    atomic_store(&flag, 0);
    rn_group *h = rn_group_new(NULL);
    rn_go(h, spin_on, &flag);
    rn_go(h, spin_on, &flag);
    for (int i = 0; i < 3; i++)
        (void)rn_yield();
    atomic_store(&flag, 1);
    CHECK_EQ(rn_group_wait(h), 0);
    rn_group_close(h);
    return 0;
}

TEST(sim_poll_loops_starve_nobody_whatever_the_strategy)
{
    for (int s = RN_TEST_RANDOM; s <= RN_TEST_EXHAUSTIVE; s++) {
        rn_test_options o = { .strategy = (rn_test_strategy)s, .runs = 50 };
        CHECK_EQ(rn_test_run(poll_for_a_flag, NULL, &o), 0);
    }
}

static int count_trouble(rn_group *g, void *arg)
{
    (void)g;
    int *n = arg;
    *n = 0;
    for (int i = 0; i < 400; i++) {
        *n += RN_BUGGIFY;
        *n += RN_BUGGIFY;
    }
    return 0;
}

TEST(sim_buggify_is_off_unless_faults_are_asked_for)
{
    int n, quiet = 0, loud = 0;
    CHECK_EQ(rn_test_run(count_trouble, &n, NULL), 0);
    CHECK_EQ(n, 0);
    for (unsigned seed = 1; seed <= 60; seed++) {
        rn_test_options o = { .seed = seed };
        CHECK_EQ(rn_test_run(count_trouble, &n, &o), 0);
        CHECK_EQ(n, 0);
        o.faults = 10;
        CHECK_EQ(rn_test_run(count_trouble, &n, &o), 0);
        quiet += n == 0;
        loud += n > 50;
    }
    CHECK(quiet > 10); /* neither place is active */
    CHECK(loud > 10);  /* one of them is, and then in a quarter of its visits */
}

enum { SITES = 8, SITE_SEEDS = 256 };

typedef struct sites {
    int active[SITES], differ; /* runs with site i active; in which i and i + 1 are not alike */
} sites;

static int count_active_sites(rn_group *g, void *arg)
{
    (void)g;
    sites *s = arg;
    bool before = false;
    for (int i = 0; i < SITES; i++) {
        char site[32];
        int hits = 0;
        snprintf(site, sizeof site, "/src/file.c:%d", 10 + i);
        for (int k = 0; k < 40; k++)
            hits += rn_test_buggify_at(site);
        s->active[i] += hits > 0;
        s->differ += i > 0 && before != (hits > 0);
        before = hits > 0;
    }
    return 0;
}

/* A quarter of the runs each, of neighbouring lines not the same ones. */
TEST(sim_buggify_chooses_sites_independently)
{
    sites s = { { 0 }, 0 };
    for (unsigned seed = 1; seed <= SITE_SEEDS; seed++) {
        rn_test_options o = { .seed = seed, .faults = 10 };
        CHECK_EQ(rn_test_run(count_active_sites, &s, &o), 0);
    }
    for (int i = 0; i < SITES; i++)
        CHECK(s.active[i] > SITE_SEEDS / 8 && s.active[i] < SITE_SEEDS * 3 / 8);
    CHECK(s.differ > (SITES - 1) * SITE_SEEDS / 4); /* 3/8 of them on average */
}

static int find_worker_count(rn_group *g, void *arg)
{
    (void)g;
    *(unsigned *)arg = rn_worker_count();
    return 0;
}

TEST(sim_is_one_worker_and_goes_when_it_ends)
{
    unsigned before, inside, after;
    rn_test_options o = { .seed = 7 };
    CHECK_EQ(rn_run(find_worker_count, &before), 0);
    CHECK_EQ(rn_test_run(find_worker_count, &inside, &o), 0);
    CHECK_EQ(rn_run(find_worker_count, &after), 0);
    CHECK_EQ(inside, 1);
    CHECK_EQ(before, after);
}

TEST(sim_is_asked_for_by_the_environment)
{
    int letters = 2;
    forget_orders();
    setenv("RUNNEL_SEEDS", "100", 1);
    CHECK_EQ(rn_run(two_writers, &letters), 0);
    CHECK_EQ(atomic_load(&orders->n), 100);
    CHECK_EQ(different_orders(), 6);
    setenv("RUNNEL_SEED", "3", 1); /* one seed is one run */
    forget_orders();
    CHECK_EQ(rn_run(two_writers, &letters), 0);
    CHECK_EQ(atomic_load(&orders->n), 1);
    unsetenv("RUNNEL_SEED");
    setenv("RUNNEL_STRATEGY", "exhaustive", 1);
    setenv("RUNNEL_SEEDS", "500", 1);
    forget_orders();
    CHECK_EQ(rn_run(two_writers, &letters), 0);
    CHECK_EQ(different_orders(), 6);
}

/* ---- what a run says ---- */

static int make_noise(rn_group *g, void *arg)
{
    (void)g;
    (void)arg;
    fputs("noise\n", stderr);
    return 0;
}

static int sweep_noise(void)
{
    return rn_test_run(make_noise, NULL, &(rn_test_options){ .runs = 5 });
}

TEST(sweep_lets_only_the_last_run_be_heard)
{
    struct capture c;
    capture(&c, sweep_noise);
    CHECK_EQ(c.status, 0);
    CHECK_STR(c.text, "noise\n");
}

static int wait_in_vain(rn_group *g, void *arg)
{
    (void)arg;
    return rn_wait(rn_make(g, int, 0));
}

static int deadlock_in_simulation(void)
{
    return rn_test_run(wait_in_vain, NULL, &(rn_test_options){ .seed = 77 });
}

TEST(sim_that_ends_the_process_tells_its_seed)
{
    struct capture c;
    capture(&c, deadlock_in_simulation);
    CHECK_EQ(c.status, 2);
    capture_has(&c, "all tasks are asleep - deadlock!");
    capture_has(&c, "runnel: this was a simulated run: RUNNEL_SEED=77 repeats it\n");
}

static int deadlock_in_pct(void)
{
    return rn_test_run(wait_in_vain, NULL,
                       &(rn_test_options){ .seed = 78, .strategy = RN_TEST_PCT });
}

TEST(sim_that_ends_the_process_tells_its_strategy)
{
    struct capture c;
    capture(&c, deadlock_in_pct);
    CHECK_EQ(c.status, 2);
    capture_has(&c, "a simulated run: RUNNEL_STRATEGY=pct RUNNEL_SEED=78 repeats it\n");
}

static pid_t home;

static int fail_elsewhere(rn_group *g, void *arg)
{
    (void)g;
    (void)arg;
    return getpid() == home ? 0 : -EPROTO;
}

static int sweep_what_cannot_be_repeated(void)
{
    rn_test_report r;
    home = getpid();
    CHECK_EQ(rn_test_run(fail_elsewhere, NULL, &(rn_test_options){ .runs = 3, .report = &r }),
             -EPROTO);
    CHECK(r.failed);
    return 0;
}

TEST(sweep_says_when_a_failure_cannot_be_repeated)
{
    struct capture c;
    capture(&c, sweep_what_cannot_be_repeated);
    CHECK_EQ(c.status, 0);
    capture_has(&c, "runnel: this time it did not fail: something else than the schedule decides");
}
