/* SPDX-License-Identifier: MIT */
/*
 * How much of their stacks tasks use, where RUNNEL_STACK_REPORT asks for it.
 *
 * Before a task begins, what lies below it on the stack is painted with one word; afterwards the
 * lowest word of another value is the lowest that was written. Painted is down to the lowest page
 * that has memory, so that no page is touched because it is measured. A page that the task is the
 * first to touch has zeros instead of paint: it counts from its lowest word that is not zero, and
 * as a whole if all are, because a stack probe writes zeros. So what is found is short of the truth
 * by what a frame has reserved below its last write, and by zeros at the end of a fresh page; and
 * beyond it by less than a page.
 *
 * The task's function is measured, with all that the library does on its stack until its group has
 * learnt of the end. What the scheduler does between two tasks on the same stack is not. By then
 * the task's name may be gone, so its row in the table is looked up when it begins.
 *
 * A tiny stack shares its pages with others and is painted as a whole, but for the word at its
 * bottom; it has to have room for what is called here, too. No tiny one is ever proposed: without a
 * guard, what was seen is not enough to go by.
 *
 * Once it is on it stays on, because a task that was painted has to be looked at. It costs others
 * nothing: the trampoline's question whether TSan is there is asked for both.
 *
 * Sanitizers and Valgrind keep books of what is written where, and change the frames: nothing is
 * measured with them. `painted` is relaxed: who reads it from outside gets a guess anyway.
 */
#include "core/depth.h"

#include "arch/valgrind.h"
#include "base/san.h"
#include "core/hooks.h"
#include "core/stack.h"
#include "os/os.h"

enum { FRAMES = 192 /* of painting itself */, ABOVE = 2048 /* the first frame */ };

static const uint64_t paint_word = 0xb5297a4d3f84d5b5;

const char *rni_depth_hindrance(void)
{
    uint64_t here = 0;
    uintptr_t page = (uintptr_t)&here & ~(uintptr_t)(rni_os_page() - 1);
    if (RNI_SAN != 0)
        return "a sanitizer is in the process, which changes what tasks use";
    if (rni_valgrind_runs())
        return "the program runs under Valgrind";
    if (rni_os_untouched((void *)page, rni_os_page()) != 0)
        return "the system does not tell which pages have memory";
    return NULL;
}

/* From low to just below the caller's frame. Its own is the lowest on the stack. */
static RNI_NOINLINE void paint(char *low)
{
    uint64_t *end = (uint64_t *)(void *)(((uintptr_t)__builtin_frame_address(0) - FRAMES) & ~7UL);
    for (uint64_t *p = (uint64_t *)(void *)low; p < end; p++)
        *(volatile uint64_t *)p = paint_word;
}

/* The lowest byte of t's stack that has memory and is free to be used. */
static char *lowest_page(const rni_task *t)
{
    char *limit = t->stack_limit;
    if (rni_stack_is_tiny(t))
        return limit + sizeof(uint64_t); /* the word that tells of an overflow */
    ptrdiff_t n = rni_os_untouched(limit, t->stack_size);
    return limit + (n < 0 ? 0 : n);
}

void rni_depth_measure(void)
{
#if defined(RNI_SAN_FOUND)
    __atomic_store_n(&rni_san.fibers, 1, __ATOMIC_RELAXED);
#endif
}

void rni_depth_begin(rni_task *t, const rni_spawn *s)
{
    if (s->internal)
        return;
    t->depth_row = rni_report_depth_of(atomic_load_explicit(&s->name, memory_order_relaxed),
                                       atomic_load_explicit(&s->site, memory_order_relaxed),
                                       t->stack_class);
    char *low = lowest_page(t);
    atomic_store_explicit(&t->painted, low, memory_order_relaxed);
    paint(low);
}

/* Another thread may look at a stack that is in use, of which a compiler is to know nothing. */
static const uint64_t *first_other(const char *from, const char *end, uint64_t word)
{
    const volatile uint64_t *p = (const volatile uint64_t *)(const volatile void *)from;
    while ((const volatile char *)p < end && *p == word)
        p++;
    return (const uint64_t *)p;
}

size_t rni_depth_of(const rni_task *t)
{
    const char *top = (const char *)((uintptr_t)t & ~(uintptr_t)63);
    const char *painted = atomic_load_explicit(&t->painted, memory_order_relaxed);
    const char *low = lowest_page(t);
    if (painted && low >= painted) /* or else it has touched a fresh page */
        return (size_t)(top - (const char *)first_other(painted, top, paint_word));
    const char *end = low + rni_os_page() < top ? low + rni_os_page() : top;
    const char *used = (const char *)first_other(low, end, 0);
    return (size_t)(top - (used < end ? used : low));
}

/* One that began before depths were measured is not painted. */
void rni_depth_end(rni_task *t)
{
    if (!rni_depth_known(t))
        return;
    size_t used = rni_depth_of(t);
    atomic_store_explicit(&t->painted, NULL, memory_order_relaxed);
    rni_report_depth(t->depth_row, used);
}

size_t rni_depth_class_bytes(unsigned stack_class)
{
    return rni_stack_usable(stack_class);
}

size_t rni_depth_class(size_t bytes)
{
    _Static_assert(sizeof(rni_task) + 1024 <= ABOVE, "the record and its colour fit");
    for (unsigned cls = 0; cls < RNI_STACK_GUARDED; cls++)
        if (rni_stack_usable(cls) >= bytes + ABOVE)
            return rni_stack_usable(cls);
    return 0;
}
