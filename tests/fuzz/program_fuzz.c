/* SPDX-License-Identifier: MIT */
/*
 * Target: a random program (program.h), run in a simulated run and compared with the model. Now and
 * then a program is run twice: equal seeds must give equal runs, note for note.
 */
#include "fuzz/fuzz.h"
#include "fuzz/program.h"

#include <string.h>

static void print_note(const note *n, int i)
{
    fprintf(stderr, "  %3d %4d.%03d ms  task %d  ", i, (int)(n->now / 1000000 % 10000),
            (int)(n->now / 1000 % 1000), n->task);
    switch (n->kind) {
    case NOTE_START: fprintf(stderr, "starts\n"); break;
    case NOTE_LEAVE: fprintf(stderr, "ends with %d\n", n->rc); break;
    case NOTE_QUIET: fprintf(stderr, "finds all quiet\n"); break;
    case NOTE_BEGIN:
        fprintf(stderr, "begins %s %d", program_op_name(n->call->op), n->call->object);
        fprintf(stderr, n->value ? ", sends %u\n" : "\n", n->value);
        break;
    case NOTE_END:
        fprintf(stderr, "ends   %s: %d", program_op_name(n->call->op), n->rc);
        fprintf(stderr, n->value ? ", got %u\n" : "\n", n->value);
        break;
    }
}

static void complain(const program *p, const notes *n, const char *wrong, int at)
{
    enum { SHOWN = 60 };
    program_print(p);
    for (int i = at > SHOWN ? at - SHOWN : 0; i <= at && i < n->n; i++)
        print_note(&n->list[i], i);
    fprintf(stderr, "program: %s, at note %d of %d\n", wrong, at, n->n);
    abort();
}

static bool equal(const notes *a, const notes *b)
{
    if (a->n != b->n || a->hash != b->hash)
        return false;
    for (int i = 0; i < a->n; i++) {
        const note *x = &a->list[i], *y = &b->list[i];
        if (x->kind != y->kind || x->task != y->task || x->call != y->call || x->now != y->now ||
            x->rc != y->rc || x->value != y->value)
            return false;
    }
    return true;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static program p;
    static notes first, second;
    int at = 0;
    program_read(&p, data, size);
    FUZZ_CHECK(program_run(&p, &first));
    const char *wrong = program_check(&p, &first, &at);
    if (wrong)
        complain(&p, &first, wrong, at);
    if (p.seed % 8 != 0)
        return 0;
    FUZZ_CHECK(program_run(&p, &second));
    if (!equal(&first, &second))
        complain(&p, &second, "the same seed gave another run", second.n - 1);
    return 0;
}
