/* SPDX-License-Identifier: MIT */
/*
 * Programs that are wrong on purpose, each of which its sanitizer must report:
 *
 *     wrong NAME            runs it; a report ends the process
 *     wrong --list WHO      the names, and what must be said, of address, undefined or memory
 *
 * Each does the wrong thing in a task that has waited before, so that it may have moved to another
 * worker, and in a program with other tasks at work. The races are in race.c and no_order.c.
 */
#include <runnel.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { STEPS = 20 };

/* Volatile, so that no compiler sees through the mistakes. */
static int *volatile escaped;
static volatile int index_of_4 = 4, largest = 0x7fffffff, sink;

static void wait_a_little(void)
{
    for (int i = 0; i < STEPS; i++) {
        rn_yield();
        if (rn_sleep(10 * RN_MICROSECOND) != 0)
            abort();
    }
}

/* ---- address ---- */

static int stack_use_after_scope(rn_chan(int) c)
{
    (void)c;
    {
        int inner = 42;
        escaped = &inner;
        wait_a_little();
    }
    return *escaped == 42 ? 0 : 1;
}

static __attribute__((noinline)) int *address_of_a_local(void)
{
    int local[4] = { 1, 2, 3, 4 };
    escaped = local;
    wait_a_little();
    return escaped;
}

static int stack_use_after_return(rn_chan(int) c)
{
    (void)c;
    int *p = address_of_a_local();
    wait_a_little();
    return p[1] == 2 ? 0 : 1;
}

static int stack_buffer_overflow(rn_chan(int) c)
{
    (void)c;
    int four[4] = { 1, 2, 3, 4 };
    escaped = four;
    wait_a_little();
    return escaped[index_of_4];
}

static int heap_buffer_overflow(rn_chan(int) c)
{
    (void)c;
    escaped = calloc(4, sizeof *escaped);
    wait_a_little();
    sink = escaped[index_of_4];
    free(escaped);
    return 0;
}

/* Sent to another, and freed by the sender. */
static int free_after_the_send(rn_chan(int *) c)
{
    int *p = calloc(4, sizeof *p);
    int rc = rn_send(c, p);
    free(p);
    return rc;
}
RN_TASK(free_after_the_send, rn_chan(int *));

static int heap_use_after_free(rn_chan(int) c)
{
    (void)c;
    int *p = NULL;
    rn_group *g = rn_group_new(NULL);
    rn_chan(int *) pointers = rn_make(g, int *, 1);
    rn_go(g, free_after_the_send, pointers);
    if (rn_recv(pointers, &p) != 0 || rn_group_wait(g) != 0)
        return 1;
    sink = p[0];
    rn_group_close(g);
    return 0;
}

static int globals[4];

static int global_buffer_overflow(rn_chan(int) c)
{
    (void)c;
    escaped = globals;
    wait_a_little();
    return escaped[index_of_4];
}

/* What a receive writes into is the receiver's, and too small. */
static int receive_into_too_little(rn_chan(int) c)
{
    (void)c;
    rn_group *g = rn_group_new(NULL);
    typedef struct large {
        char bytes[100];
    } large;
    rn_chan(large) wide = rn_make(g, large, 1);
    large v = { { 1 } };
    large *small = malloc(10);
    if (rn_send(wide, v) != 0 || rn_recv(wide, small) != 0)
        return 1;
    sink = small->bytes[0];
    free(small);
    rn_group_close(g);
    return 0;
}

/* ---- undefined ---- */

static int signed_overflow(rn_chan(int) c)
{
    (void)c;
    wait_a_little();
    sink = largest + 1;
    return 0;
}

static int index_out_of_bounds(rn_chan(int) c)
{
    int four[4] = { 1, 2, 3, 4 };
    (void)c;
    wait_a_little();
    return four[index_of_4] != 0;
}

/* ---- memory ---- */

static int branch_on_a_fresh_block(rn_chan(int) c)
{
    (void)c;
    int *p = malloc(sizeof *p);
    wait_a_little();
    if (*p == 42)
        puts("42");
    free(p);
    return 0;
}

static int branch_on_a_fresh_local(rn_chan(int) c)
{
    (void)c;
    int local[4];
    escaped = local;
    wait_a_little();
    if (escaped[1] == 42)
        puts("42");
    return 0;
}

/* A receive that fails writes nothing. */
static int branch_on_what_was_not_received(rn_chan(int) c)
{
    int v;
    wait_a_little();
    if (rn_try_recv(c, &v) != -EAGAIN)
        return 1;
    if (v == 42)
        puts("42");
    return 0;
}

static const struct {
    const char *name, *who, *says;
    int (*task)(rn_chan(int) c);
} programs[] = {
    { "stack_use_after_scope", "address", "stack-use-after-scope", stack_use_after_scope },
    { "stack_use_after_return", "address", "stack-use-after-return", stack_use_after_return },
    { "stack_buffer_overflow", "address", "stack-buffer-overflow", stack_buffer_overflow },
    { "heap_buffer_overflow", "address", "heap-buffer-overflow", heap_buffer_overflow },
    { "heap_use_after_free", "address", "heap-use-after-free", heap_use_after_free },
    { "global_buffer_overflow", "address", "global-buffer-overflow", global_buffer_overflow },
    { "receive_into_too_little", "address", "heap-buffer-overflow", receive_into_too_little },
    { "signed_overflow", "undefined", "signed integer overflow", signed_overflow },
    { "index_out_of_bounds", "undefined", "out of bounds", index_out_of_bounds },
    { "branch_on_a_fresh_block", "memory", "use-of-uninitialized-value", branch_on_a_fresh_block },
    { "branch_on_a_fresh_local", "memory", "use-of-uninitialized-value", branch_on_a_fresh_local },
    { "branch_on_what_was_not_received", "memory", "use-of-uninitialized-value",
      branch_on_what_was_not_received },
};

static int (*chosen)(rn_chan(int) c);

static int run_chosen(rn_chan(int) c)
{
    return chosen(c);
}
RN_TASK(run_chosen, rn_chan(int));

static int bystander(void)
{
    wait_a_little();
    return 0;
}
RN_TASK(bystander);

static int start(rn_group *g, void *arg)
{
    (void)arg;
    rn_group *all = rn_group_new(NULL);
    rn_chan(int) c = rn_make(g, int, 1);
    for (int i = 0; i < 3; i++)
        rn_go(all, bystander);
    rn_go(all, run_chosen, c);
    int rc = rn_group_wait(all);
    rn_group_close(all);
    return rc;
}

int main(int argc, char **argv)
{
    for (size_t i = 0; i < sizeof programs / sizeof programs[0]; i++) {
        if (argc == 3 && strcmp(argv[1], "--list") == 0 && strcmp(argv[2], programs[i].who) == 0)
            printf("%s %s\n", programs[i].name, programs[i].says);
        if (argc == 2 && strcmp(argv[1], programs[i].name) == 0) {
            chosen = programs[i].task;
            return rn_run(start, NULL);
        }
    }
    if (argc == 3)
        return 0;
    fprintf(stderr, "usage: wrong NAME | --list WHO\n");
    return 2;
}
