/* SPDX-License-Identifier: MIT */
/*
 * Power series as processes (McIlroy, "Squinting at Power Series", 1990): a series is a pair of
 * channels, one for requests and one for coefficients, and each operation on series is a task that
 * computes a coefficient only when it is asked for one. The results are exact fractions, known in
 * closed form, and wrong as soon as one value is lost, doubled or out of turn.
 *
 * What it asks of channels: dozens of tasks in networks with loops, each step a request and a
 * reply over unbuffered channels, selects with cases that are switched off by NULL, and a clean end
 * though every series is infinite.
 */
#include <runnel.h>

#include <stdint.h>

#include "kit/kit.h"

/* ---- fractions ---- */

typedef struct fraction {
    int64_t num, den; /* in lowest terms, den > 0 */
} fraction;

static int64_t gcd(int64_t a, int64_t b)
{
    while (b != 0) {
        int64_t r = a % b;
        a = b;
        b = r;
    }
    return a < 0 ? -a : a;
}

static fraction over(int64_t num, int64_t den)
{
    int64_t d = gcd(num, den);
    return den < 0 ? (fraction){ -num / d, -den / d } : (fraction){ num / d, den / d };
}

static fraction plus(fraction a, fraction b)
{
    int64_t d = gcd(a.den, b.den), num, den;
    CHECK(!__builtin_mul_overflow(a.num, b.den / d, &num));
    CHECK(!__builtin_mul_overflow(a.den, b.den / d, &den));
    return over(num + b.num * (a.den / d), den);
}

/* Crosswise first, so that what fits as a result does not overflow on the way. */
static fraction times(fraction a, fraction b)
{
    fraction x = over(a.num, b.den), y = over(b.num, a.den), p;
    CHECK(!__builtin_mul_overflow(x.num, y.num, &p.num));
    CHECK(!__builtin_mul_overflow(x.den, y.den, &p.den));
    return p;
}

/* ---- series ---- */

typedef struct series {
    rn_chan(rn_unit) ask;
    rn_chan(fraction) tell;
} series;

static series series_new(rn_group *g)
{
    return (series){ rn_make(g, rn_unit, 0), rn_make(g, fraction, 0) };
}

static int next(series s, fraction *out)
{
    int rc = rn_send(s.ask, RN_UNIT);
    return rc ? rc : rn_recv(s.tell, out);
}

/* One coefficient of each; whichever is ready first is asked or heard first. */
static int next_two(series a, series b, fraction *x, fraction *y)
{
    series s[2] = { a, b };
    fraction *out[2] = { x, y };
    rn_chan(rn_unit) ask[2] = { a.ask, b.ask };
    rn_chan(fraction) tell[2] = { NULL, NULL };
    for (int steps = 0; steps < 4; steps++) {
        int i = rn_select(RN_SEND(ask[0], RN_UNIT), RN_SEND(ask[1], RN_UNIT),
                          RN_RECV(tell[0], out[0], NULL), RN_RECV(tell[1], out[1], NULL));
        if (i < 0)
            return i;
        if (i < 2) {
            ask[i] = NULL;
            tell[i] = s[i].tell;
        } else {
            tell[i - 2] = NULL;
        }
    }
    return 0;
}

static int put(series s, fraction f)
{
    int rc = rn_wait(s.ask);
    return rc ? rc : rn_send(s.tell, f);
}

/* Passes everything on, for ever. */
static int pass(series from, series to)
{
    fraction f;
    int rc = 0;
    while (rc == 0 && (rc = rn_wait(to.ask)) == 0 && (rc = next(from, &f)) == 0)
        rc = rn_send(to.tell, f);
    return rc;
}

/* ---- one task an operation ---- */

static int repeat(fraction f, series out)
{
    int rc = 0;
    while (rc == 0)
        rc = put(out, f);
    return rc;
}
RN_TASK(repeat, fraction, series);

static series constant(rn_group *g, int64_t num, int64_t den)
{
    series out = series_new(g);
    rn_go(g, repeat, over(num, den), out);
    return out;
}

static int add(series a, series b, series out)
{
    fraction x, y;
    int rc = 0;
    while (rc == 0 && (rc = rn_wait(out.ask)) == 0 && (rc = next_two(a, b, &x, &y)) == 0)
        rc = rn_send(out.tell, plus(x, y));
    return rc;
}
RN_TASK(add, series, series, series);

static series sum(rn_group *g, series a, series b)
{
    series out = series_new(g);
    rn_go(g, add, a, b, out);
    return out;
}

static int scale(fraction f, series in, series out)
{
    fraction x;
    int rc = 0;
    while (rc == 0 && (rc = rn_wait(out.ask)) == 0 && (rc = next(in, &x)) == 0)
        rc = rn_send(out.tell, times(f, x));
    return rc;
}
RN_TASK(scale, fraction, series, series);

static series scaled(rn_group *g, fraction f, series in)
{
    series out = series_new(g);
    rn_go(g, scale, f, in, out);
    return out;
}

static int shift(fraction first, series in, series out)
{
    int rc = put(out, first);
    return rc ? rc : pass(in, out);
}
RN_TASK(shift, fraction, series, series);

/* first + x * in */
static series shifted(rn_group *g, fraction first, series in)
{
    series out = series_new(g);
    rn_go(g, shift, first, in, out);
    return out;
}

typedef struct pair {
    series one, two;
} pair;

typedef struct splitter {
    fraction kept[32];     /* the last ones that came, at their number modulo 32 */
    unsigned come, had[2]; /* from in, and by each reader */
    bool waits[2], asked;  /* a reader asked for what has not come; in was asked for it */
} splitter;

static int serve(splitter *s, const series *to)
{
    int rc = 0;
    for (int i = 0; i < 2 && rc == 0; i++) {
        if (s->waits[i] && s->had[i] < s->come) {
            rc = rn_send(to[i].tell, s->kept[s->had[i]++ % 32]);
            s->waits[i] = false;
        }
    }
    return rc;
}

/* Two readers of one series, each at its own pace. While one waits for a coefficient the other may
 * need an earlier one: to compute it, if in depends on this split's own result. */
static int split(series in, pair out)
{
    series to[2] = { out.one, out.two };
    splitter s = { .come = 0 };
    int rc = 0;
    while (rc == 0) {
        fraction f;
        bool wanted = s.waits[0] || s.waits[1];
        int i = rn_select(RN_DONE(s.waits[0] ? NULL : out.one.ask),
                          RN_DONE(s.waits[1] ? NULL : out.two.ask),
                          RN_SEND(wanted && !s.asked ? in.ask : NULL, RN_UNIT),
                          RN_RECV(s.asked ? in.tell : NULL, &f, NULL));
        if (i < 0)
            return i;
        if (i < 2)
            s.waits[i] = true;
        else if (i == 3)
            s.kept[s.come++ % 32] = f;
        s.asked = i == 2 || (i < 2 && s.asked);
        CHECK(s.come - s.had[0] <= 32 && s.come - s.had[1] <= 32);
        rc = serve(&s, to);
    }
    return rc;
}
RN_TASK(split, series, pair);

static pair pair_new(rn_group *g)
{
    return (pair){ series_new(g), series_new(g) };
}

static pair halves(rn_group *g, series in)
{
    pair out = pair_new(g);
    rn_go(g, split, in, out);
    return out;
}

static series product(rn_group *g, series a, series b);

/* (u + x U)(v + x V) = u v + x (u V + v U) + x x U V; the last is this again, when asked for. */
static int multiply(rn_group *g, series a, series b, series out)
{
    fraction u, v, f;
    int rc;
    if ((rc = rn_wait(out.ask)) != 0 || (rc = next_two(a, b, &u, &v)) != 0 ||
        (rc = rn_send(out.tell, times(u, v))) != 0 || (rc = rn_wait(out.ask)) != 0)
        return rc;
    pair aa = halves(g, a), bb = halves(g, b);
    series cross = sum(g, scaled(g, u, bb.one), scaled(g, v, aa.one));
    if ((rc = next(cross, &f)) != 0 || (rc = rn_send(out.tell, f)) != 0)
        return rc;
    return pass(sum(g, cross, product(g, aa.two, bb.two)), out);
}
RN_TASK(multiply, rn_group *, series, series, series);

static series product(rn_group *g, series a, series b)
{
    series out = series_new(g);
    rn_go(g, multiply, g, a, b, out);
    return out;
}

static int differentiate(series in, series out)
{
    fraction f;
    int rc = rn_wait(out.ask);
    if (rc == 0)
        rc = next(in, &f);
    for (int i = 1; rc == 0; i++) {
        if ((rc = next(in, &f)) == 0 && (rc = rn_send(out.tell, times(f, over(i, 1)))) == 0)
            rc = rn_wait(out.ask);
    }
    return rc;
}
RN_TASK(differentiate, series, series);

static series derivative(rn_group *g, series in)
{
    series out = series_new(g);
    rn_go(g, differentiate, in, out);
    return out;
}

static int integrate(fraction first, series in, series out)
{
    fraction f;
    int rc = put(out, first);
    for (int i = 1; rc == 0; i++) {
        if ((rc = rn_wait(out.ask)) == 0 && (rc = next(in, &f)) == 0)
            rc = rn_send(out.tell, times(f, over(1, i)));
    }
    return rc;
}
RN_TASK(integrate, fraction, series, series);

static series integral(rn_group *g, int64_t first, series in)
{
    series out = series_new(g);
    rn_go(g, integrate, over(first, 1), in, out);
    return out;
}

/* Z = 1 + the integral of Z U': a loop, through one half of a split. */
static series exponential(rn_group *g, series u)
{
    pair z = pair_new(g);
    rn_go(g, split, integral(g, 1, product(g, z.one, derivative(g, u))), z);
    return z.two;
}

/* (u + x U)(z + x Z) = 1, so z = 1 / u and Z = -z U (z + x Z). */
static int reciprocate(rn_group *g, series in, series out)
{
    fraction u;
    int rc;
    if ((rc = rn_wait(out.ask)) != 0 || (rc = next(in, &u)) != 0)
        return rc;
    fraction z = over(u.den, u.num), minus = over(-z.num, z.den);
    if ((rc = rn_send(out.tell, z)) != 0)
        return rc;
    pair tail = pair_new(g);
    rn_go(g, split, product(g, scaled(g, minus, in), shifted(g, z, tail.one)), tail);
    return pass(tail.two, out);
}
RN_TASK(reciprocate, rn_group *, series, series);

static series reciprocal(rn_group *g, series in)
{
    series out = series_new(g);
    rn_go(g, reciprocate, g, in, out);
    return out;
}

/* ---- what must come out ---- */

enum { COEFFICIENTS = 10 };

static void expect(series s, const fraction *wanted)
{
    for (int i = 0; i < COEFFICIENTS; i++) {
        fraction f;
        CHECK_EQ(next(s, &f), 0);
        CHECK_EQ(f.num, wanted[i].num);
        CHECK_EQ(f.den, wanted[i].den);
    }
}

static series x(rn_group *g)
{
    return shifted(g, over(0, 1), shifted(g, over(1, 1), constant(g, 0, 1)));
}

TASK_TEST(power_series_of_one_task_each_are_exact)
{
    fraction wanted[COEFFICIENTS];
    rn_group *h = rn_group_new(NULL);
    for (int i = 0; i < COEFFICIENTS; i++)
        wanted[i] = over(5, 6);
    expect(sum(h, constant(h, 1, 2), constant(h, 1, 3)), wanted);
    for (int i = 0; i < COEFFICIENTS; i++)
        wanted[i] = over(i + 1, 1);
    expect(derivative(h, constant(h, 1, 1)), wanted);
    wanted[0] = over(7, 1);
    for (int i = 1; i < COEFFICIENTS; i++)
        wanted[i] = over(-2, 3 * i);
    expect(integral(h, 7, scaled(h, over(-2, 3), constant(h, 1, 1))), wanted);
    CHECK_EQ(rn_task_count(), 9); /* and this one: nobody has ended, nobody is doubled */
    rn_group_close(h);
    return 0;
}

TASK_TEST(power_series_split_serves_readers_at_their_own_pace)
{
    fraction wanted[COEFFICIENTS], f;
    rn_group *h = rn_group_new(NULL);
    pair p = halves(h, integral(h, 0, constant(h, 1, 1)));
    wanted[0] = over(0, 1);
    for (int i = 1; i < COEFFICIENTS; i++)
        wanted[i] = over(1, i);
    expect(p.one, wanted);
    expect(p.two, wanted);
    for (int i = 0; i < 3; i++)
        CHECK_EQ(next(p.two, &f), 0);
    CHECK(f.num == 1 && f.den == COEFFICIENTS + 2);
    CHECK_EQ(next(p.one, &f), 0);
    CHECK(f.num == 1 && f.den == COEFFICIENTS);
    rn_group_close(h);
    return 0;
}

TASK_TEST(power_series_products_grow_by_tasks_as_they_are_asked)
{
    fraction wanted[COEFFICIENTS];
    rn_group *h = rn_group_new(NULL);
    for (int i = 0; i < COEFFICIENTS; i++)
        wanted[i] = over(i + 1, 1);
    expect(product(h, constant(h, 1, 1), constant(h, 1, 1)), wanted);
    for (int i = 0; i < COEFFICIENTS; i++)
        wanted[i] = over((i + 1) * (i + 2) / 2, 1);
    expect(product(h, constant(h, 1, 1), derivative(h, constant(h, 1, 1))), wanted);
    CHECK(rn_task_count() > 70);
    rn_group_close(h);
    return 0;
}

TASK_TEST(power_series_that_feed_on_themselves_are_exact)
{
    fraction wanted[COEFFICIENTS];
    rn_group *h = rn_group_new(NULL);
    int64_t factorial = 1, lists[COEFFICIENTS] = { 1, 1 };
    wanted[0] = over(1, 1);
    for (int i = 1; i < COEFFICIENTS; i++)
        wanted[i] = over(1, factorial *= i);
    expect(exponential(h, x(h)), wanted);
    for (int i = 1; i < COEFFICIENTS; i += 2)
        wanted[i].num = -wanted[i].num;
    expect(reciprocal(h, exponential(h, x(h))), wanted);
    /* exp(x + x^2 + x^3 ...): the ways to part n things into ordered lists, by n! */
    factorial = 1;
    wanted[1] = over(1, 1);
    for (int i = 2; i < COEFFICIENTS; i++) {
        lists[i] = (2 * i - 1) * lists[i - 1] - (i - 1) * (i - 2) * lists[i - 2];
        wanted[i] = over(lists[i], factorial *= i);
    }
    expect(exponential(h, constant(h, 1, 1)), wanted);
    rn_group_close(h);
    return 0;
}

/* T = the integral of 1 + T T, with both factors and the result from one split of splits. */
TASK_TEST(power_series_tangent_is_exact)
{
    static const fraction wanted[COEFFICIENTS] = {
        { 0, 1 },  { 1, 1 }, { 0, 1 },    { 1, 3 }, { 0, 1 },
        { 2, 15 }, { 0, 1 }, { 17, 315 }, { 0, 1 }, { 62, 2835 },
    };
    rn_group *h = rn_group_new(NULL);
    pair t = pair_new(h), factors = halves(h, t.one);
    series one = shifted(h, over(1, 1), constant(h, 0, 1));
    rn_go(h, split, integral(h, 0, sum(h, one, product(h, factors.one, factors.two))), t);
    expect(t.two, wanted);
    rn_group_close(h);
    return 0;
}
