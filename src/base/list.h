/* SPDX-License-Identifier: MIT */
/*
 * A doubly linked ring with a head node. An unlinked node points to itself or is zero; the caller
 * knows which list it is on and holds that list's lock.
 */
#ifndef RNI_BASE_LIST_H
#define RNI_BASE_LIST_H

#include "base/check.h"

typedef struct rni_link {
    struct rni_link *next, *prev;
} rni_link;

static inline void rni_list_init(rni_link *head)
{
    head->next = head->prev = head;
}

static inline bool rni_list_empty(const rni_link *head)
{
    return head->next == head;
}

static inline void rni_list_push(rni_link *head, rni_link *n)
{
    n->prev = head->prev;
    n->next = head;
    head->prev->next = n;
    head->prev = n;
}

static inline void rni_list_remove(rni_link *n)
{
    n->prev->next = n->next;
    n->next->prev = n->prev;
    n->next = n->prev = n;
}

#endif
