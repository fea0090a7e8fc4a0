/* SPDX-License-Identifier: MIT */
/*
 * The porting contract: what the scheduler asks of an operating system, and every allocation. One
 * linux_*.c file per facility implements it, so that faults can be injected here and simulated
 * systems can stand in. Above this room only POSIX is used, and only by what is no scheduling: the
 * sockets of io, the reports and last words, a mutex and a key of pthreads (ARCHITECTURE.md names
 * the files).
 *
 * Unless said otherwise: any thread may call; results are 0 or a negative errno value; errno is
 * left as it was found.
 */
#ifndef RNI_OS_OS_H
#define RNI_OS_OS_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* ---- time and chance ---- */

int64_t rni_os_now(void);      /* monotonic nanoseconds */
uint64_t rni_os_entropy(void); /* good enough to seed a generator; never waits */

/* ---- threads ---- */

typedef unsigned long rni_os_thread; /* a pthread_t */

/* CPUs this process may run on (affinity mask and cgroup quota), at least 1. */
unsigned rni_os_cpu_count(void);
/* Starts fn(arg) on a new thread that has every asynchronous signal blocked. */
int rni_os_thread_start(rni_os_thread *out, void *(*fn)(void *arg), void *arg);
rni_os_thread rni_os_thread_self(void); /* never 0 */
void rni_os_thread_join(rni_os_thread t);
void rni_os_thread_detach(rni_os_thread t);
void rni_os_thread_yield(void);
/* Threads of this process, without those of an emulator that runs it; RNI_OS_UNKNOWN, more than any
 * number, if the system cannot be asked now. */
#define RNI_OS_UNKNOWN UINT32_MAX
unsigned rni_os_thread_count(void);
bool rni_os_is_main_thread(void); /* the one that runs main */
int rni_os_thread_id(void);       /* the calling thread's, as the system numbers them */
/* The address of the calling thread's errno, and its value. */
int *rni_os_errno(void);
int rni_os_error(void);
void rni_os_set_error(int error);
/* Gives the calling thread an alternate signal stack of its own, once; freed by _release. */
int rni_os_signal_stack_acquire(void **memory);
void rni_os_signal_stack_release(void *memory);

/* ---- sleeping ---- */

/* Sleeps while *word == expected, at most timeout_ns (negative: for ever). May return early. */
void rni_os_futex_wait(_Atomic(uint32_t) *word, uint32_t expected, int64_t timeout_ns);
void rni_os_futex_wake(_Atomic(uint32_t) *word, int count);

/*
 * An asymmetric fence: after rni_os_heavy_fence() returns, every thread of the process has executed
 * a full fence since the call began, so the other side of a store/load pair needs only a compiler
 * barrier. _init tells whether the system has it (membarrier's private expedited command). False:
 * there was no fence, because the kernel has no memory for a set of CPUs just now.
 */
bool rni_os_heavy_fence_init(void);
bool rni_os_heavy_fence(void);

/* ---- memory ---- */

void *rni_os_alloc(size_t bytes); /* zeroed; NULL when there is none */
void *rni_os_alloc_aligned(size_t align, size_t bytes);
void *rni_os_resize(void *memory, size_t bytes);
void rni_os_free(void *memory);

size_t rni_os_page(void);
/* Address space with no memory behind it until it is touched; NULL when there is none. */
void *rni_os_reserve(size_t bytes);
/* The same for what will be used densely: in huge pages, if the system has them. */
void *rni_os_reserve_dense(size_t bytes);
void rni_os_unreserve(void *base, size_t bytes);

typedef struct rni_os_range {
    void *base;
    size_t bytes;
} rni_os_range;

/* Makes every access to the ranges fault, for good. False if the system has refused that for some,
 * as it may where each needs a mapping. */
bool rni_os_guard_install(const rni_os_range *ranges, size_t n);
/* How many bytes from base on, in whole pages, have no memory behind them now: up to the lowest
 * page of the range that was touched. base begins a page. -1 if the system does not tell. Memory
 * that is swapped out counts as none. */
ptrdiff_t rni_os_untouched(const void *base, size_t bytes);
/* Gives the memory behind the ranges back; they read as zero when touched again. */
void rni_os_discard(const rni_os_range *ranges, size_t n);

/* Whether the program's functions are bound to those of its libraries at their first call, on the
 * stack of whoever calls. */
bool rni_os_binds_late(void);

/* ---- the process from outside ---- */

/* A thread that has been stopped. */
typedef struct rni_os_stopped {
    int id; /* rni_os_thread_id */
    const void *sp;
    const void *registers; /* all of them, in words */
    size_t register_bytes;
} rni_os_stopped;

typedef struct rni_os_world {
    const rni_os_stopped *threads; /* every thread of the process but the caller's */
    size_t n;
    int process;      /* its number, which is not the one that fn is called in */
    rni_os_range own; /* what this uses itself */
} rni_os_world;

/*
 * Stops every other thread of the process, wherever it is, calls fn in the place of the calling
 * one, and lets them go. They may hold any lock, so fn allocates nothing and makes system calls
 * only; its stack is of half a megabyte. Returns what fn does, or an error if the threads could not
 * be stopped: -EPERM (a debugger is attached, or the system does not allow it), -EBUSY (one did not
 * stop for 50 ms, or all have not for half a second; it may another time), -EAGAIN (no process can
 * be made), -E2BIG (more than 4096 threads) ...
 */
int rni_os_stop_world(int (*fn)(const rni_os_world *world, void *arg), void *arg);

/* A part of a mapping. */
typedef struct rni_os_region {
    uintptr_t base, end;
    uintptr_t mapping_base, mapping_end;
    bool main_stack; /* the mapping is the main thread's stack */
} rni_os_region;

/*
 * Calls fn for every range of memory of the process in which data can have been left: what is
 * readable and has been written, the heap, stacks, variables. Allocates nothing; meant for a world
 * that stands still. 0, or an error: -ENOTSUP if there is more than can be looked at.
 */
int rni_os_memory_each(void (*fn)(const rni_os_region *r, void *arg), void *arg);

/* Calls fn for every word of the program's that the system keeps for it and can be asked for (the
 * data of poller entries and of timers). As rni_os_memory_each. */
int rni_os_kept_each(int process, void (*fn)(uintptr_t word, void *arg), void *arg);

/* Copies n bytes of memory that may not be there. Returns how many; what is missing is at the
 * end. Or an error: the system does not let memory be read so. */
ssize_t rni_os_peek(void *to, uintptr_t from, size_t n);

/* The bounds of the calling thread's own stack. 0 or an error. */
int rni_os_own_stack(rni_os_range *out);

/* ---- readiness ---- */

enum { RNI_OS_READ = 1, RNI_OS_WRITE = 2 };

typedef struct rni_os_event {
    uint64_t key; /* as given to _arm; RNI_OS_KEY_WAKE for rni_os_poller_wake */
    unsigned events;
} rni_os_event;
#define RNI_OS_KEY_WAKE UINT64_MAX

/* Opens the poller, of which a process has one. */
int rni_os_poller_open(void);
void rni_os_poller_close(void);
/* Reports fd's readiness for events once, with key, then is silent until armed again; events = 0
 * forgets fd. -EPERM: fd cannot be polled (a regular file: always ready). */
int rni_os_poller_arm(int fd, unsigned events, uint64_t key);
/* Waits at most timeout_ns (negative: for ever) and stores up to n events; returns how many. One
 * thread at a time. */
int rni_os_poller_wait(rni_os_event *events, int n, int64_t timeout_ns);
/* Makes the present or next _wait return. Any thread. */
void rni_os_poller_wake(void);

typedef struct rni_os_fd {
    int fd;          /* negative: left out */
    unsigned events; /* RNI_OS_READ | RNI_OS_WRITE */
    int ready;       /* out: those it is ready for, 0, or a negative error */
} rni_os_fd;

/* What the n descriptors are ready for; waits on the thread for the first that is, at most
 * timeout_ns (negative: for ever). Returns how many have ready != 0, which may be none, early, too;
 * or a negative error. Allocates for more than a few, but never if timeout_ns is 0 and n is 1. */
int rni_os_poll(rni_os_fd *fds, size_t n, int64_t timeout_ns);

/* A descriptor that is readable from one signal until it is taken. _open returns it or a negative
 * error; the caller closes it. */
int rni_os_event_open(void);
void rni_os_event_signal(int fd);
bool rni_os_event_take(int fd);
void rni_os_event_close(int fd);

#endif
