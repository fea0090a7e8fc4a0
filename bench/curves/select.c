/* SPDX-License-Identifier: MIT */
/* Selects of width n: all cases ready, none ready with a default, and none ready so that the task
 * waits. The cases are in random order, so that finding the order of the locks counts. */
#include "curves.h"

typedef struct wide {
    rn_group *g;
    rn_chan(int64_t) *channels;
    rn_case *cases; /* n + 1 of them; the last is a default */
    int64_t value;
} wide;

static int wide_open(wide *w, const curve_point *p, size_t capacity)
{
    uint64_t random = 1;
    w->g = rn_group_new(NULL);
    w->channels = calloc((size_t)p->n, sizeof *w->channels);
    w->cases = calloc((size_t)p->n + 1, sizeof *w->cases);
    int rc = w->g && w->channels && w->cases ? 0 : -ENOMEM;
    for (int64_t i = 0; rc == 0 && i < p->n; i++) {
        int64_t at = (int64_t)(curve_random(&random) % (uint64_t)(i + 1));
        w->channels[i] = w->channels[at];
        w->channels[at] = rn_make(w->g, int64_t, capacity);
        rc = w->channels[at] ? 0 : -ENOMEM;
    }
    for (int64_t i = 0; rc == 0 && i < p->n; i++)
        w->cases[i] = RN_RECV(w->channels[i], &w->value, NULL);
    if (rc == 0)
        w->cases[p->n] = RN_DEFAULT;
    return rc;
}

static void wide_close(wide *w)
{
    rn_group_close(w->g);
    free(w->channels);
    free(w->cases);
}

/* A select of n cases that are all ready, and a send that makes the chosen one ready again. */
static int select_ready(curve_point *p)
{
    wide w = { 0 };
    int rc = wide_open(&w, p, 1);
    for (int64_t i = 0; rc == 0 && i < p->n; i++)
        rc = rn_send(w.channels[i], i);
    int64_t start = curve_now();
    for (; rc == 0 && p->done < p->ops; p->done++) {
        int chosen = rn_select_n(w.cases, (size_t)p->n);
        if (chosen < 0)
            rc = chosen;
        else if (w.value == chosen)
            p->check++;
        if (rc == 0)
            rc = rn_send(w.channels[chosen], w.value);
    }
    p->ns = curve_now() - start;
    p->expected = p->done;
    wide_close(&w);
    return rc;
}

/* A select of n cases of which none is ready, and a default. */
static int select_default(curve_point *p)
{
    wide w = { 0 };
    int rc = wide_open(&w, p, 1);
    int64_t start = curve_now();
    for (; rc == 0 && p->done < p->ops; p->done++) {
        int chosen = rn_select_n(w.cases, (size_t)p->n + 1);
        rc = chosen < 0 ? chosen : 0;
        p->check += chosen == p->n;
    }
    p->ns = curve_now() - start;
    p->expected = p->done;
    wide_close(&w);
    return rc;
}

static int feed(wide *w, int64_t width, int64_t items)
{
    int rc = 0;
    for (int64_t i = 0; rc == 0 && i < items; i++)
        rc = rn_send(w->channels[i % width], i);
    return rc;
}
RN_TASK(feed, wide *, int64_t, int64_t);

/* A select of n cases that has to wait, until another task sends to the next of them. */
static int select_waits(curve_point *p)
{
    wide w = { 0 };
    int rc = wide_open(&w, p, 0);
    int64_t start = curve_now();
    if (rc == 0)
        rc = rn_go(w.g, feed, &w, p->n, p->ops);
    for (; rc == 0 && p->done < p->ops; p->done++) {
        int chosen = rn_select_n(w.cases, (size_t)p->n);
        rc = chosen < 0 ? chosen : 0;
        p->check += w.value;
    }
    if (rc == 0)
        rc = rn_group_wait(w.g);
    p->ns = curve_now() - start;
    p->expected = p->done * (p->done - 1) / 2;
    wide_close(&w);
    return rc;
}

const curve select_curves[] = { { "select_ready", select_ready },
                                { "select_default", select_default },
                                { "select_waits", select_waits },
                                { 0 } };
