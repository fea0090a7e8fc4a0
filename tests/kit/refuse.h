/* SPDX-License-Identifier: MIT */
/*
 * A system that refuses what it is asked for, in every thread of the process and for good. Each
 * test has a process of its own.
 */
#ifndef RUNNEL_TESTS_REFUSE_H
#define RUNNEL_TESTS_REFUSE_H

#include <errno.h>
#include <limits.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <malloc.h>
#include <stddef.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "kit/kit.h"

/* The two system calls fail with the error. (Not for brk: glibc takes any error for an address.) */
static inline void refuse(long call, long other_call, int error)
{
    struct sock_filter program[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, (unsigned)offsetof(struct seccomp_data, nr)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (unsigned)call, 1, 0),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (unsigned)other_call, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | (unsigned)error),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
    };
    struct sock_fprog filter = { sizeof program / sizeof program[0], program };
    CHECK_EQ(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), 0);
    CHECK_EQ(syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_TSYNC, &filter), 0);
}

/* New threads fail with EAGAIN. */
static inline void refuse_threads(void)
{
    refuse(SYS_clone3, SYS_clone, EAGAIN);
}

/* What needs new pages fails with ENOMEM: stacks, and allocations that malloc has no room for. It
 * has room for a little, and keeps what is freed: the kit allocates when the test is over. */
static inline void refuse_pages(void)
{
    struct rlimit limit;
    void *volatile spare = malloc(100 << 10); /* volatile: or it would be left out */
    CHECK(spare != NULL);
    CHECK_EQ(mallopt(M_TRIM_THRESHOLD, INT_MAX), 1);
    free(spare);
    CHECK_EQ(getrlimit(RLIMIT_DATA, &limit), 0);
    limit.rlim_cur = 0;
    CHECK_EQ(setrlimit(RLIMIT_DATA, &limit), 0); /* for brk; some systems ask it for mmap, too */
    refuse(SYS_mmap, SYS_mremap, ENOMEM);
}

#endif
