/* SPDX-License-Identifier: MIT */
/* The helper threads behind rn_blocking, as the rest of core sees them. */
#ifndef RNI_CORE_BLOCKING_H
#define RNI_CORE_BLOCKING_H

#include <stdint.h>

/* Ends the idle helpers and waits for them; a call under way is waited for. */
void rni_blocking_stop(void);

uint64_t rni_blocking_calls(void);
uint32_t rni_blocking_helpers(void);

#endif
