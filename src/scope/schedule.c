/* SPDX-License-Identifier: MIT */
/* Lists of decisions, from logs and texts and back. */
#include "scope/schedule.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "os/os.h"

bool rni_schedule_add(rni_schedule *s, uint32_t at, uint32_t chosen)
{
    if (s->n == s->cap) {
        size_t cap = s->cap ? 2 * s->cap : 64;
        rni_sim_forced *grown = rni_os_resize(s->list, cap * sizeof *grown);
        if (!grown)
            return false;
        s->list = grown;
        s->cap = cap;
    }
    s->list[s->n++] = (rni_sim_forced){ at, chosen };
    return true;
}

bool rni_schedule_copy(rni_schedule *to, const rni_schedule *from, size_t i, size_t n)
{
    to->n = 0;
    for (size_t k = 0; k < from->n; k++)
        if ((k < i || k >= i + n) && !rni_schedule_add(to, from->list[k].at, from->list[k].chosen))
            return false;
    return true;
}

void rni_schedule_fini(rni_schedule *s)
{
    rni_os_free(s->list);
    *s = (rni_schedule){ 0 };
}

bool rni_schedule_of(rni_schedule *s, const rni_sim_log *log)
{
    s->n = 0;
    for (uint32_t i = 0; i < log->count; i++)
        if (log->decisions[i].chosen && !rni_schedule_add(s, i, log->decisions[i].chosen))
            return false;
    return true;
}

bool rni_schedule_parse(rni_schedule *s, const char *text)
{
    s->n = 0;
    do {
        char *rest;
        unsigned long at = strtoul(text, &rest, 10);
        unsigned long chosen = *rest == ':' ? strtoul(rest + 1, &rest, 10) : 0;
        bool ascends = s->n == 0 || at > s->list[s->n - 1].at;
        if (at < RNI_SIM_DECISIONS_MAX && chosen <= RNI_SIM_ALTERNATIVES_MAX && ascends &&
            !rni_schedule_add(s, (uint32_t)at, (uint32_t)chosen))
            return false;
        text = *rest ? rest + 1 : rest;
    } while (*text);
    return true;
}

char *rni_schedule_text(const rni_schedule *s)
{
    static const char default_one[] = "0:0"; /* empty settings are as good as none */
    enum { LONGEST = 24 };                   /* one pair and its comma */
    char *text = rni_os_alloc(s->n * LONGEST + sizeof default_one);
    size_t length = 0;
    if (text)
        memcpy(text, default_one, sizeof default_one);
    for (size_t i = 0; text && i < s->n; i++)
        length += (size_t)snprintf(text + length, LONGEST, "%s%u:%u", i ? "," : "", s->list[i].at,
                                   s->list[i].chosen);
    return text;
}
