/* SPDX-License-Identifier: MIT */
/* The report of how much of their stacks tasks have used. */
#ifndef RNI_OBS_DEPTHS_H
#define RNI_OBS_DEPTHS_H

/* Does what RUNNEL_STACK_REPORT says: called by each rn_run before it starts. */
void rni_depths_init(void);

#endif
