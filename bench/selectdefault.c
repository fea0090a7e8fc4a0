/* SPDX-License-Identifier: MIT */
/* selectdefault: what does it cost to ask two channels that have nothing, with a select that has a
 * default? */
#include "bench.h"

static int selectdefault(int64_t n, size_t capacity, int64_t *check)
{
    (void)capacity;
    enum { A, B, NOTHING };
    rn_group *g = rn_group_new(NULL);
    if (!g)
        return -ENOMEM;
    rn_chan(int64_t) a = rn_make(g, int64_t, 0);
    rn_chan(int64_t) b = rn_make(g, int64_t, 0);
    int rc = a && b ? 0 : -ENOMEM;
    int64_t nothing = 0;
    for (int64_t i = 0, v; rc == 0 && i < n; i++) {
        int chosen = rn_select([A] = RN_RECV(a, &v, NULL), [B] = RN_RECV(b, &v, NULL),
                               [NOTHING] = RN_DEFAULT);
        if (chosen == NOTHING)
            nothing++;
        else if (chosen < 0)
            rc = chosen;
    }
    rn_group_close(g);
    *check = nothing;
    return rc;
}

int main(int argc, char **argv)
{
    return bench_main(argc, argv,
                      (bench){ .name = "selectdefault", .run = selectdefault, .n = 10000000 });
}
