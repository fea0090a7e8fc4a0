/* SPDX-License-Identifier: MIT */
/* Contexts in a chain of n: asking the last one, a value at the top, cancelling them all. */
#include "curves.h"

static const char wanted;

typedef struct chain {
    rn_ctx *top, *end; /* top has the value; each keeps its parent, so end keeps them all */
} chain;

static int chain_open(chain *c, int64_t n, bool values)
{
    static const char other;
    c->top = rn_ctx_with_value(rn_ctx_background(), &wanted, c);
    c->end = rn_ctx_ref(c->top);
    int rc = c->top ? 0 : -ENOMEM;
    for (int64_t i = 0; rc == 0 && i < n; i++) {
        rn_ctx *child = values ? rn_ctx_with_value(c->end, &other, NULL)
                               : rn_ctx_with_cancel(c->end);
        rn_ctx_unref(c->end);
        c->end = child;
        rc = child ? 0 : -ENOMEM;
    }
    return rc;
}

static void chain_close(chain *c)
{
    rn_ctx_unref(c->end);
    rn_ctx_unref(c->top);
}

/* Whether a context at depth n is cancelled. */
static int context_err(curve_point *p)
{
    chain c;
    int rc = chain_open(&c, p->n, false);
    int64_t start = curve_now();
    for (; rc == 0 && p->done < p->ops; p->done++)
        p->check += rn_ctx_err(c.end) == 0;
    p->ns = curve_now() - start;
    p->expected = p->done;
    chain_close(&c);
    return rc;
}

/* A value that is bound n contexts higher, each of which binds another. */
static int context_value(curve_point *p)
{
    chain c;
    int rc = chain_open(&c, p->n, true);
    int64_t start = curve_now();
    for (; rc == 0 && p->done < p->ops; p->done++)
        p->check += rn_ctx_value(c.end, &wanted) == &c;
    p->ns = curve_now() - start;
    p->expected = p->done;
    chain_close(&c);
    return rc;
}

/* Cancelling one of n contexts, by the one above all of them. */
static int context_cancel(curve_point *p)
{
    int rc = 0;
    for (; rc == 0 && p->done < p->ops; p->done += p->n) {
        chain c;
        rc = chain_open(&c, p->n, false);
        int64_t start = curve_now();
        if (rc == 0)
            rn_ctx_cancel(c.top, 0);
        p->ns += curve_now() - start;
        if (rc == 0)
            p->check += rn_ctx_err(c.end) == -ECANCELED ? p->n : 0;
        chain_close(&c);
    }
    p->expected = p->done;
    return rc;
}

const curve context_curves[] = { { "context_err", context_err },
                                 { "context_value", context_value },
                                 { "context_cancel", context_cancel },
                                 { 0 } };
