/* SPDX-License-Identifier: MIT */
/*
 * The steward: starts its ward again when no pulse comes.
 *
 * Each life of the ward has a group of its own, opened by the steward's task, with the pulse and a
 * channel that is closed when the ward returns. The group is closed, and so has ended, before the
 * next life begins: hence the ward's arguments, its heart and its result need no lock.
 */
#include <runnel/scale.h>

#include "pattern/part.h"

typedef struct steward {
    rni_part part;
    int64_t timeout, every; /* of the ward's pulses */
    int64_t beat_at;        /* the steward's own next pulse */
    int restarts;
    int (*entry)(void *args);
    char *args;      /* begins with the address of heart */
    char *life_args; /* the copy for one life */
    size_t args_size;
    const char *name; /* of the ward */
    rn_heart heart;
    rn_channel *pulse, *over; /* of this life */
    int result;               /* of the ward, when `over` is closed */
} steward;

typedef enum verdict { MISSED, FINISHED, STOPPED, NO_MEMORY } verdict;

static int run_ward(void *args)
{
    steward *s = *(steward **)args;
    memcpy(s->life_args, s->args, s->args_size);
    s->result = s->entry(s->life_args);
    rni_channel_close_once(s->over);
    return 0; /* the steward decides what an error means */
}

/* The steward's own pulse; replaces one that nobody has read. */
static void tell(steward *s)
{
    rn_channel *out = s->part.outs[0];
    int old = rn_channel_try_recv(out, NULL), sent = rn_channel_try_send(out, &s->restarts);
    (void)old;
    (void)sent;
    s->beat_at = rni_add_ns(rni_now(), s->every);
}

/* Waits until the ward misses its pulses, or ends, or the steward is stopped. */
static verdict watch(steward *s)
{
    enum { PULSE, OVER, TIME };
    rn_case k[] = { [PULSE] = { .op = RN_OP_RECV, .ch = s->pulse },
                    [OVER] = { .op = RN_OP_RECV, .ch = s->over },
                    [TIME] = { .op = RN_OP_AFTER } };
    int64_t now = rni_now(), late_at = rni_add_ns(now, s->timeout);
    for (;; now = rni_now()) {
        if (now >= s->beat_at)
            tell(s);
        if (now - s->every > late_at)
            late_at = rni_add_ns(now, s->every); /* we are late ourselves, and so may the ward be */
        bool late = now >= late_at;              /* unless the pulse is there by now */
        k[TIME].ns = late ? 0 : (late_at < s->beat_at ? late_at : s->beat_at) - now;
        switch (rn_select_ordered_at(k, 3, s->part.site)) {
        case PULSE:
            if (k[PULSE].status == 0)
                late_at = rni_add_ns(rni_now(), s->timeout);
            else
                k[PULSE].ch = NULL;
            break;
        case OVER:
            if (s->result >= 0)
                return FINISHED;
            k[OVER].ch = NULL;
            break;
        case TIME:
            if (late)
                return MISSED;
            break;
        default: return STOPPED;
        }
    }
}

/* One life of the ward. */
static verdict live(steward *s)
{
    verdict v = NO_MEMORY;
    rn_group *h = rn_group_new_at(NULL, s->part.site);
    if (!h)
        return NO_MEMORY;
    s->pulse = rn_heart_channel(&s->heart, h, s->every, s->part.site);
    s->over = rn_channel_new(h, 0, 1, 0, NULL, s->part.site);
    if (s->pulse && s->over) {
        int rc = rn_group_go(h, run_ward, &s, sizeof s, NULL, s->name, s->part.site);
        v = rc == 0 ? watch(s) : rc == -ENOMEM ? NO_MEMORY : STOPPED;
    }
    rn_group_close_at(h, s->part.site);
    return v;
}

static int keep_alive(rni_part *p)
{
    steward *s = RNI_CONTAINER(p, steward, part);
    verdict v;
    tell(s);
    while ((v = live(s)) == MISSED) {
        s->restarts++;
        tell(s);
    }
    return v == NO_MEMORY ? -ENOMEM : 0;
}

static void steward_end(rni_part *p)
{
    rni_os_free(RNI_CONTAINER(p, steward, part)->args);
}

rn_channel *rn_steward_start(rn_group *g, int64_t timeout_ns, int (*entry)(void *args),
                             const void *args, size_t args_size, const char *name, const char *site)
{
    enum { ARGS_ALIGN = 64 };
    rni_part_plan plan = { .name = "rn_steward", .state = sizeof(steward), .outs = 1, .cap = 1 };
    if (timeout_ns <= 0)
        rni_panic(site, "rn_steward needs a timeout");
    rni_element number = { sizeof(int), _Alignof(int), NULL };
    rni_part *p = rni_part_new(g, &plan, &number, site);
    if (!p)
        return &rni_no_channel;
    steward *s = RNI_CONTAINER(p, steward, part);
    p->end = steward_end;
    size_t room = (args_size + ARGS_ALIGN - 1) & ~(size_t)(ARGS_ALIGN - 1);
    s->args = rni_os_alloc_aligned(ARGS_ALIGN, 2 * room);
    if (!s->args) {
        rn_channel_free(p->outs[0], site);
        rni_os_free(p);
        rni_group_lacks_memory(g);
        return &rni_no_channel;
    }
    s->life_args = s->args + room;
    s->args_size = args_size;
    s->timeout = timeout_ns;
    s->every = timeout_ns / 2 ? timeout_ns / 2 : 1;
    s->entry = entry;
    s->name = name;
    rn_heart *heart = &s->heart;
    memcpy(s->args, args, args_size);
    memcpy(s->args, &heart, sizeof heart);
    return rni_part_flow(p, g, keep_alive);
}
