/* SPDX-License-Identifier: MIT */
/* What rn_verify_none is silent about: references in variables, threads and tasks. */
/* kit: not-under-tsan */
#define _GNU_SOURCE
#include "kit/places.h"

#include <fcntl.h>
#include <pthread.h>
#include <semaphore.h>
#include <sys/mman.h>

/* ---- variables ---- */

static void plant_global(rn_group *g)
{
    global = waiter(g);
}

struct box {
    char pad[40];
    chan_int c;
};
static struct box *volatile boxed;
static void plant_heap(rn_group *g)
{
    boxed = calloc(1, sizeof *boxed);
    boxed->c = waiter(g);
}
static void uproot_boxed(void)
{
    boxed->c = NULL;
}

static volatile struct __attribute__((packed)) {
    char tag;
    chan_int c;
} packed;
static void plant_packed(rn_group *g)
{
    packed.c = waiter(g);
}
static void uproot_packed(void)
{
    packed.c = NULL;
}

static void map_box(int fd, int flags)
{
    boxed = mmap(NULL, 1 << 16, PROT_READ | PROT_WRITE, flags, fd, 0);
    CHECK(boxed != MAP_FAILED);
    boxed = (struct box *)(void *)((char *)boxed + 0x5008);
}
static void plant_mapping(rn_group *g)
{
    map_box(-1, MAP_PRIVATE | MAP_ANONYMOUS);
    boxed->c = waiter(g);
}
static void plant_shared(rn_group *g)
{
    int fd = memfd_create("shared", MFD_CLOEXEC);
    CHECK_EQ(ftruncate(fd, 1 << 16), 0);
    map_box(fd, MAP_SHARED);
    close(fd);
    boxed->c = waiter(g);
}
static void protect(int how)
{
    uintptr_t page = (uintptr_t)boxed & ~(uintptr_t)4095;
    CHECK_EQ(mprotect((void *)page, 4096, how), 0);
}
static void plant_read_only(rn_group *g)
{
    plant_mapping(g);
    protect(PROT_READ);
}
static void plant_read_only_shared(rn_group *g)
{
    plant_shared(g);
    protect(PROT_READ);
}
/* In a page of the program's file, until it is written. */
static char data[2 << 16] __attribute__((aligned(1 << 16))) = "not zero";
static void plant_read_only_data(rn_group *g)
{
    boxed = (struct box *)(void *)(data + 8);
    boxed->c = waiter(g);
    protect(PROT_READ);
}
static void uproot_read_only(void)
{
    protect(PROT_READ | PROT_WRITE);
    boxed->c = NULL;
}

/* ---- threads ---- */

static sem_t thread_ready, thread_go;
static pthread_t thread;
static _Atomic(bool) thread_stop;
static chan_int volatile passed; /* to the thread, and not kept */

static void (*hold)(void);
static void *thread_main(void *arg)
{
    hold();
    clear_stack(); /* the C library keeps the stacks of threads that have ended */
    return arg;
}
static void run_thread(void (*fn)(void))
{
    hold = fn;
    sem_init(&thread_ready, 0, 0);
    sem_init(&thread_go, 0, 0);
    CHECK_EQ(pthread_create(&thread, NULL, thread_main, NULL), 0);
    while (sem_wait(&thread_ready) != 0) {}
}
static void start_thread(rn_group *g, void (*fn)(void))
{
    passed = waiter(g);
    run_thread(fn);
}
static void stop_thread(void)
{
    atomic_store(&thread_stop, true);
    sem_post(&thread_go);
    CHECK_EQ(pthread_join(thread, NULL), 0);
}

static chan_int take_passed(void)
{
    chan_int c = passed;
    passed = NULL;
    return c;
}

static void hold_on_stack(void)
{
    chan_int volatile mine = take_passed();
    sem_post(&thread_ready);
    while (sem_wait(&thread_go) != 0) {}
    mine = NULL;
    (void)mine;
}
static void plant_thread_stack(rn_group *g)
{
    start_thread(g, hold_on_stack);
}

static __thread chan_int volatile thread_local_chan;
static void hold_in_thread_local(void)
{
    thread_local_chan = take_passed();
    sem_post(&thread_ready);
    while (sem_wait(&thread_go) != 0) {}
    thread_local_chan = NULL;
}
static void plant_thread_local(rn_group *g)
{
    start_thread(g, hold_in_thread_local);
}

static _Atomic(bool) thread_may_take, thread_holds;
/* Nothing is called once the reference is there, so that no call leaves it on the stack. */
static void hold_in_register(void)
{
    sem_post(&thread_ready);
    while (!atomic_load_explicit(&thread_may_take, memory_order_acquire)) {}
    register uintptr_t mine = (uintptr_t)passed;
    passed = NULL;
    atomic_store_explicit(&thread_holds, true, memory_order_release);
    while (!atomic_load_explicit(&thread_stop, memory_order_relaxed))
        __asm__ volatile("" : "+r"(mine));
}
static void let_take(void)
{
    atomic_store_explicit(&thread_may_take, true, memory_order_release);
    while (!atomic_load_explicit(&thread_holds, memory_order_acquire))
        rn_yield();
}
static void plant_register(rn_group *g)
{
    start_thread(g, hold_in_register);
    let_take();
}

#if defined(__x86_64__) || defined(__aarch64__)
#if defined(__x86_64__)
#define VECTOR "+x"
#else
#define VECTOR "+w"
#endif
typedef uint64_t vector __attribute__((vector_size(16)));
static volatile vector passed_vector;
static void hold_in_vector(void)
{
    sem_post(&thread_ready);
    while (!atomic_load_explicit(&thread_may_take, memory_order_acquire)) {}
    vector mine = passed_vector; /* in one step */
    passed_vector = (vector){ 0, 0 };
    atomic_store_explicit(&thread_holds, true, memory_order_release);
    while (!atomic_load_explicit(&thread_stop, memory_order_relaxed))
        __asm__ volatile("" : VECTOR(mine));
}
static void plant_vector(rn_group *g)
{
    passed_vector = (vector){ (uintptr_t)waiter(g), 0 };
    run_thread(hold_in_vector);
    let_take();
}
#endif

/* A thread waits in the library, and holds the channel that a task waits on. */
static void receive_as_thread(void)
{
    chan_int volatile in = take_passed();
    int v;
    sem_post(&thread_ready);
    int rc = rn_recv(global, &v);
    in = NULL;
    (void)in;
    CHECK_EQ(rc, 0);
}
static void plant_waiting_thread(rn_group *g)
{
    global = rn_make(g, int, 0);
    start_thread(g, receive_as_thread);
}
static void answer_thread(void)
{
    CHECK_EQ(rn_send(global, 1), 0);
    CHECK_EQ(pthread_join(thread, NULL), 0);
}

/* ---- other tasks ---- */

static void plant_runnable(rn_group *g)
{
    CHECK_EQ(rn_go(g, yield_with, waiter(g)), 0);
}

static void plant_sleeper(rn_group *g)
{
    CHECK_EQ(rn_go(g, sleep_with, waiter(g)), 0);
}

static int pipe_ends[2];
static int read_with(rn_chan(int) c)
{
    int rc = rn_fd_wait(pipe_ends[0], RN_READABLE, RN_FOREVER);
    return rc < 0 ? rc : rn_send(c, 1);
}
RN_TASK(read_with, rn_chan(int));
static void plant_reader(rn_group *g)
{
    CHECK_EQ(pipe(pipe_ends), 0);
    CHECK_EQ(rn_go(g, read_with, waiter(g)), 0);
}
static void close_pipe(void)
{
    close(pipe_ends[1]);
    until_dumped("_with [", 0);
    close(pipe_ends[0]);
}

static int select_fd_with(rn_chan(int) c)
{
    unsigned ready;
    int rc = rn_select(RN_FD(pipe_ends[0], RN_READABLE, &ready));
    return rc < 0 ? rc : rn_send(c, 1);
}
RN_TASK(select_fd_with, rn_chan(int));
static void plant_fd_selector(rn_group *g)
{
    CHECK_EQ(pipe(pipe_ends), 0);
    CHECK_EQ(rn_go(g, select_fd_with, waiter(g)), 0);
}

static int block_thread(void *arg)
{
    void *volatile mine = arg;
    sem_post(&thread_ready);
    while (sem_wait(&thread_go) != 0) {}
    mine = NULL;
    (void)mine;
    return 0;
}
static int call_blocking(rn_chan(int) c)
{
    return rn_blocking(block_thread, (void *)c);
}
RN_TASK(call_blocking, rn_chan(int));
static void plant_helper(rn_group *g)
{
    sem_init(&thread_ready, 0, 0);
    sem_init(&thread_go, 0, 0);
    CHECK_EQ(rn_go(g, call_blocking, waiter(g)), 0);
}
static void release_helper(void)
{
    sem_post(&thread_go);
    until_dumped("blocking call", 0);
}

enum { CHAIN = 20 };
static int pass_on(rn_receiver(int) in, rn_sender(int) out)
{
    int v, rc = rn_recv(in, &v);
    return rc ? rc : rn_send(out, v);
}
RN_TASK(pass_on, rn_receiver(int), rn_sender(int));
/* Each holds the channel of the next; the first waits on a global. */
static void plant_chain(rn_group *g)
{
    chan_int next = waiter(g);
    for (int i = 1; i < CHAIN; i++) {
        chan_int c = rn_make(g, int, 0);
        CHECK_EQ(rn_go(g, pass_on, rn_rx(c), rn_tx(next)), 0);
        next = c;
    }
    global = next;
}

static struct box *volatile in_a_stack;
static int lend_stack(rn_chan(int) c)
{
    struct box mine = { .c = c };
    int v;
    in_a_stack = &mine;
    return rn_recv((rn_chan(int))NULL, &v);
}
RN_TASK(lend_stack, rn_chan(int));
/* That task is leaked itself; but its stack can be got at. */
static void plant_in_lent_stack(rn_group *g)
{
    CHECK_EQ(rn_go(g, lend_stack, waiter(g)), 0);
}
static void uproot_lent_stack(void)
{
    in_a_stack = NULL;
}

/* ---- the places ---- */

PLACE(a_global, plant_global, uproot_global, 0, 1, RECEIVES, 1)
PLACE(the_heap, plant_heap, uproot_boxed, 0, 1, RECEIVES, 1)
PLACE(a_packed_structure, plant_packed, uproot_packed, 0, 1, RECEIVES, 1)
PLACE(a_mapping, plant_mapping, uproot_boxed, 0, 1, RECEIVES, 1)
PLACE(a_shared_mapping, plant_shared, uproot_boxed, 0, 1, RECEIVES, 1)
PLACE(a_read_only_page, plant_read_only, uproot_read_only, 0, 1, RECEIVES, 1)
PLACE(a_read_only_shared_page, plant_read_only_shared, uproot_read_only, 0, 1, RECEIVES, 1)
PLACE(a_read_only_variable, plant_read_only_data, uproot_read_only, 0, 1, RECEIVES, 1)
PLACE(the_stack_of_a_thread, plant_thread_stack, stop_thread, 0, 1, RECEIVES, 1)
PLACE(a_thread_local, plant_thread_local, stop_thread, 0, 1, RECEIVES, 1)
PLACE(a_register_of_a_thread, plant_register, stop_thread, 0, 1, RECEIVES, 1)
PLACE(a_vector_register_of_a_thread, plant_vector, stop_thread, 0, 1, RECEIVES, 1)
PLACE(a_thread_that_waits, plant_waiting_thread, answer_thread, 0, 1, RECEIVES, 1)
PLACE(a_runnable_task, plant_runnable, stop_tasks, 0, 1, RECEIVES, 1)
PLACE(a_sleeping_task, plant_sleeper, NULL, 0, 0, "[sleep]", 1)
PLACE(a_task_that_waits_for_a_descriptor, plant_reader, close_pipe, 0, 0, "IO wait", 1)
PLACE(a_select_with_a_descriptor, plant_fd_selector, close_pipe, 0, 0, "[select]", 1)
PLACE(a_blocking_call, plant_helper, release_helper, 0, 1, "blocking call", 1)
PLACE(a_chain_of_waiting_tasks, plant_chain, uproot_global, 0, CHAIN, "[chan receive", CHAIN)
PLACE(what_is_in_a_lent_stack, plant_in_lent_stack, uproot_lent_stack, 1, 2, "(nil chan)", 1)
