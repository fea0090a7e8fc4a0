/* SPDX-License-Identifier: MIT */
/* How the tasks of stages and combinators are started: they serve their group until it ends them,
 * so one that still waits then has not leaked. */
#ifndef RNI_PATTERN_BACKGROUND_H
#define RNI_PATTERN_BACKGROUND_H

#include <runnel/task.h>

static const rn_attr rni_in_background = { .background = true };

#endif
