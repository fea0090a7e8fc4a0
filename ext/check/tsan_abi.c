/* SPDX-License-Identifier: MIT */
/*
 * What gcc and clang call in code compiled with -fsanitize=thread, instead of libtsan: every read
 * and write of memory that others might see, every atomic operation, and the functions that copy
 * and fill memory. Outside of an execution, and for what the checker does itself, the atomic
 * operations are done as they stand, and the rest is nothing.
 *
 * gcc expands short copies and fills in place after it has inserted its calls; those it does not
 * report. Atomic operations on 16 bytes are not offered: the program does not link.
 */
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

#include "engine.h"

#define PC __builtin_return_address(0)

/* ---- plain accesses ---- */

static inline void plain(const volatile void *address, size_t bytes, bool write, const void *pc)
{
    if (!rni_ck_user || bytes == 0)
        return;
    rni_ck_user = 0;
    rni_ck_plain((uintptr_t)address, bytes, write, pc);
    rni_ck_user = 1;
}

#define ACCESS(name, bytes, write)                                                                 \
    void __tsan_##name(void *address);                                                             \
    void __tsan_##name(void *address)                                                              \
    {                                                                                              \
        plain(address, bytes, write, PC);                                                          \
    }
#define ACCESSES(bytes)                                                                            \
    ACCESS(read##bytes, bytes, false)                                                              \
    ACCESS(write##bytes, bytes, true)                                                              \
    ACCESS(read_write##bytes, bytes, true)                                                         \
    ACCESS(unaligned_read##bytes, bytes, false)                                                    \
    ACCESS(unaligned_write##bytes, bytes, true)                                                    \
    ACCESS(unaligned_read_write##bytes, bytes, true)                                               \
    ACCESS(volatile_read##bytes, bytes, false)                                                     \
    ACCESS(volatile_write##bytes, bytes, true)                                                     \
    ACCESS(unaligned_volatile_read##bytes, bytes, false)                                           \
    ACCESS(unaligned_volatile_write##bytes, bytes, true)

ACCESSES(1)
ACCESSES(2)
ACCESSES(4)
ACCESSES(8)
ACCESSES(16)
ACCESS(vptr_read, sizeof(void *), false)

void __tsan_vptr_update(void **address, void *value);
void __tsan_vptr_update(void **address, void *value)
{
    if (*address != value)
        plain(address, sizeof *address, true, PC);
}

void __tsan_read_range(void *address, size_t bytes);
void __tsan_read_range(void *address, size_t bytes)
{
    plain(address, bytes, false, PC);
}

void __tsan_write_range(void *address, size_t bytes);
void __tsan_write_range(void *address, size_t bytes)
{
    plain(address, bytes, true, PC);
}

bool rni_ck_instrumented;

/* Each file that is compiled with the flag calls it before main. */
void __tsan_init(void);
void __tsan_init(void)
{
    rni_ck_instrumented = true;
}

void __tsan_func_entry(void *pc);
void __tsan_func_entry(void *pc)
{
    (void)pc;
}

void __tsan_func_exit(void);
void __tsan_func_exit(void)
{
}

void __tsan_ignore_thread_begin(void);
void __tsan_ignore_thread_begin(void)
{
}

void __tsan_ignore_thread_end(void);
void __tsan_ignore_thread_end(void)
{
}

/* ---- atomic accesses ---- */

/* Compilers may pass flags above the order itself. */
static inline int order_of(int order)
{
    return order & 0x7fff;
}

/* NOLINTBEGIN(bugprone-macro-parentheses): they are names. */
#define FETCH(bits, name, what, outside)                                                           \
    uint##bits##_t __tsan_atomic##bits##_##name(volatile uint##bits##_t *a, uint##bits##_t v,      \
                                                int order);                                        \
    uint##bits##_t __tsan_atomic##bits##_##name(volatile uint##bits##_t *a, uint##bits##_t v,      \
                                                int order)                                         \
    {                                                                                              \
        if (!rni_ck_user)                                                                          \
            return outside(a, v, __ATOMIC_SEQ_CST);                                                \
        rni_ck_user = 0;                                                                           \
        uint64_t old = rni_ck_update((uintptr_t)a, bits / 8, what, v, order_of(order), PC);        \
        rni_ck_user = 1;                                                                           \
        return (uint##bits##_t)old;                                                                \
    }

#define COMPARE(bits, name, weak)                                                                  \
    int __tsan_atomic##bits##_compare_exchange_##name(                                             \
        volatile uint##bits##_t *a, uint##bits##_t *expected, uint##bits##_t desired, int order,   \
        int failed_order);                                                                         \
    int __tsan_atomic##bits##_compare_exchange_##name(                                             \
        volatile uint##bits##_t *a, uint##bits##_t *expected, uint##bits##_t desired, int order,   \
        int failed_order)                                                                          \
    {                                                                                              \
        if (!rni_ck_user)                                                                          \
            return __atomic_compare_exchange_n(a, expected, desired, false, __ATOMIC_SEQ_CST,      \
                                               __ATOMIC_SEQ_CST);                                  \
        bool done;                                                                                 \
        rni_ck_user = 0;                                                                           \
        uint64_t old = rni_ck_compare((uintptr_t)a, bits / 8, *expected, desired, order_of(order), \
                                      order_of(failed_order), weak, &done, PC);                    \
        rni_ck_user = 1;                                                                           \
        if (!done)                                                                                 \
            *expected = (uint##bits##_t)old;                                                       \
        return done;                                                                               \
    }

#define ATOMICS(bits)                                                                              \
    uint##bits##_t __tsan_atomic##bits##_load(const volatile uint##bits##_t *a, int order);        \
    uint##bits##_t __tsan_atomic##bits##_load(const volatile uint##bits##_t *a, int order)         \
    {                                                                                              \
        if (!rni_ck_user)                                                                          \
            return __atomic_load_n(a, __ATOMIC_SEQ_CST);                                           \
        rni_ck_user = 0;                                                                           \
        uint64_t v = rni_ck_load((uintptr_t)a, bits / 8, order_of(order), PC);                     \
        rni_ck_user = 1;                                                                           \
        return (uint##bits##_t)v;                                                                  \
    }                                                                                              \
    void __tsan_atomic##bits##_store(volatile uint##bits##_t *a, uint##bits##_t v, int order);     \
    void __tsan_atomic##bits##_store(volatile uint##bits##_t *a, uint##bits##_t v, int order)      \
    {                                                                                              \
        if (!rni_ck_user) {                                                                        \
            __atomic_store_n(a, v, __ATOMIC_SEQ_CST);                                              \
            return;                                                                                \
        }                                                                                          \
        rni_ck_user = 0;                                                                           \
        rni_ck_store_value((uintptr_t)a, bits / 8, v, order_of(order), PC);                        \
        rni_ck_user = 1;                                                                           \
    }                                                                                              \
    uint##bits##_t __tsan_atomic##bits##_compare_exchange_val(                                     \
        volatile uint##bits##_t *a, uint##bits##_t expected, uint##bits##_t desired, int order,    \
        int failed_order);                                                                         \
    uint##bits##_t __tsan_atomic##bits##_compare_exchange_val(                                     \
        volatile uint##bits##_t *a, uint##bits##_t expected, uint##bits##_t desired, int order,    \
        int failed_order)                                                                          \
    {                                                                                              \
        bool done;                                                                                 \
        if (!rni_ck_user) {                                                                        \
            __atomic_compare_exchange_n(a, &expected, desired, false, __ATOMIC_SEQ_CST,            \
                                        __ATOMIC_SEQ_CST);                                         \
            return expected;                                                                       \
        }                                                                                          \
        rni_ck_user = 0;                                                                           \
        uint64_t old = rni_ck_compare((uintptr_t)a, bits / 8, expected, desired, order_of(order),  \
                                      order_of(failed_order), false, &done, PC);                   \
        rni_ck_user = 1;                                                                           \
        return (uint##bits##_t)old;                                                                \
    }                                                                                              \
    FETCH(bits, exchange, RNI_CK_SET, __atomic_exchange_n)                                         \
    FETCH(bits, fetch_add, RNI_CK_ADD, __atomic_fetch_add)                                         \
    FETCH(bits, fetch_sub, RNI_CK_SUB, __atomic_fetch_sub)                                         \
    FETCH(bits, fetch_and, RNI_CK_AND, __atomic_fetch_and)                                         \
    FETCH(bits, fetch_or, RNI_CK_OR, __atomic_fetch_or)                                            \
    FETCH(bits, fetch_xor, RNI_CK_XOR, __atomic_fetch_xor)                                         \
    FETCH(bits, fetch_nand, RNI_CK_NAND, __atomic_fetch_nand)                                      \
    COMPARE(bits, strong, false)                                                                   \
    COMPARE(bits, weak, true)

/* NOLINTEND(bugprone-macro-parentheses) */

ATOMICS(8)
ATOMICS(16)
ATOMICS(32)
ATOMICS(64)

void __tsan_atomic_thread_fence(int order);
void __tsan_atomic_thread_fence(int order)
{
    if (!rni_ck_user) {
        __atomic_thread_fence(__ATOMIC_SEQ_CST);
        return;
    }
    rni_ck_user = 0;
    rni_ck_fence(order_of(order), PC);
    rni_ck_user = 1;
}

void __tsan_atomic_signal_fence(int order);
void __tsan_atomic_signal_fence(int order)
{
    (void)order;
}

/* ---- the C library's functions that touch memory ---- */

/* volatile, or the compiler would make the loops calls of what they are in. */
typedef uint64_t word __attribute__((may_alias, aligned(1)));

static void *copy(void *to, const void *from, size_t bytes)
{
    volatile char *t = to;
    const char *f = from;
    if ((uintptr_t)to - (uintptr_t)from >= bytes) {
        for (; bytes >= sizeof(word); bytes -= sizeof(word), t += sizeof(word), f += sizeof(word))
            *(volatile word *)t = *(const word *)f;
        for (size_t i = 0; i < bytes; i++)
            t[i] = f[i];
    } else {
        for (size_t i = bytes; i-- > 0;)
            t[i] = f[i];
    }
    return to;
}

static void *fill(void *to, int c, size_t bytes)
{
    volatile char *t = to;
    word value = 0x0101010101010101 * (uint64_t)(unsigned char)c;
    for (; bytes >= sizeof(word); bytes -= sizeof(word), t += sizeof(word))
        *(volatile word *)t = value;
    for (size_t i = 0; i < bytes; i++)
        t[i] = (char)c;
    return to;
}

#define COPIES(name)                                                                               \
    void *name(void *to, const void *from, size_t bytes);                                          \
    void *name(void *to, const void *from, size_t bytes)                                           \
    {                                                                                              \
        plain(from, bytes, false, PC);                                                             \
        plain(to, bytes, true, PC);                                                                \
        return copy(to, from, bytes);                                                              \
    }
#define FILLS(name)                                                                                \
    void *name(void *to, int c, size_t bytes);                                                     \
    void *name(void *to, int c, size_t bytes)                                                      \
    {                                                                                              \
        plain(to, bytes, true, PC);                                                                \
        return fill(to, c, bytes);                                                                 \
    }

COPIES(memcpy)
COPIES(memmove)
COPIES(__tsan_memcpy)
COPIES(__tsan_memmove)
FILLS(memset)
FILLS(__tsan_memset)

int sched_yield(void);
int sched_yield(void)
{
    rn_check_spin();
    return 0;
}

void thrd_yield(void);
void thrd_yield(void)
{
    rn_check_spin();
}
