/* SPDX-License-Identifier: MIT */
/*
 * A program in a known state, for the tests of the debugger's commands (debug.py, which knows the
 * lines marked with "at:" and the values below): a task waits in every way that there is, one runs,
 * and `crowd` many wait with one stack. When all do, says "ready" and waits to be looked at.
 *
 *     parked [CROWD [abort]]
 */
#include <runnel.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static _Atomic(int) spinning, blocked;
static rn_mutex mutex;

static int inner(rn_chan(int) c, int depth, const char *word)
{
    char pages[9000]; /* so that the stack is more than the page of the task's record */
    int local = depth * 100, got;
    memset(pages, depth, sizeof pages);
    if (rn_recv(c, &got) != 0) /* at: inner */
        return -ECANCELED;
    return local + got + pages[got & 1] + (int)strlen(word);
}

static int outer(rn_chan(int) c, int depth)
{
    int rc = depth < 3 ? outer(c, depth + 1) : inner(c, depth, "seven"); /* at: outer */
    return rc < 0 ? rc : 0;
}

static int receiver(rn_chan(int) c, int first)
{
    return outer(c, first);
}
RN_TASK(receiver, rn_chan(int), int);

static int sender(rn_chan(int) c, int value)
{
    return rn_send(c, value); /* at: sender */
}
RN_TASK(sender, rn_chan(int), int);

static int selecter(rn_chan(int) a, rn_chan(int) b)
{
    int got;
    return rn_select(RN_RECV(a, &got, NULL), RN_SEND(b, 5)) < 0; /* at: selecter */
}
RN_TASK(selecter, rn_chan(int), rn_chan(int));

static int sleeper(int seconds)
{
    return rn_sleep(seconds * RN_SECOND); /* at: sleeper */
}
RN_TASK(sleeper, int);

static int locker(int n)
{
    int rc = rn_mutex_lock(&mutex); /* at: locker */
    return rc ? rc : n;
}
RN_TASK(locker, int);

static int block(void *arg)
{
    blocked = 1;
    for (;;)
        pause();
    return *(int *)arg;
}

static int blocker(int n)
{
    return rn_blocking(block, &n); /* at: blocker */
}
RN_TASK(blocker, int);

static int waiter(rn_group *g, int n)
{
    int rc = rn_group_wait(g); /* at: waiter */
    return rc ? rc : n;
}
RN_TASK(waiter, rn_group *, int);

static int spinner(int n)
{
    for (spinning = n; spinning;) /* at: spinner */
        ;
    return 0;
}
RN_TASK(spinner, int);

static int member(rn_chan(char) c, int n)
{
    char got;
    int rc = rn_recv(c, &got); /* at: member */
    return rc ? rc : n;
}
RN_TASK(member, rn_chan(char), int);

/* Whether every task but this one and the spinner waits: told by the library's own report. */
static bool settled(void)
{
    static char report[1 << 20];
    FILE *f = tmpfile();
    if (!f)
        return false;
    rn_dump(fileno(f));
    rewind(f);
    size_t n = fread(report, 1, sizeof report - 1, f);
    report[n] = 0;
    fclose(f);
    int running = 0;
    for (char *at = report; (at = strstr(at, "[running]")) != NULL; at++)
        running++;
    return running == 2 && blocked && !strstr(report, "[runnable]") && !strstr(report, "[not st");
}

/* Where the tests stop the program. */
__attribute__((noinline)) static void hold(bool end)
{
    puts("ready");
    fflush(stdout);
    if (end)
        abort();
    for (;;)
        pause();
}

struct arguments {
    int crowd;
    bool end;
};

static int start(rn_group *g, void *arg)
{
    const struct arguments *args = arg;
    rn_chan(int) nothing = rn_make(g, int, 0), full = rn_make(g, int, 2);
    rn_chan(char) crowded = rn_make(g, char, 0), over = rn_make(g, char, 4);
    rn_group *tasks = rn_group_new(NULL);
    if (!nothing || !full || !crowded || !over || !tasks || rn_send(full, 1) || rn_send(full, 2))
        return -ENOMEM;
    rn_close(over);
    (void)rn_mutex_lock(&mutex);
    rn_go(tasks, receiver, nothing, 1);
    rn_go(tasks, sender, full, 4711);
    rn_go(tasks, selecter, nothing, full);
    rn_go(tasks, sleeper, 3600);
    rn_go(tasks, locker, 8);
    rn_go(tasks, blocker, 9);
    rn_go(tasks, spinner, 10); /* at: go spinner */
    rn_go(g, waiter, tasks, 11);
    for (int i = 0; i < args->crowd; i++)
        rn_go(tasks, member, crowded, i);
    while (!settled())
        (void)rn_sleep(RN_MILLISECOND);
    hold(args->end);
    return 0;
}

int main(int argc, char **argv)
{
    struct arguments args = { .crowd = argc > 1 ? atoi(argv[1]) : 0, .end = argc > 2 };
    return rn_run(start, &args) != 0;
}
