/* SPDX-License-Identifier: MIT */
/* kit: once */
/* kit: not-under-sanitizers */
/* kit: not-under-qemu */
/*
 * Stack overflow is named and touches no neighbour: by deep recursion, by one frame larger than the
 * guard, by a variable-length array, by alloca, on every class; many random shapes.
 */
#include <alloca.h>
#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <runnel.h>

#include "core/park.h"
#include "core/stack.h"
#include "kit/kit.h"

/* Writes to each page of a frame, so that the compiler keeps it. */
__attribute__((noinline)) static int touch(volatile char *p, size_t n)
{
    int sum = 0;
    for (size_t i = 0; i < n; i += 512)
        p[i] = (char)i;
    for (size_t i = 0; i < n; i += 512)
        sum += p[i];
    return sum;
}

__attribute__((noinline)) static int recurse(int depth, size_t frame)
{
    volatile char *p = alloca(frame);
    int sum = touch(p, frame);
    return depth > 0 ? recurse(depth - 1, frame) + sum : sum;
}

static int recursive(int depth, size_t frame)
{
    return recurse(depth, frame) == 42 ? 1 : 0;
}
RN_TASK(recursive, int, size_t);

__attribute__((noinline)) static int huge_frame(void)
{
    volatile char big[3 << 20];
    return touch(big, sizeof big) == 42 ? 1 : 0;
}
RN_TASK(huge_frame);

static int neighbour(rn_receiver(rn_unit) stop)
{
    volatile char mine[4096];
    for (size_t i = 0; i < sizeof mine; i++)
        mine[i] = (char)(i * 7);
    rn_wait(stop);
    for (size_t i = 0; i < sizeof mine; i++)
        if (mine[i] != (char)(i * 7))
            _exit(77);
    return 0;
}
RN_TASK(neighbour, rn_receiver(rn_unit));

static int overflow_deep(rn_group *g, void *arg)
{
    rn_attr attr = { .name = "deep diver", .stack = *(rn_stack_class *)arg };
    rn_go_with(g, &attr, recursive, 100000, (size_t)256);
    return rn_sleep(RN_MINUTE);
}

static int overflow_huge(rn_group *g, void *arg)
{
    rn_attr attr = { .name = "big frame", .stack = *(rn_stack_class *)arg };
    rn_go_with(g, &attr, huge_frame);
    return rn_sleep(RN_MINUTE);
}

TEST_EXIT(overflow_by_recursion_names_the_task, 128 + SIGSEGV, "stack overflow in task deep diver")
{
    rn_run(overflow_deep, &(rn_stack_class){ RN_STACK_DEFAULT });
}

TEST_EXIT(overflow_tells_where_the_task_was_started, 128 + SIGSEGV, "overflow_test.c:")
{
    rn_run(overflow_deep, &(rn_stack_class){ RN_STACK_SMALL });
}

TEST_EXIT(overflow_tells_what_to_change, 128 + SIGSEGV, "RN_STACK_LARGE")
{
    rn_run(overflow_deep, &(rn_stack_class){ RN_STACK_NORMAL });
}

TEST_EXIT(overflow_by_a_frame_larger_than_the_guard, 128 + SIGSEGV, "in task big frame")
{
    rn_run(overflow_huge, &(rn_stack_class){ RN_STACK_DEFAULT });
}

TEST_EXIT(overflow_of_the_largest_class, 128 + SIGSEGV, "no class is larger")
{
    rn_run(overflow_huge, &(rn_stack_class){ RN_STACK_HUGE });
}

TEST_EXIT(fault_elsewhere_is_not_called_overflow, 128 + SIGSEGV, NULL)
{
    rn_run(overflow_deep, NULL); /* reads through NULL on a task stack */
}

static int send_signal(rn_group *g, void *arg)
{
    (void)g;
    kill(getpid(), *(int *)arg);
    return rn_sleep(RN_MINUTE);
}

TEST_EXIT(fault_signal_from_outside_ends_the_process, 128 + SIGSEGV, NULL)
{
    rn_run(send_signal, &(int){ SIGSEGV });
}

TEST_EXIT(bus_error_signal_from_outside_ends_the_process, 128 + SIGBUS, NULL)
{
    rn_run(send_signal, &(int){ SIGBUS });
}

static int ignore_signal(rn_group *g, void *arg)
{
    (void)g;
    (void)arg;
    CHECK_EQ(kill(getpid(), SIGSEGV), 0);
    return rn_sleep(RN_MILLISECOND);
}

TEST(fault_signal_from_outside_stays_ignored)
{
    signal(SIGSEGV, SIG_IGN);
    CHECK_EQ(rn_run(ignore_signal, NULL), 0);
}

/* What a frame without stack-clash protection does: it skips the guard. That memory is there, so
 * make it fault as it does below the lowest stack. */
static int skip_the_guard(rn_group *g, void *arg)
{
    uintptr_t at = (uintptr_t)__builtin_frame_address(0) & ~(uintptr_t)4095;
    (void)g;
    (void)arg;
    while ((at -= 4096) > (uintptr_t)rni_current()->stack_limit ||
           rni_stack_guard_owner((void *)at))
        ;
    CHECK_EQ(mprotect((void *)at, 4096, PROT_NONE), 0);
    *(volatile char *)at = 1;
    return 0;
}

TEST_EXIT(fault_below_the_guard_hints_at_a_large_frame, 128 + SIGSEGV, "-fstack-clash-protection")
{
    rn_run(skip_the_guard, NULL);
}

/* From here on the system refuses guards, as it does without MADV_GUARD_INSTALL once
 * vm.max_map_count is reached. */
static void refuse_guards(void)
{
    enum { GUARD_INSTALL = 102 };
#define OFFSET(field) ((unsigned)offsetof(struct seccomp_data, field))
    struct sock_filter program[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, OFFSET(nr)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_process_madvise, 5, 0),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_mprotect, 4, 0),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_madvise, 0, 2),
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, OFFSET(args[2])),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, GUARD_INSTALL, 1, 0),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | ENOMEM),
    };
#undef OFFSET
    struct sock_fprog filter = { sizeof program / sizeof program[0], program };
    CHECK_EQ(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), 0);
    CHECK_EQ(prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter), 0);
}

static int fault(rn_group *g, void *arg)
{
    (void)g;
    return *(volatile int *)arg;
}

TEST_EXIT(fault_tells_of_stacks_without_a_guard, 128 + SIGSEGV, "some stacks have no guard")
{
    setenv("RUNNEL_WORKERS", "1", 1); /* new threads need mprotect */
    refuse_guards();
    rn_run(fault, NULL);
}

/* One random program: a few neighbours, one task that overflows in a random shape. */
static int random_program(rn_group *g, void *arg)
{
    unsigned seed = *(unsigned *)arg;
    rn_chan(rn_unit) stop = rn_make(g, rn_unit, 0);
    for (int i = 0; i < 8; i++)
        rn_go(g, neighbour, rn_rx(stop));
    rn_yield();
    rn_attr attr = { .name = "victim", .stack = (rn_stack_class)(seed % 5) };
    size_t frame = 64 + (size_t)(seed * 2654435761u % (512u << 10));
    rn_go_with(g, &attr, recursive, 1 << 20, frame);
    for (int i = 0; i < 8; i++)
        rn_go(g, neighbour, rn_rx(stop));
    rn_sleep(RN_MINUTE);
    rn_close(stop);
    return 0;
}

TEST(random_overflows_are_all_named)
{
    for (unsigned seed = 1; seed <= 60; seed++) {
        int fds[2];
        CHECK(pipe(fds) == 0);
        pid_t pid = fork();
        if (pid == 0) {
            dup2(fds[1], 2);
            rn_run(random_program, &seed);
            _exit(1);
        }
        close(fds[1]);
        char text[512];
        ssize_t n = 0, got;
        while ((got = read(fds[0], text + n, sizeof text - 1 - (size_t)n)) > 0)
            n += got;
        text[n] = '\0';
        close(fds[0]);
        int status;
        CHECK(waitpid(pid, &status, 0) == pid);
        CHECK(WIFSIGNALED(status) && WTERMSIG(status) == SIGSEGV);
        CHECK(strstr(text, "stack overflow in task victim") != NULL);
    }
}

static int uses_much(void)
{
    char buffer[40 << 10];
    int n = snprintf(buffer, sizeof buffer, "%f %s", 3.25, "ordinary C");
    return n > 0 && touch(buffer, sizeof buffer) != 1 ? 0 : 1;
}
RN_TASK(uses_much);

TASK_TEST(default_class_is_safe_for_ordinary_c)
{
    (void)g;
    rn_group *many = rn_group_new(NULL);
    for (int i = 0; i < 64; i++)
        rn_go(many, uses_much);
    CHECK_EQ(rn_group_wait(many), 0);
    rn_group_close(many);
    return 0;
}
