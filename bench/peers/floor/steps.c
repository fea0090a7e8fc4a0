/* SPDX-License-Identifier: MIT */
/* The floors that are made of instructions: a switch, a queue, a lock, a loop. */
#include "floor.h"

#include <stdatomic.h>

#if defined(__x86_64__)

/* Where the other of the two loops goes on. */
typedef struct place {
    void *stack, *code;
} place;

static place other;

/*
 * Goes on where the other loop stopped, and remembers this place. All in line, and every register
 * is lost but the two that hold the stack and the frame: less cannot be saved. The 128 bytes are
 * the red zone.
 */
#define SWITCH()                                                                                   \
    __asm__ volatile("leaq -128(%%rsp), %%rsp\n\t"                                                 \
                     "pushq %%rbp\n\t"                                                             \
                     "leaq 1f(%%rip), %%rax\n\t"                                                   \
                     "movq 8(%0), %%rcx\n\t"                                                       \
                     "movq %%rax, 8(%0)\n\t"                                                       \
                     "movq (%0), %%rax\n\t"                                                        \
                     "movq %%rsp, (%0)\n\t"                                                        \
                     "movq %%rax, %%rsp\n\t"                                                       \
                     "jmp *%%rcx\n"                                                                \
                     "1:\n\t"                                                                      \
                     "popq %%rbp\n\t"                                                              \
                     "leaq 128(%%rsp), %%rsp"                                                      \
                     :                                                                             \
                     : "D"(&other)                                                                 \
                     : "rax", "rbx", "rcx", "rdx", "rsi", "r8", "r9", "r10", "r11", "r12", "r13",  \
                       "r14", "r15", "memory", "cc", "xmm0", "xmm1", "xmm2", "xmm3", "xmm4",       \
                       "xmm5", "xmm6", "xmm7", "xmm8", "xmm9", "xmm10", "xmm11", "xmm12", "xmm13", \
                       "xmm14", "xmm15")

static int64_t half, up_sum, down_sum;

/* Both loops keep their numbers in their frames, as what has no register left does. */
static void down(void)
{
    volatile int64_t sum = 0;
    for (volatile int64_t i = half; i > 0; i--) {
        sum ^= i * i;
        SWITCH();
    }
    down_sum = sum;
    for (;;)
        SWITCH();
}

__attribute__((noinline)) static void up(void)
{
    volatile int64_t sum = 0;
    for (volatile int64_t i = 0; i < half; i++) {
        sum += i;
        SWITCH();
    }
    SWITCH(); /* the last of down */
    up_sum = sum;
}

int64_t floor_yield(int64_t n, size_t capacity)
{
    static _Alignas(16) char stack[16384];
    (void)capacity;
    half = n / 2;
    other = (place){ .stack = stack + sizeof stack - 8 };
    other.code = (void *)(uintptr_t)down;
    up();
    return up_sum + down_sum;
}

#endif

/* A ring buffer that one thread fills and empties, by calls, as of a library. */
typedef struct queue {
    uint64_t head, tail, mask;
    int64_t *items;
} queue;

__attribute__((noinline)) static int put(queue *q, int64_t item)
{
    if (q->tail - q->head > q->mask)
        return 0;
    q->items[q->tail++ & q->mask] = item;
    return 1;
}

__attribute__((noinline)) static int get(queue *q, int64_t *item)
{
    if (q->tail == q->head)
        return 0;
    *item = q->items[q->head++ & q->mask];
    return 1;
}

int64_t floor_buffered(int64_t n, size_t capacity)
{
    uint64_t size = 1;
    while (size < capacity)
        size *= 2;
    queue q = { .mask = size - 1, .items = floor_memory(size * sizeof(int64_t)) };
    int64_t sum = 0, item;
    for (int64_t i = 0; i < n;) {
        while (i < n && put(&q, i))
            i++;
        while (get(&q, &item))
            sum += item;
    }
    return sum;
}

/* The two atomic operations of a lock that others may wait for. */
int64_t floor_mutex(int64_t n, size_t capacity)
{
    static _Atomic int word;
    volatile int64_t count = 0;
    (void)capacity;
    for (int64_t i = 0; i < n / 8 * 8; i++) {
        int unlocked = 0;
        if (!atomic_compare_exchange_strong(&word, &unlocked, 1))
            return -1;
        count = count + 1;
        if (atomic_exchange(&word, 0) != 1)
            return -1;
    }
    return count;
}

/* A value that says its type, as the chapter's streams have them. */
typedef struct tagged {
    const void *type;
    const char *text;
} tagged;

/* The loop that a programmer would write: the words to a block, and the strings out of it. */
int64_t floor_fused(int64_t n, size_t capacity)
{
    enum { BLOCK = 64 };
    static const char string;
    const void *volatile type = &string;
    tagged words[BLOCK];
    int64_t check = 0;
    (void)capacity;
    for (int64_t i = 0; i < n;) {
        for (int k = 0; k < BLOCK; k++)
            words[k] = (tagged){ type, k % 2 ? "am." : "I" };
        for (int k = 0; k < BLOCK && i < n; k++, i++)
            check += words[k].type == &string ? (i + 1) * words[k].text[0] : 0;
    }
    return check;
}
