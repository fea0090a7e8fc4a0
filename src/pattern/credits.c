/* SPDX-License-Identifier: MIT */
/* Credits. credits.h has the protocol. */
#include "pattern/credits.h"

#include "base/san.h"
#include "os/os.h"

bool rni_credits_init(rni_credits *c, size_t most, const char *site)
{
    c->site = site;
    c->limits = rni_os_alloc(most * sizeof *c->limits);
    return c->limits;
}

void rni_credits_free(rni_credits *c)
{
    rni_os_free(c->limits);
}

void rni_credits_add(rni_credits *c, size_t step, int64_t n)
{
    int64_t most = INT64_MAX / 4; /* rejections and the end add to them */
    c->limits[c->n++] = (rni_limit){ RN_SEMAPHORE_INIT(n < most ? n : most), step };
}

static bool is_over(rni_credits *c)
{
    bool over = atomic_load_explicit(&c->over, memory_order_acquire);
    if (over)
        RNI_EDGE_IN(&c->over);
    return over;
}

/* Waits for a credit and takes up to n. 0 if there will be no more. */
static size_t take_of(rni_credits *c, rni_limit *l, size_t n)
{
    size_t got = 1;
    if (rn_semaphore_acquire_at(&l->credits, 1, c->site) != 0 || is_over(c))
        return 0;
    for (size_t more = n - got; more > 0;) {
        if (rn_semaphore_try_acquire(&l->credits, (int64_t)more) == 0) {
            got += more;
            more = n - got;
        } else {
            more /= 2;
        }
    }
    return got;
}

size_t rni_credits_get(rni_credits *c, size_t n)
{
    if (c->n == 0)
        return n;
    for (size_t i = 0; c->permits == 0 && i < c->n; i++) {
        size_t got = take_of(c, &c->limits[i], n);
        for (size_t k = 0; got < n && k < i; k++)
            rn_semaphore_release(&c->limits[k].credits, (int64_t)(n - got));
        n = got;
        if (n == 0)
            return 0;
        if (i + 1 == c->n)
            c->permits = n;
    }
    return n < c->permits ? n : c->permits;
}

void rni_credits_rejected(rni_credits *c, size_t i, size_t n)
{
    for (size_t k = 0; n && k < c->n; k++)
        if (c->limits[k].step > i)
            rn_semaphore_release(&c->limits[k].credits, (int64_t)n);
}

void rni_credits_more(rni_credits *c, size_t i)
{
    for (size_t k = 0; k < c->n; k++)
        if (c->limits[k].step == i)
            rn_semaphore_release(&c->limits[k].credits, 1);
}

void rni_credits_end(rni_credits *c)
{
    RNI_EDGE_OUT(&c->over);
    atomic_store_explicit(&c->over, true, memory_order_release);
    for (size_t i = 0; i < c->n; i++)
        rn_semaphore_release(&c->limits[i].credits, 1);
}
