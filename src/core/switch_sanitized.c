/* SPDX-License-Identifier: MIT */
/*
 * The switch in sanitizer builds. ASan must know which stack is current and keeps a fake stack per
 * context; TSan must know which fiber runs. Nothing here is instrumented, and each announcement
 * stands directly beside the switch, because an instrumented frame that began on one stack must not
 * end on another.
 *
 * ASan: a stack that is left for good passes NULL, so that its fake stack is freed.
 * TSan: a task's fiber exists from its first step to its end. The trampoline between two tasks, and
 * the loop, run as the thread's own fiber.
 */
#include "core/san.h"
#include "core/switch.h"

#ifdef RNI_SANITIZED

#define _GNU_SOURCE
#include <pthread.h>

#include "core/stack.h"
#include "core/worker.h"

#ifdef __clang__
#define RNI_PLAIN __attribute__((noinline, disable_sanitizer_instrumentation))
#else
#define RNI_PLAIN __attribute__((noinline, no_sanitize("address", "thread")))
#endif

#ifdef RNI_ASAN
void __sanitizer_start_switch_fiber(void **fake_stack_save, const void *bottom, size_t size);
void __sanitizer_finish_switch_fiber(void *fake_stack_save, const void **bottom, size_t *size);
void __asan_unpoison_memory_region(void const volatile *addr, size_t size);
int pthread_getattr_np(pthread_t t, pthread_attr_t *attr);

/* The bounds of a context's stack, for ASan: a task's usable part, or the thread's own stack. */
RNI_PLAIN static void announce(void **save, rni_task *to)
{
    char *limit = to->stack_limit;
    size_t size = to->stack_size;
    __sanitizer_start_switch_fiber(save, limit, size);
}
#define ASAN_LEAVE(save, to) announce((save), (to))
#define ASAN_ARRIVE(t) __sanitizer_finish_switch_fiber((t)->san_fake, NULL, NULL)
#else
#define ASAN_LEAVE(save, to) ((void)(save))
#define ASAN_ARRIVE(t) ((void)(t))
#endif

#ifdef RNI_TSAN
void *__tsan_get_current_fiber(void);
void *__tsan_create_fiber(unsigned flags);
void __tsan_destroy_fiber(void *fiber);
void __tsan_switch_to_fiber(void *fiber, unsigned flags);
enum { NO_SYNC = 1 };
#endif

/* The fiber to run as on arrival at `to`: its own if it is a parked task, the thread's if it is the
 * loop or a stack whose trampoline has not begun a task. */
RNI_PLAIN static void tsan_leave(rni_task *to)
{
#ifdef RNI_TSAN
    void *fiber = to->san_fiber;
    __tsan_switch_to_fiber(fiber ? fiber : to->worker->loop.san_fiber, NO_SYNC);
#else
    (void)to;
#endif
}

RNI_PLAIN int rni_switch(rni_task *from, rni_task *to)
{
    ASAN_LEAVE(&from->san_fake, to);
    tsan_leave(to);
    int rc = rni_arch_switch(&from->context, &to->context);
    ASAN_ARRIVE(from);
    RNI_EDGE_IN(from);
    RNI_EDGE_IN(from->worker); /* the thread's own start, where its thread-locals were made */
    return rc;
}

RNI_PLAIN void rni_switch_leave(rni_task *from, rni_task *to)
{
    (void)from;
    ASAN_LEAVE(NULL, to);
    tsan_leave(to);
    rni_arch_leave(&to->context);
}

RNI_PLAIN void rni_switch_arrived(rni_task *t)
{
    t->san_fake = NULL;
    ASAN_ARRIVE(t);
}

RNI_PLAIN void rni_fiber_begin(rni_task *t)
{
#ifdef RNI_TSAN
    t->san_fiber = __tsan_create_fiber(0);
    __tsan_switch_to_fiber(t->san_fiber, NO_SYNC);
    RNI_EDGE_IN(t->worker);
#else
    (void)t;
#endif
}

RNI_PLAIN void rni_fiber_end(rni_task *t)
{
#ifdef RNI_TSAN
    void *fiber = t->san_fiber;
    t->san_fiber = NULL;
    __tsan_switch_to_fiber(t->worker->loop.san_fiber, NO_SYNC);
    __tsan_destroy_fiber(fiber);
#else
    (void)t;
#endif
}

RNI_PLAIN void rni_switch_thread_init(rni_task *loop)
{
#ifdef RNI_TSAN
    loop->san_fiber = __tsan_get_current_fiber();
    RNI_EDGE_OUT(RNI_CONTAINER(loop, rni_worker, loop));
#endif
#ifdef RNI_ASAN
    pthread_attr_t attr;
    void *base = NULL;
    size_t size = 0;
    if (pthread_getattr_np(pthread_self(), &attr) == 0) {
        pthread_attr_getstack(&attr, &base, &size);
        pthread_attr_destroy(&attr);
    }
    loop->stack_limit = base;
    loop->stack_size = size;
#else
    (void)loop;
#endif
}

#endif
