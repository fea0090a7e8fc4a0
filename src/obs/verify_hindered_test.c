/* SPDX-License-Identifier: MIT */
/*
 * rn_verify_none where the system refuses something, where the caller stands on a stack of the
 * program's own or is being cancelled, and where memory is large and sparse: it says so, or works,
 * and never calls leaked what it could not look at.
 */
/* kit: not-under-sanitizers */
/* kit: not-under-qemu */
#define _GNU_SOURCE
#include "kit/places.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <pthread.h>
#include <stddef.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <ucontext.h>

#include "kit/capture.h"

static void plant_global(rn_group *g)
{
    setenv("RUNNEL_LEAKS", "off", 1);
    global = waiter(g);
    until_dumped(RECEIVES, 1);
    clear_stack();
}

/* ---- the system refuses ---- */

static void refuse(unsigned call, unsigned error)
{
    struct sock_filter rules[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, call, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | error),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
    };
    struct sock_fprog program = { sizeof rules / sizeof *rules, rules };
    CHECK_EQ(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), 0);
    CHECK_EQ(syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_TSYNC, &program), 0);
}

TASK_TEST(verify_says_that_memory_cannot_be_read)
{
    plant_global(g);
    refuse(SYS_process_vm_readv, EPERM);
    CHECK_EQ(rn_verify_none(), -EPERM);
    return 0;
}

/* As at a limit of processes, which is none for root. Threads are made by clone3. */
TASK_TEST(verify_says_that_no_process_can_be_made)
{
    plant_global(g);
    refuse(SYS_clone, EAGAIN);
    CHECK_EQ(rn_verify_none(), -EAGAIN);
    return 0;
}

static int dump_without_ptrace(rn_group *g, void *arg)
{
    (void)arg;
    plant_global(g);
    refuse(SYS_ptrace, EPERM);
    CHECK_EQ(rn_verify_none(), -EPERM);
    rn_dump(2);
    return 0;
}
static int run_without_ptrace(void)
{
    setenv("RUNNEL_VERIFY", "1", 1);
    setenv("RUNNEL_WORKERS", "2", 1); /* so that there is a thread to stop */
    return rn_run(dump_without_ptrace, NULL);
}
TEST(verify_says_that_a_dump_is_not_marked)
{
    static struct capture c;
    capture(&c, run_without_ptrace);
    CHECK_EQ(c.status, 0);
    capture_has(&c, "runnel: leaks were not looked for: Operation not permitted\n");
    capture_has(&c, " wait_on [chan receive] at ");
}

/* The only reference is the data of an epoll entry, and the descriptors to read that are missing,
 * all or one. */
TASK_TEST(verify_says_that_descriptors_are_missing)
{
    int poller = epoll_create1(EPOLL_CLOEXEC), event = eventfd(0, EFD_CLOEXEC);
    plant_global(g);
    struct epoll_event e = { .events = EPOLLIN, .data.ptr = (void *)global };
    CHECK_EQ(epoll_ctl(poller, EPOLL_CTL_ADD, event, &e), 0);
    global = NULL;
    memset(&e, 0, sizeof e);
    CHECK_EQ(rn_verify_none(), 0);
    struct rlimit few = { 64, 64 };
    CHECK_EQ(setrlimit(RLIMIT_NOFILE, &few), 0);
    int copies[64], n = 0;
    for (int fd; (fd = dup(0)) >= 0;)
        copies[n++] = fd;
    for (int left = 0; left < 3; left++) {
        CHECK_EQ(rn_verify_none(), -EMFILE);
        close(copies[--n]);
    }
    while (n > 0)
        close(copies[--n]);
    CHECK_EQ(rn_verify_none(), 0);
    close(event);
    close(poller);
    return 0;
}

/* ---- the caller ---- */

static void *check_while_cancelled(void *arg)
{
    pthread_cancel(pthread_self());
    *(bool *)arg = rn_verify_none() == 0;
    pthread_testcancel();
    return NULL;
}
TASK_TEST(verify_ends_before_its_thread_is_cancelled)
{
    pthread_t t;
    void *result;
    bool ended = false;
    (void)g;
    CHECK_EQ(pthread_create(&t, NULL, check_while_cancelled, &ended), 0);
    CHECK_EQ(pthread_join(t, &result), 0);
    CHECK(result == PTHREAD_CANCELED);
    CHECK(ended);
    CHECK_EQ(rn_verify_none(), 0); /* its lock is free */
    return 0;
}

/* The stack of a thread, the reference, and the stack that the thread switches to. */
enum { PART = 1 << 20 };
static char *parts;
static ucontext_t thread_context, own_context;
static int seen;

static void check_on_own_stack(void)
{
    seen = rn_verify_none();
}
static void *switch_stack(void *arg)
{
    getcontext(&own_context);
    own_context.uc_stack.ss_sp = parts + (ptrdiff_t)2 * PART;
    own_context.uc_stack.ss_size = PART;
    own_context.uc_link = &thread_context;
    makecontext(&own_context, check_on_own_stack, 0);
    swapcontext(&thread_context, &own_context);
    return arg;
}
static int check_in_thread(void *arg)
{
    pthread_t t;
    pthread_attr_t a;
    (void)arg;
    pthread_attr_init(&a);
    CHECK_EQ(pthread_attr_setstack(&a, parts, PART), 0);
    CHECK_EQ(pthread_create(&t, &a, switch_stack, NULL), 0);
    CHECK_EQ(pthread_join(t, NULL), 0);
    return 0;
}
TASK_TEST(verify_may_be_called_on_a_stack_of_ones_own)
{
    parts = mmap(NULL, (size_t)3 * PART, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1,
                 0);
    CHECK(parts != MAP_FAILED);
    plant_global(g);
    *(rn_chan(int) volatile *)(void *)(parts + PART) = global;
    global = NULL;
    CHECK_EQ(rn_blocking(check_in_thread, NULL), 0);
    CHECK_EQ(seen, 0);
    return 0;
}

/* ---- much memory ---- */

TASK_TEST(verify_leaves_sparse_shared_memory_sparse)
{
    const size_t size = (size_t)8 << 30, at = (size_t)5 << 30;
    struct stat st;
    int fd = memfd_create("sparse", MFD_CLOEXEC);
    CHECK_EQ(ftruncate(fd, (off_t)size), 0);
    char *base = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    char *again = mmap(NULL, size, PROT_READ, MAP_SHARED, fd, 0);
    CHECK(base != MAP_FAILED && again != MAP_FAILED);
    plant_global(g);
    *(rn_chan(int) volatile *)(void *)(base + at) = global;
    global = NULL;
    CHECK_EQ(munmap(base, size),
             0); /* the page is another mapping's now, which has not touched it */
    CHECK_EQ(rn_verify_none(), 0);
    CHECK_EQ(fstat(fd, &st), 0);
    CHECK(st.st_blocks < 1024); /* of 512 bytes */
    CHECK_EQ(munmap(again, size), 0);
    close(fd);
    VERIFY(1, "without the mapping");
    return 0;
}
