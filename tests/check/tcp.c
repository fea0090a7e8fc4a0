/* SPDX-License-Identifier: MIT */
/*
 * The end of a socket: a call that is about to wait while the owner closes is woken, or does not
 * begin; and the socket is closed once, when nobody is inside a call on it any more.
 */
#include "seam.h"

#include "io/tcp.c"

typedef struct state {
    rn_listener *l;
    int result;
} state;

static _Atomic(uint32_t) shut;
static _Atomic(int) closed;
static bool open;  /* plain: every use of the socket comes before its close */
static void *kept; /* the handle, if it is not to be freed: a call may come after the close */

/* ---- a network where nobody ever connects ---- */

static int nobody_comes(const rni_socket *l, rni_socket *out)
{
    (void)l;
    (void)out;
    RN_CHECK_ASSERT(open);
    return -EAGAIN;
}

static int is_shut(const rni_socket *s, int both)
{
    (void)s;
    RN_CHECK_ASSERT(both && open);
    atomic_store_explicit(&shut, 1, memory_order_release);
    rn_check_wake(&shut, 1);
    return 0;
}

static void is_ended(const rni_socket *s)
{
    (void)s;
    atomic_fetch_add_explicit(&closed, 1, memory_order_relaxed);
    if (!kept)
        open = false;
}

const rni_net rni_system_net = { .accept = nobody_comes, .shutdown = is_shut, .close = is_ended };
const rni_net rni_sim_net;

/* A shut socket is readable, for ever. */
int rn_fd_wait_at(int fd, unsigned events, int64_t deadline_ns, const char *site)
{
    (void)fd;
    (void)deadline_ns;
    (void)site;
    while (atomic_load_explicit(&shut, memory_order_acquire) == 0)
        rn_check_wait(&shut, 0);
    return (int)events;
}

int rni_fd_wait_more(int fd, unsigned events, int64_t deadline_ns, const char *site)
{
    return rn_fd_wait_at(fd, events, deadline_ns, site);
}

void rni_os_free(void *memory)
{
    if (memory != kept)
        free(memory);
}

int rni_os_error(void)
{
    return 0;
}

void rni_os_set_error(int error)
{
    (void)error;
}

/* ---- threads ---- */

static void begin(void *p)
{
    state *s = p;
    model_begin();
    atomic_store_explicit(&shut, 0, memory_order_relaxed);
    atomic_store_explicit(&closed, 0, memory_order_relaxed);
    open = true;
    s->l = new_handle(&rni_system_net, &(rni_socket){ .fd = 3 });
    kept = NULL;
}

/* A call is under way all the time, which is over in the end. */
static void begin_used(void *p)
{
    begin(p);
    enter(&((state *)p)->l->s);
}

/* Also for the call that comes after the close, which in a program would be a mistake. */
static void begin_kept(void *p)
{
    begin(p);
    kept = ((state *)p)->l;
}

static void accepts(void *p)
{
    state *s = p;
    rn_conn *c;
    s->result = rn_tcp_accept_at(s->l, RN_FOREVER, &c, "");
}

static void accepts_and_leaves(void *p)
{
    accepts(p);
    leave(&((state *)p)->l->s);
}

static void closes(void *p)
{
    rn_listener_close(((state *)p)->l);
}

static void was_told(void *p)
{
    RN_CHECK_ASSERT(((state *)p)->result == -EPIPE && closed == 1);
}

static void was_told_or_late(void *p)
{
    RN_CHECK_ASSERT(((state *)p)->result == -EPIPE && closed >= 1);
    free(kept);
}

static const model_run runs[] = {
    { MODEL("tcp-close", begin_kept, was_told_or_late, accepts, closes) },
    { MODEL("tcp-close-used", begin_used, was_told, accepts_and_leaves, closes) },
};

int main(int argc, char **argv)
{
    return model_main(runs, sizeof runs / sizeof runs[0], argc, argv);
}
