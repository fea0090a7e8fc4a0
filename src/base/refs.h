/* SPDX-License-Identifier: MIT */
/* The end of reference counts: atomic integers that start at 1. */
#ifndef RNI_BASE_REFS_H
#define RNI_BASE_REFS_H

#include <stdatomic.h>

#include "base/san.h"

/* Takes n from *refs; true if nothing is left. acq_rel: what others did with the object before they
 * let go comes before what follows for the last one. */
#define RNI_LEAVES_NONE_OF(refs, n)                                                                \
    (RNI_EDGE_OUT(refs), atomic_fetch_sub_explicit((refs), (n), memory_order_acq_rel) == (n) &&    \
                             (RNI_EDGE_IN(refs), true))
#define RNI_LEAVES_NONE(refs) RNI_LEAVES_NONE_OF(refs, 1)

#endif
