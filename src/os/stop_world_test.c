/* SPDX-License-Identifier: MIT */
/* rni_os_stop_world: nothing runs meanwhile, whatever threads do just then, and nothing is lost. */
/* kit: once */
/* kit: not-under-sanitizers */
/* kit: not-under-qemu */
#define _GNU_SOURCE
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "kit/kit.h"
#include "os/os.h"

static void nap(long us)
{
    nanosleep(&(struct timespec){ .tv_nsec = us * 1000 }, NULL);
}

static void start_detached(void *(*fn)(void *arg), void *arg)
{
    pthread_t t;
    pthread_attr_t a;
    pthread_attr_init(&a);
    pthread_attr_setdetachstate(&a, PTHREAD_CREATE_DETACHED);
    while (pthread_create(&t, &a, fn, arg) != 0)
        nap(10);
    pthread_attr_destroy(&a);
}

static int nothing(const rni_os_world *w, void *arg)
{
    (void)w;
    (void)arg;
    return 0;
}

/* ---- threads that start others and end ---- */

static _Atomic(long) beats;

static void *link_of_chain(void *arg)
{
    for (int i = 0; i < 200; i++)
        atomic_fetch_add(&beats, 1);
    start_detached(link_of_chain, arg);
    return NULL;
}

static int look_whether_it_moves(const rni_os_world *w, void *arg)
{
    int *moved = arg;
    long before = atomic_load(&beats);
    (void)w;
    for (int i = 0; i < 5; i++)
        nap(200);
    *moved += atomic_load(&beats) != before;
    return 0;
}

TEST(stop_world_stops_chains_of_threads)
{
    int moved = 0, stopped = 0;
    for (int i = 0; i < 4; i++)
        start_detached(link_of_chain, NULL);
    for (int i = 0; i < 300; i++) {
        int rc = rni_os_stop_world(look_whether_it_moves, &moved);
        CHECK(rc == 0 || rc == -EBUSY);
        stopped += rc == 0;
        nap(300);
    }
    CHECK_EQ(moved, 0);
    CHECK(stopped > 200);
    _exit(0);
}

/* ---- a main thread that has ended ---- */

static pthread_t first;

static void *stop_without_main(void *arg)
{
    (void)arg;
    CHECK_EQ(pthread_join(first, NULL), 0);
    for (int i = 0; i < 20; i++) {
        CHECK_EQ(rni_os_stop_world(nothing, NULL), 0);
        nap(1000); /* at first it may be on its way out of the system */
    }
    _exit(0);
}

TEST(stop_world_works_after_main_has_ended)
{
    pthread_t t;
    first = pthread_self();
    CHECK_EQ(pthread_create(&t, NULL, stop_without_main, NULL), 0);
    pthread_exit(NULL);
}

/* ---- one that does not stop ---- */

enum { TARGETS = 8 };
static struct shared {
    _Atomic(long) sent, handled;
    _Atomic(bool) stop;
    _Atomic(int) targets[TARGETS];
} * shared;

/* Its child never ends by itself, and vfork waits for it. */
static void *stand_in_vfork(void *arg)
{
    if (vfork() == 0)
        for (;;) {
            if (atomic_load(&shared->stop))
                _exit(0);
            nap(1000);
        }
    return arg;
}

static void count_signal(int sig)
{
    (void)sig;
    atomic_fetch_add(&shared->handled, 1);
}

static void *take_signals(void *arg)
{
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGRTMIN);
    pthread_sigmask(SIG_UNBLOCK, &set, NULL);
    atomic_store((_Atomic(int) *)arg, rni_os_thread_id());
    while (atomic_load(&shared->sent) >= 0)
        nap(50);
    return arg;
}

static void send_signals(pid_t process)
{
    siginfo_t info = { .si_code = SI_QUEUE };
    for (int i = 0; !atomic_load(&shared->stop); i = (i + 1) % TARGETS) {
        int tid = atomic_load(&shared->targets[i]);
        if (tid && syscall(SYS_rt_tgsigqueueinfo, process, tid, SIGRTMIN, &info) == 0)
            atomic_fetch_add(&shared->sent, 1);
    }
    _exit(0);
}

static void share(void)
{
    shared = mmap(NULL, sizeof *shared, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    CHECK(shared != MAP_FAILED);
}

TEST(stop_world_that_gives_up_loses_no_signal)
{
    struct sigaction sa = { .sa_handler = count_signal, .sa_flags = SA_RESTART };
    sigset_t set;
    share();
    sigemptyset(&set);
    sigaddset(&set, SIGRTMIN);
    sigprocmask(SIG_BLOCK, &set, NULL);
    CHECK_EQ(sigaction(SIGRTMIN, &sa, NULL), 0);
    pid_t self = getpid(), sender = fork();
    if (sender == 0)
        send_signals(self);
    start_detached(stand_in_vfork, NULL);
    nap(20 * 1000);
    for (int i = 0; i < TARGETS; i++)
        start_detached(take_signals, (void *)(uintptr_t)&shared->targets[i]);
    for (int i = 0; i < 30; i++) {
        CHECK_EQ(rni_os_stop_world(nothing, NULL), -EBUSY);
        nap(200);
    }
    atomic_store(&shared->stop, true);
    CHECK_EQ(waitpid(sender, NULL, 0), sender);
    for (int i = 0; i < 500 && atomic_load(&shared->handled) < atomic_load(&shared->sent); i++)
        nap(10 * 1000);
    CHECK_EQ(atomic_load(&shared->handled), atomic_load(&shared->sent));
    _exit(0);
}

TEST(stop_world_gives_up_soon)
{
    share();
    start_detached(stand_in_vfork, NULL);
    nap(20 * 1000);
    int64_t start = rni_os_now();
    CHECK_EQ(rni_os_stop_world(nothing, NULL), -EBUSY);
    CHECK(rni_os_now() - start < INT64_C(1000000000));
    atomic_store(&shared->stop, true);
    _exit(0);
}
