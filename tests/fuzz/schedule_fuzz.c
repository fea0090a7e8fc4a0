/* SPDX-License-Identifier: MIT */
/* Target: schedules of simulated runs as text (RUNNEL_SCHEDULE). What is read is in order and in
 * range, and is the same after it was written and read again. */
#include "fuzz/fuzz.h"

#include <string.h>

#include "os/os.h"
#include "scope/schedule.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    rni_schedule s = { 0 }, again = { 0 };
    char *given = malloc(size + 1);
    if (!given)
        abort();
    memcpy(given, data, size);
    given[size] = 0;
    FUZZ_CHECK(rni_schedule_parse(&s, given));
    for (size_t i = 0; i < s.n; i++) {
        FUZZ_CHECK(s.list[i].at < RNI_SIM_DECISIONS_MAX);
        FUZZ_CHECK(s.list[i].chosen <= RNI_SIM_ALTERNATIVES_MAX);
        FUZZ_CHECK(i == 0 || s.list[i].at > s.list[i - 1].at);
    }
    char *text = rni_schedule_text(&s);
    FUZZ_CHECK(text);
    if (s.n > 0) { /* the text of none, "", is not a schedule */
        FUZZ_CHECK(rni_schedule_parse(&again, text) && again.n == s.n);
        FUZZ_CHECK(memcmp(again.list, s.list, s.n * sizeof *s.list) == 0);
        char *twice = rni_schedule_text(&again);
        FUZZ_CHECK(twice && strcmp(twice, text) == 0);
        rni_os_free(twice);
    }
    rni_os_free(text);
    /* Without a middle part: what remains is in its place. */
    size_t cut = s.n / 3, n = s.n / 2;
    FUZZ_CHECK(rni_schedule_copy(&again, &s, cut, n) && again.n == s.n - n);
    for (size_t i = 0; i < again.n; i++)
        FUZZ_CHECK(again.list[i].at == s.list[i < cut ? i : i + n].at);
    rni_schedule_fini(&s);
    rni_schedule_fini(&again);
    free(given);
    return 0;
}
