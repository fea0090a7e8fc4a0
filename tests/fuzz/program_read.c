/* SPDX-License-Identifier: MIT */
/*
 * Programs from text. One character is one decision: a letter names what it stands for, a digit is
 * a number, and any other byte is taken modulo the number of alternatives, so that every input is a
 * program and a changed byte changes one thing. White space and what follows '#' in a line is
 * skipped. At the end of the text all that is left is 0.
 *
 *     SEED SEED STRATEGY          12r
 *     channels . of n 0 1 2 3     021.      capacities, n for nil
 *     PERMITS                     1
 *     groups .                    0 05 l.   the judge's: parent (0 root, 1 the first group) and
 *                                           timeout in ms (0 none); l: one that a task opens
 *     scripts                     0+ s1r0;  group, + at once or - later, calls, ;
 *
 * Two rules make each program end by itself once its groups are cancelled: a call under a shield
 * that could wait for ever gets a deadline or is left out, and a script that ends takes its shields
 * back, unlocks what it has locked and closes what it has opened (program_run.c).
 */
#include "fuzz/program.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

static const char op_letters[] = "srwSRtuxlcvyzmMofFBnNkbTQaAepdWCKGqhHgOXE";
static const char case_letters[] = "rswadn";
static const int64_t millisecond = 1000000;

_Static_assert(sizeof op_letters - 1 == OPS, "a letter for each call");
_Static_assert(sizeof case_letters - 1 == CASES, "a letter for each case");

typedef struct reader {
    const uint8_t *at, *end;
} reader;

static void skip(reader *r)
{
    while (r->at < r->end && (*r->at == ' ' || *r->at == '\n' || *r->at == '\t' || *r->at == '#'))
        if (*r->at++ == '#')
            while (r->at < r->end && *r->at != '\n')
                r->at++;
}

static bool at_end(reader *r)
{
    skip(r);
    return r->at == r->end;
}

static uint8_t next(reader *r)
{
    return at_end(r) ? 0 : *r->at++;
}

/* Whether the next character is c, which it then skips; true at the end. */
static bool ends(reader *r, char c)
{
    if (at_end(r))
        return true;
    if (*r->at != c)
        return false;
    r->at++;
    return true;
}

static int number(reader *r, int below)
{
    uint8_t c = next(r);
    return (c >= '0' && c <= '9' ? c - '0' : c) % below;
}

static int letter(reader *r, const char *letters, int n)
{
    uint8_t c = next(r);
    const char *found = c ? strchr(letters, c) : NULL;
    return found ? (int)(found - letters) : c % n;
}

static int cause(reader *r)
{
    static const int causes[] = { -EIO, -ENOENT, -EINVAL, -ECANCELED };
    return causes[number(r, 4)];
}

static int channel(reader *r, const program *p, bool only_received)
{
    uint8_t c = at_end(r) ? 0 : *r->at;
    if (c != 'T' && c != 'D')
        return number(r, p->n_channels);
    r->at++;
    int n = c == 'T' ? TIMER : DONE + number(r, p->n_groups);
    return only_received ? n : n % p->n_channels;
}

static void read_cases(reader *r, const program *p, call *c, bool shielded)
{
    bool has_default = false;
    int64_t after = -1;
    while (c->n_cases < CASES_MAX && !ends(r, '.')) {
        one_case k = { .kind = (case_kind)letter(r, case_letters, CASES) };
        if (k.kind == CASE_AFTER)
            after = k.ns = number(r, 10) * millisecond;
        else if (k.kind == CASE_DEFAULT && has_default)
            k.kind = CASE_NONE; /* two are a programming error */
        else if (k.kind != CASE_DEFAULT && k.kind != CASE_NONE)
            k.channel = channel(r, p, k.kind != CASE_SEND);
        has_default |= k.kind == CASE_DEFAULT;
        c->cases[c->n_cases++] = k;
    }
    if (shielded && !has_default && after < 0) {
        int i = c->n_cases < CASES_MAX ? c->n_cases++ : CASES_MAX - 1;
        c->cases[i] = (one_case){ .kind = CASE_AFTER, .ns = 3 * millisecond };
    }
}

static void read_operands(reader *r, const program *p, call *c, bool shielded)
{
    switch (c->op) {
    case OP_SEND_UNTIL:
    case OP_RECV_UNTIL:
        c->object = channel(r, p, c->op == OP_RECV_UNTIL);
        c->ns = number(r, 10) * millisecond;
        break;
    case OP_SEND:
    case OP_TRY_SEND:
    case OP_CLOSE: c->object = channel(r, p, false); break;
    case OP_RECV:
    case OP_DISCARD:
    case OP_TRY_RECV:
    case OP_LENGTH: c->object = channel(r, p, true); break;
    case OP_SELECT:
    case OP_ORDERED: read_cases(r, p, c, shielded); break;
    case OP_SLEEP:
    case OP_RESET: c->ns = (1 + number(r, 9)) * millisecond; break;
    case OP_LOCK:
    case OP_TRY_LOCK:
    case OP_COND_WAIT:
    case OP_SIGNAL:
    case OP_BROADCAST:
    case OP_UNLOCK: c->object = number(r, LOCKS); break;
    case OP_ACQUIRE:
    case OP_TRY_ACQUIRE:
    case OP_RELEASE: c->other = 1 + number(r, 3); break;
    case OP_CANCEL:
    case OP_EXPIRE:
        c->object = number(r, p->n_groups);
        c->cause = cause(r);
        break;
    case OP_JOIN:
    case OP_OPEN:
    case OP_SHUT: c->object = number(r, p->n_groups); break;
    case OP_GO:
        c->object = number(r, SCRIPTS_MAX);
        c->other = number(r, p->n_groups);
        break;
    case OP_FAIL: c->cause = cause(r); break;
    default: break;
    }
}

/* What could wait for ever under a shield does not. */
static void bound(call *c)
{
    if (c->op == OP_SEND)
        c->op = OP_SEND_UNTIL;
    else if (c->op == OP_RECV || c->op == OP_DISCARD)
        c->op = OP_RECV_UNTIL;
    else if (c->op == OP_LOCK)
        c->op = OP_TRY_LOCK;
    else if (c->op == OP_ACQUIRE)
        c->op = OP_TRY_ACQUIRE;
    else if (c->op == OP_WAIT || c->op == OP_JOIN || c->op == OP_SHUT || c->op == OP_RLOCK ||
             c->op == OP_WLOCK || c->op == OP_COND_WAIT)
        c->op = OP_YIELD;
    else
        return;
    c->ns = 2 * millisecond;
}

static void read_script(reader *r, const program *p, script *s)
{
    int shields = 0;
    s->group = number(r, p->n_groups);
    s->at_once = letter(r, "+-", 2) == 0;
    while (s->n < CALLS_MAX && !ends(r, ';')) {
        call *c = &s->calls[s->n++];
        c->op = (op)letter(r, op_letters, OPS);
        read_operands(r, p, c, shields > 0);
        shields += (c->op == OP_SHIELD) - (c->op == OP_UNSHIELD && shields > 0);
        if (shields > 0)
            bound(c);
    }
}

void program_read(program *p, const uint8_t *data, size_t size)
{
    reader r = { data, data + size };
    memset(p, 0, sizeof *p);
    p->seed = 1 + 256u * (unsigned)number(&r, 256);
    p->seed += (unsigned)number(&r, 256);
    p->pct = letter(&r, "rp", 2) == 1;
    while (p->n_channels < CHANNELS_MAX && !ends(&r, '.')) {
        int n = letter(&r, "0123n", 5);
        p->capacity[p->n_channels++] = n == 4 ? NOBODY : n;
    }
    p->permits = number(&r, 4);
    while (p->n_groups < GROUPS_MAX && !ends(&r, '.')) {
        int i = p->n_groups++, parent = letter(&r, "0123l", 5);
        p->groups[i].early = parent != 4 || i == 0;
        p->groups[i].parent = parent % 4 > i ? ROOT : parent % 4 - 1;
        if (p->groups[i].parent != ROOT && !p->groups[p->groups[i].parent].early)
            p->groups[i].parent = ROOT;
        if (parent != 4)
            p->groups[i].timeout = number(&r, 10) * millisecond;
    }
    p->n_channels += p->n_channels == 0; /* of capacity 0 */
    if (p->n_groups == 0) {
        p->n_groups = 1;
        p->groups[0].early = true;
        p->groups[0].parent = ROOT;
    }
    while (p->n_scripts < SCRIPTS_MAX && !at_end(&r))
        read_script(&r, p, &p->scripts[p->n_scripts++]);
}

/* ---- printing ---- */

const char *program_op_name(op o)
{
    static const char *const names[OPS] = {
        "send",       "recv",    "discard",     "try_send",    "try_recv",  "send_until",
        "recv_until", "close",   "len",         "select",      "ordered",   "yield",
        "sleep",      "lock",    "try_lock",    "unlock",      "cond_wait", "signal",
        "broadcast",  "rlock",   "runlock",     "wlock",       "wunlock",   "timer_reset",
        "timer_stop", "acquire", "try_acquire", "release",     "wg_add",    "wg_done",
        "wg_wait",    "cancel",  "expire",      "group_wait",  "cancelled", "shield",
        "unshield",   "go",      "open",        "group_close", "fail"
    };
    return names[o];
}

static int cause_digit(int cause)
{
    return cause == -EIO ? 0 : cause == -ENOENT ? 1 : cause == -EINVAL ? 2 : 3;
}

static void print_channel(int n)
{
    if (n >= DONE)
        fprintf(stderr, "D%d", n - DONE);
    else if (n == TIMER)
        fprintf(stderr, "T");
    else
        fprintf(stderr, "%d", n);
}

static void print_call(const call *c)
{
    fprintf(stderr, " %c", op_letters[c->op]);
    int ms = (int)(c->ns / millisecond);
    switch (c->op) {
    case OP_SEND_UNTIL:
    case OP_RECV_UNTIL: print_channel(c->object), fprintf(stderr, "%d", ms); break;
    case OP_SLEEP:
    case OP_RESET: fprintf(stderr, "%d", ms - 1); break;
    case OP_ACQUIRE:
    case OP_TRY_ACQUIRE:
    case OP_RELEASE: fprintf(stderr, "%d", c->other - 1); break;
    case OP_CANCEL:
    case OP_EXPIRE: fprintf(stderr, "%d%d", c->object, cause_digit(c->cause)); break;
    case OP_FAIL: fprintf(stderr, "%d", cause_digit(c->cause)); break;
    case OP_GO: fprintf(stderr, "%d%d", c->object, c->other); break;
    case OP_SELECT:
    case OP_ORDERED:
        for (int i = 0; i < c->n_cases; i++) {
            const one_case *k = &c->cases[i];
            fprintf(stderr, "%c", case_letters[k->kind]);
            if (k->kind == CASE_AFTER)
                fprintf(stderr, "%d", (int)(k->ns / millisecond));
            else if (k->kind != CASE_DEFAULT && k->kind != CASE_NONE)
                print_channel(k->channel);
        }
        if (c->n_cases < CASES_MAX)
            fprintf(stderr, ".");
        break;
    case OP_RLOCK:
    case OP_RUNLOCK:
    case OP_WLOCK:
    case OP_WUNLOCK:
    case OP_STOP:
    case OP_YIELD:
    case OP_ADD:
    case OP_DONE:
    case OP_WAIT:
    case OP_CANCELLED:
    case OP_SHIELD:
    case OP_UNSHIELD: break;
    default: print_channel(c->object); break;
    }
}

void program_print(const program *p)
{
    fprintf(stderr, "# seed %u by %s; channels, permits, groups; scripts\n", (unsigned)p->seed,
            p->pct ? "pct" : "random");
    for (int i = 0; i < p->n_channels; i++)
        fprintf(stderr, "%c", p->capacity[i] == NOBODY ? 'n' : '0' + p->capacity[i]);
    fprintf(stderr, "%s %d ", p->n_channels < CHANNELS_MAX ? "." : "", p->permits);
    for (int i = 0; i < p->n_groups; i++) {
        int ms = (int)(p->groups[i].timeout / millisecond);
        if (p->groups[i].early)
            fprintf(stderr, "%d%d ", p->groups[i].parent + 1, ms);
        else
            fprintf(stderr, "l ");
    }
    fprintf(stderr, "%s\n", p->n_groups < GROUPS_MAX ? "." : "");
    for (int i = 0; i < p->n_scripts; i++) {
        const script *s = &p->scripts[i];
        fprintf(stderr, "%d%c", s->group, s->at_once ? '+' : '-');
        for (int k = 0; k < s->n; k++)
            print_call(&s->calls[k]);
        fprintf(stderr, "%s   # task %d\n", s->n < CALLS_MAX ? " ;" : "", i);
    }
}
