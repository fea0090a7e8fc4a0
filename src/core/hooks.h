/* SPDX-License-Identifier: MIT */
/*
 * What rooms to the right of those that call it define: the reports, which core and scope set off.
 * Each says which file defines it.
 */
#ifndef RNI_CORE_HOOKS_H
#define RNI_CORE_HOOKS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* obs/dump.c: writes the tables of tasks and channels to a descriptor. */
void rni_report_dump(int fd);

/* obs/report.c: no task can ever run again; writes the report and ends the process. */
__attribute__((noreturn)) void rni_report_deadlock(void);

/* obs/depths.c: what the depth of a task is reported with that has that name, was started there and
 * has a stack of that class; and the report, when it has ended. */
void *rni_report_depth_of(const char *name, const char *site, unsigned stack_class);
void rni_report_depth(void *row, size_t used);

/* obs/depths.c: an rn_run is over; writes the report of stacks to stderr if that is asked for. */
void rni_report_depths(void);

/* obs/report.c: how many threads the reports have started. */
unsigned rni_report_threads(void);

/* obs/report.c: what the environment asks of reports; called by each rn_run before it starts. */
void rni_obs_init(void);

/* obs/report.c: the function of the rn_run with that number has returned; reports its tasks that
 * still wait. Parks the calling task for a few milliseconds if some might be about to end. */
void rni_report_leaks(uint16_t run);

/* scope/group.c: counts in a task, in the background, that a worker starts for one of the owner's,
 * which is a group. Cannot fail while that one is alive. */
struct rni_owner;
bool rni_group_takes_call(struct rni_owner *owner);

#endif
