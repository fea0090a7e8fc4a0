/* SPDX-License-Identifier: MIT */
/*
 * Executions, one after the other: init, the threads, finish; what failed, and a line about it all.
 *
 * An execution that fails is repeated once, with a trace.
 */
#define _GNU_SOURCE
#undef _FORTIFY_SOURCE
#include <errno.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "engine.h"

volatile int rni_ck_user;
bool rni_ck_running, rni_ck_parallel;
rn_check_options rni_ck_options;
void *rni_ck_state;
size_t rni_ck_state_bytes;

static const rn_check_model *model;
static char failure[2048];
static rn_check_result result;

/* ---- one execution ---- */

void rni_ck_fail(const char *format, ...)
{
    rni_ck_user = 0;
    va_list args;
    va_start(args, format);
    vsnprintf(failure, sizeof failure, format, args);
    va_end(args);
    if (rni_ck_tracing)
        rni_ck_trace(NULL, "%s", failure);
    _longjmp(rni_ck_controller, RNI_CK_FAILED);
}

void rni_ck_prune(void)
{
    _longjmp(rni_ck_controller, RNI_CK_PRUNED);
}

static void begin(void)
{
    rni_ck_memory_reset();
    rni_ck_race_reset();
    rni_ck_heap_reset();
    rni_ck_trace_reset();
    memset(rni_ck_state, 0, model->state_bytes);
    rni_ck_step_reset();
    failure[0] = 0;
    rni_ck_thread_count = 1;
    while (rni_ck_thread_count < RNI_CK_THREADS && model->threads[rni_ck_thread_count - 1])
        rni_ck_thread_count++;
    for (unsigned i = 0; i < rni_ck_thread_count; i++) {
        rni_ck_thread *t = &rni_ck_threads[i];
        size_t kept = offsetof(rni_ck_thread, function);
        memset(t, 0, kept);
        t->index = (int)i;
        t->now.tick[i] = 1;
        t->state = RNI_CK_DONE;
        t->function = i ? model->threads[i - 1] : NULL;
    }
    rni_ck_current = &rni_ck_threads[0];
}

/* Runs part of an execution. 0, or how it ended before its end. */
static int alone(rn_check_function *f)
{
    int code = _setjmp(rni_ck_controller);
    if (code)
        return code;
    rni_ck_current = &rni_ck_threads[0];
    rni_ck_user = 1;
    if (f)
        f(rni_ck_state);
    rni_ck_user = 0;
    return 0;
}

/* Runs every thread to its first visible operation. */
static int start_threads(void)
{
    rni_ck_starting = true;
    for (volatile unsigned i = 1; i < rni_ck_thread_count; i++) {
        rni_ck_thread *t = &rni_ck_threads[i];
        rni_ck_clock_copy(&t->now, &rni_ck_threads[0].now);
        t->now.tick[i] = 1;
        t->now.tick[0] = rni_ck_threads[0].now.tick[0];
        t->state = RNI_CK_READY;
    }
    rni_ck_threads[0].now.tick[0]++;
    for (volatile unsigned i = 1; i < rni_ck_thread_count; i++) {
        int code = _setjmp(rni_ck_controller);
        if (code == 0) {
            rni_ck_current = &rni_ck_threads[i];
            _longjmp(rni_ck_threads[i].base, 1);
        }
        if (code != RNI_CK_STARTED)
            return code;
    }
    rni_ck_starting = false;
    return 0;
}

static int run_threads(void)
{
    int code = _setjmp(rni_ck_controller);
    if (code)
        return code;
    rni_ck_current = &rni_ck_threads[0];
    rni_ck_thread *first = rni_ck_next_thread();
    if (!first)
        return RNI_CK_ENDED;
    rni_ck_current = first;
    _longjmp(first->context, 1);
}

static int execute(void)
{
    begin();
    rni_ck_explore_begin();
    rni_ck_parallel = false;
    int code = alone(model->init);
    if (code)
        return code;
    rni_ck_parallel = true;
    code = start_threads();
    if (code == 0)
        code = run_threads();
    rni_ck_parallel = rni_ck_starting = false;
    if (code != RNI_CK_ENDED)
        return code;
    for (unsigned i = 1; i < rni_ck_thread_count; i++)
        rni_ck_clock_join(&rni_ck_threads[0].now, &rni_ck_threads[i].now);
    code = alone(model->finish);
    if (code)
        return code;
    code = _setjmp(rni_ck_controller);
    if (code == 0 && !rni_ck_options.leaks_allowed)
        rni_ck_heap_leaks();
    return code ? code : RNI_CK_ENDED;
}

/* ---- all executions ---- */

static void on_signal(int signal)
{
    rni_ck_fail("%s", signal == SIGABRT  ? "abort was called"
                      : signal == SIGFPE ? "an arithmetic error (SIGFPE)"
                      : signal == SIGILL ? "an illegal instruction or a trap (SIGILL)"
                                         : "an invalid access to memory (SIGSEGV, SIGBUS)");
}

static const int caught[] = { SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT };
enum { CAUGHT = sizeof caught / sizeof caught[0] };

static void catch_signals(struct sigaction *before)
{
    static char stack[64 * 1024];
    sigaltstack(&(stack_t){ .ss_sp = stack, .ss_size = sizeof stack }, NULL);
    struct sigaction action = { .sa_handler = on_signal, .sa_flags = SA_ONSTACK | SA_NODEFER };
    for (int i = 0; i < CAUGHT; i++)
        sigaction(caught[i], &action, &before[i]);
}

static void restore_signals(const struct sigaction *before)
{
    for (int i = 0; i < CAUGHT; i++)
        sigaction(caught[i], &before[i], NULL);
    sigaltstack(&(stack_t){ .ss_flags = SS_DISABLE }, NULL);
}

static double now_seconds(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void report_failure(const char *what, const char *replay)
{
    if (rni_ck_options.quiet)
        return;
    printf("rn-check: %s FAILS: %s\n", model->name, what);
    rni_ck_trace_print();
    printf("to repeat it: RN_CHECK_REPLAY='%s:%s' %s\n", model->name, replay,
           program_invocation_name);
}

static void report_line(void)
{
    static const char *const strategies[] = { "depth first", "PCT", "random" };
    char bounds[64] = "";
    if (rni_ck_options.preemptions != 0)
        snprintf(bounds, sizeof bounds, ", at most %d preemptions",
                 rni_ck_options.preemptions > 0 ? rni_ck_options.preemptions : 0);
    printf("rn-check: %s: %llu schedules (%s, %s%s%s), %s; %llu pruned, %llu steps, longest %u, "
           "%.2f s\n",
           model->name, (unsigned long long)result.schedules, strategies[rni_ck_options.strategy],
           rni_ck_options.memory == RN_CHECK_C11 ? "C11" : "interleavings",
           rni_ck_reducing ? ", reduced" : "", bounds,
           result.failure      ? "FAILED"
           : result.exhaustive ? "exhaustive"
                               : "not exhaustive",
           (unsigned long long)result.pruned, (unsigned long long)result.steps, result.longest,
           result.seconds);
    fflush(stdout);
}

/* exit in a model would end the search with a status of its choice and without a word. It cannot be
 * undone, so the process ends here. */
static void on_exit_in_model(void)
{
    if (!rni_ck_running)
        return;
    rni_ck_user = 0;
    rni_ck_options.quiet = false;
    report_failure("exit was called", rni_ck_replay_string());
    fflush(stdout);
    _exit(1);
}

/* Repeats the failing execution, which is the last one, with a trace. */
static void explain(void)
{
    static char *replay, *said;
    free(replay);
    free(said);
    const char *choices = rni_ck_replay_string();
    replay = rni_ck_alloc(strlen(model->name) + strlen(choices) + 2);
    sprintf(replay, "%s:%s", model->name, choices);
    result.replay = replay;
    said = strcpy(rni_ck_alloc(strlen(failure) + 1), failure);
    result.failure = said;
    if (!rni_ck_options.quiet) {
        const char *mine = replay + strlen(model->name) + 1;
        rni_ck_tracing = true;
        rni_ck_explore_init(mine);
        if (execute() != RNI_CK_FAILED || strcmp(failure, said) != 0)
            printf("rn-check: it fails in another way when it is repeated: the model is not "
                   "deterministic\n");
        rni_ck_tracing = false;
        report_failure(said, mine);
    }
}

static void explore(const char *replay)
{
    double start = now_seconds();
    uint64_t limit = rni_ck_options.max_schedules ? rni_ck_options.max_schedules : 1000000;
    result.exhaustive = rni_ck_explore_systematic() && !replay;
    do {
        if (result.schedules == limit ||
            (rni_ck_options.max_seconds > 0 && (result.schedules + result.pruned) % 64 == 63 &&
             now_seconds() - start > rni_ck_options.max_seconds)) {
            result.exhaustive = false;
            break;
        }
        int code = execute();
        result.steps += rni_ck_steps;
        if (rni_ck_steps > result.longest)
            result.longest = rni_ck_steps;
        if (code == RNI_CK_PRUNED)
            result.pruned++;
        else
            result.schedules++;
        if (code == RNI_CK_FAILED) {
            result.exhaustive = false;
            explain();
            break;
        }
    } while (rni_ck_explore_next());
    result.seconds = now_seconds() - start;
}

/* Only the real runtime of ThreadSanitizer has this. */
extern __attribute__((weak)) int __tsan_get_report_data(void *report, ...);

/* Whether the program was built as docs/rn-check.md says; says so if not, because it would take all
 * for right, or crash. */
static bool well_built(void)
{
    const char *wrong = __tsan_get_report_data ? "linked with -fsanitize=thread, which is for "
                                                 "compiling only"
                        : !rni_ck_instrumented ? "compiled without -fsanitize=thread"
                                               : NULL;
    if (wrong)
        fprintf(stderr, "rn-check: this program was %s: nothing can be checked\n", wrong);
    return !wrong;
}

/* The part of RN_CHECK_REPLAY for this model; NULL: it is not set; "" with *other: for another. */
static const char *replay_for(const rn_check_model *m, bool *other)
{
    const char *replay = getenv("RN_CHECK_REPLAY");
    size_t length = strlen(m->name);
    *other = replay && (strncmp(replay, m->name, length) != 0 || replay[length] != ':');
    return replay && !*other ? replay + length + 1 : NULL;
}

/* What is wrong with the arguments, or NULL. */
static const char *refusal(const rn_check_model *m, const rn_check_options *o)
{
    if (rni_ck_running)
        return "a check is under way already";
    if (!m || !m->name)
        return "the model has no name";
    if (!m->threads[0])
        return "the model has no threads";
    if ((unsigned)o->strategy > RN_CHECK_RANDOM || (unsigned)o->memory > RN_CHECK_SC)
        return "there is no such strategy, or no such memory";
    if (o->preemptions < RN_CHECK_NO_PREEMPTION)
        return "there is no such bound of preemptions";
    return NULL;
}

int rni_ck_check(const rn_check_model *m, const rn_check_options *options, bool line)
{
    static const rn_check_options defaults;
    struct sigaction before[CAUGHT];
    static bool exit_is_watched;
    bool other;
    const rn_check_options *o = options ? options : &defaults;
    const char *refused = refusal(m, o);
    if (refused && !o->quiet)
        fprintf(stderr, "rn-check: %s\n", refused);
    if (refused || !well_built())
        return -EINVAL;
    rni_ck_options = *o;
    const char *replay = replay_for(m, &other);
    memset(&result, 0, sizeof result);
    if (rni_ck_options.result)
        *rni_ck_options.result = result;
    if (other) {
        if (line && !rni_ck_options.quiet)
            printf("rn-check: %s: skipped, RN_CHECK_REPLAY is for another model\n", m->name);
        return 0;
    }
    if (rni_ck_heap_create() != 0 || rni_ck_threads_create() != 0 ||
        posix_memalign(&rni_ck_state, 64, m->state_bytes ? m->state_bytes : 1) != 0)
        return -ENOMEM;
    if (!exit_is_watched)
        exit_is_watched = atexit(on_exit_in_model) == 0;
    model = m;
    rni_ck_state_bytes = m->state_bytes;
    rni_ck_running = true;
    rni_ck_reducing = rni_ck_options.strategy == RN_CHECK_DFS && !rni_ck_options.no_reduction &&
                      rni_ck_options.preemptions == 0;
    catch_signals(before);
    rni_ck_explore_init(replay);
    rni_ck_tracing = replay && getenv("RN_CHECK_TRACE");
    explore(replay);
    if (rni_ck_tracing && !result.failure)
        rni_ck_trace_print();
    rni_ck_tracing = false;
    restore_signals(before);
    rni_ck_running = false;
    free(rni_ck_state);
    rni_ck_state = NULL;
    if (rni_ck_options.result)
        *rni_ck_options.result = result;
    if ((line || result.failure) && !rni_ck_options.quiet)
        report_line();
    return result.failure ? 1 : 0;
}

int rn_check(const rn_check_model *m, const rn_check_options *options)
{
    return rni_ck_check(m, options, true);
}
