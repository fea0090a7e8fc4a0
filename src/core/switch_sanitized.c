/* SPDX-License-Identifier: MIT */
/*
 * The switch where a sanitizer's runtime is in the process. ASan must know which stack is current
 * and keeps a fake stack per context; MSan must know it, too; TSan must know which fiber runs.
 * Nothing here is instrumented, and each announcement stands directly beside the switch, because an
 * instrumented frame that began on one stack must not end on another.
 *
 * ASan: a stack that is left for good passes NULL, so that its fake stack is freed.
 * TSan: a task's fiber exists from its first step to its end. The trampoline between two tasks, and
 * the loop, run as the thread's own fiber. Where there is no TSan, begin and end are depth.c's.
 */
#define _GNU_SOURCE
#include <pthread.h>

#include "base/san.h"
#include "core/depth.h"
#include "core/stack.h"
#include "core/switch.h"
#include "core/worker.h"

#ifdef __clang__
#define RNI_PLAIN __attribute__((noinline, disable_sanitizer_instrumentation))
#else
#define RNI_PLAIN __attribute__((noinline, no_sanitize("address", "thread")))
#endif

RNI_WEAK void __sanitizer_start_switch_fiber(void **save, const void *bottom, size_t size);
RNI_WEAK void __sanitizer_finish_switch_fiber(void *save, const void **bottom, size_t *size);
RNI_WEAK void __msan_start_switch_fiber(const void *bottom, size_t size);
RNI_WEAK void __msan_finish_switch_fiber(const void **bottom, size_t *size);
RNI_WEAK void *__tsan_get_current_fiber(void);
RNI_WEAK void *__tsan_create_fiber(unsigned flags);
RNI_WEAK void __tsan_destroy_fiber(void *fiber);
RNI_WEAK void __tsan_switch_to_fiber(void *fiber, unsigned flags);
enum { NO_SYNC = 1 };

/* The stack of `to`: a task's usable part, or the thread's own. `save` is where the present one's
 * fake stack is kept, or NULL if it is left for good. */
RNI_PLAIN static void leave(void **save, rni_task *to)
{
    if (rni_san_is(RNI_SAN_ADDRESS))
        __sanitizer_start_switch_fiber(save, to->stack_limit, to->stack_size);
    if (rni_san_is(RNI_SAN_MEMORY))
        __msan_start_switch_fiber(to->stack_limit, to->stack_size);
    /* As its own fiber if it is a parked task, as the thread's if it is the loop or a stack whose
     * trampoline has not begun a task. */
    if (rni_san_is(RNI_SAN_THREAD)) {
        void *fiber = to->san_fiber;
        __tsan_switch_to_fiber(fiber ? fiber : to->worker->loop.san_fiber, NO_SYNC);
    }
}

RNI_PLAIN static void arrived(rni_task *t)
{
    if (rni_san_is(RNI_SAN_ADDRESS))
        __sanitizer_finish_switch_fiber(t->san_fake, NULL, NULL);
    if (rni_san_is(RNI_SAN_MEMORY)) {
        const void *bottom;
        size_t size;
        __msan_finish_switch_fiber(&bottom, &size);
    }
}

RNI_PLAIN int rni_switch_seen(rni_task *from, rni_task *to)
{
    rni_virtual_edge_out();
    leave(&from->san_fake, to);
    int rc = rni_arch_switch(&from->context, &to->context);
    arrived(from);
    RNI_EDGE_IN(from);
    RNI_EDGE_IN(from->worker); /* the thread's own start, where its thread-locals were made */
    return rc;
}

RNI_PLAIN void rni_switch_leave_seen(rni_task *from, rni_task *to)
{
    (void)from;
    leave(NULL, to);
    rni_arch_leave(&to->context);
}

RNI_PLAIN void rni_switch_arrived_seen(rni_task *t)
{
    t->san_fake = NULL;
    arrived(t);
}

RNI_PLAIN void rni_fiber_begin_seen(rni_task *t, const rni_spawn *s)
{
    if (!rni_san_is(RNI_SAN_THREAD)) {
        rni_depth_begin(t, s);
        return;
    }
    t->san_fiber = __tsan_create_fiber(0);
    __tsan_switch_to_fiber(t->san_fiber, NO_SYNC);
    RNI_EDGE_IN(t->worker);
    RNI_EDGE_IN(s);
    RNI_EDGE_IN(t); /* the stack is used again */
}

RNI_PLAIN void rni_fiber_end_seen(rni_task *t, const rni_spawn *s)
{
    if (!rni_san_is(RNI_SAN_THREAD)) {
        rni_depth_end(t);
        return;
    }
    rni_virtual_edge_out();
    RNI_EDGE_OUT(s); /* rni_start fills it again */
    RNI_EDGE_OUT(t);
    void *fiber = t->san_fiber;
    t->san_fiber = NULL;
    __tsan_switch_to_fiber(t->worker->loop.san_fiber, NO_SYNC);
    __tsan_destroy_fiber(fiber);
    RNI_EDGE_IN(t);
}

RNI_PLAIN void rni_switch_thread_init_seen(rni_task *loop)
{
    if (rni_san_is(RNI_SAN_THREAD)) {
        loop->san_fiber = __tsan_get_current_fiber();
        RNI_EDGE_OUT(RNI_CONTAINER(loop, rni_worker, loop));
        return;
    }
    pthread_attr_t attr;
    void *base = NULL;
    size_t size = 0;
    if (pthread_getattr_np(pthread_self(), &attr) == 0) {
        pthread_attr_getstack(&attr, &base, &size);
        pthread_attr_destroy(&attr);
    }
    loop->stack_limit = base;
    loop->stack_size = size;
}
