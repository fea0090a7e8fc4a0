/* SPDX-License-Identifier: MIT */
/* The monitor names tasks that do not let others run. */
#ifndef RNI_OBS_MONITOR_H
#define RNI_OBS_MONITOR_H

/* From now on, a task that has its worker for longer than ms milliseconds is named on stderr; 0:
 * none is. The first call with another value starts a thread, which stays. */
void rni_monitor_set(int ms);

/* Threads started: 0 or 1. */
unsigned rni_monitor_threads(void);

#endif
