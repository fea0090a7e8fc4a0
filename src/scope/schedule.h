/* SPDX-License-Identifier: MIT */
/*
 * Schedules as data: the decisions of a simulated run that are not the default, with their
 * positions, ascending.
 */
#ifndef RNI_SCOPE_SCHEDULE_H
#define RNI_SCOPE_SCHEDULE_H

#include "core/sim.h"

typedef struct rni_schedule {
    rni_sim_forced *list;
    size_t n, cap;
} rni_schedule;

/* Adds a decision behind the others. False without memory. */
bool rni_schedule_add(rni_schedule *s, uint32_t at, uint32_t chosen);
/* Makes *to equal to from, without n of its decisions from i on. False without memory. */
bool rni_schedule_copy(rni_schedule *to, const rni_schedule *from, size_t i, size_t n);
void rni_schedule_fini(rni_schedule *s);

/* The one that a run had. False without memory. */
bool rni_schedule_of(rni_schedule *s, const rni_sim_log *log);
/* What text says, in order; numbers that do not ascend are left out. False without memory. */
bool rni_schedule_parse(rni_schedule *s, const char *text);
/* Its text, "12:1,40:2", for rni_os_free; NULL without memory. */
char *rni_schedule_text(const rni_schedule *s);

#endif
