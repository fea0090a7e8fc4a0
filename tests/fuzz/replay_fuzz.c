/* SPDX-License-Identifier: MIT */
/*
 * Target: rn-check's replay strings (ext/check/explore.c, alone: the rest of that library takes the
 * place of malloc and memcpy). What a string says is what is chosen, and what is printed afterwards
 * says the same.
 */
#include "fuzz/fuzz.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include "../../ext/check/engine.h"

rn_check_options rni_ck_options;
rni_ck_thread rni_ck_threads[RNI_CK_THREADS];
static jmp_buf failed;

void *rni_ck_resize(void *memory, size_t bytes)
{
    void *p = realloc(memory, bytes);
    if (!p)
        abort();
    return p;
}

void rni_ck_fail(const char *format, ...)
{
    (void)format;
    longjmp(failed, 1);
}

/* The normal form of the string that was given last; the caller frees it. */
static char *printed(void)
{
    char *copy = strdup(rni_ck_replay_string());
    if (!copy)
        abort();
    return copy;
}

/* A digest of the first choices that the string makes. */
static uint64_t choices_of(const char *text)
{
    volatile uint64_t hash = 0;
    rni_ck_explore_init(text);
    rni_ck_explore_begin();
    if (setjmp(failed) == 0)
        for (volatile int i = 0; i < 1000; i++)
            hash = (hash ^ rni_ck_choose(UINT32_MAX)) * UINT64_C(0x100000001b3);
    return hash;
}

/* Whether there is more to repeat than a target has time for. */
static bool is_long(const char *text)
{
    unsigned long times = 0;
    for (const char *p = text; (p = strchr(p, ':')) != NULL; p++) {
        unsigned long n = strtoul(p + 1, NULL, 10);
        times += n < 1000000 ? n : 0;
    }
    return times > (strlen(text) < 40 ? 2000000 : 20000);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *given = malloc(size + 1);
    if (!given)
        abort();
    memcpy(given, data, size);
    given[size] = 0;
    if (is_long(given)) {
        free(given);
        return 0;
    }
    rni_ck_explore_init(given);
    FUZZ_CHECK(rni_ck_replaying());
    char *text = printed();
    FUZZ_CHECK(strspn(text, "0123456789abcdefghijklmnopqrstuvwxyz.:,") == strlen(text));
    rni_ck_explore_init(text);
    char *again = printed();
    FUZZ_CHECK(strcmp(text, again) == 0);
    FUZZ_CHECK(choices_of(given) == choices_of(text));
    FUZZ_CHECK(!rni_ck_explore_next());
    free(text);
    free(again);
    free(given);
    return 0;
}
