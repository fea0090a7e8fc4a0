/* SPDX-License-Identifier: MIT */
/*
 * The reduction must not hide anything. Random programs of loads, stores, read-modify-writes and
 * fences of all orders are explored with and without it: the same results must be seen. And without
 * it the number of interleavings is that of combinatorics: (a + b)! / (a! b!) for two threads.
 */
#include "programs.h"

enum { PROGRAMS = 400 };
static unsigned programs = PROGRAMS;

static int compare_random(int memory)
{
    uint64_t with = 0, without = 0, pruned = 0;
    unsigned compared = 0;
    for (int i = 0; i < (int)programs; i++) {
        rn_check_result all, reduced;
        draw_program();
        unsigned many = explore((rn_check_options){ .memory = memory, .no_reduction = true }, &all);
        unsigned few = explore((rn_check_options){ .memory = memory }, &reduced);
        if (!all.exhaustive)
            continue;
        compared++;
        with += reduced.schedules;
        pruned += reduced.pruned;
        without += all.schedules;
        if (many != few) {
            printf("program %d: %u results with reduction, %u without:\n", i, few, many);
            print_program();
            return 1;
        }
    }
    printf("%s: %u programs, the same results: %llu schedules (and %llu pruned) instead of %llu\n",
           memory == RN_CHECK_SC ? "interleavings" : "C11", compared, (unsigned long long)with,
           (unsigned long long)pruned, (unsigned long long)without);
    return compared < programs * 9 / 10;
}

static int count(unsigned a, unsigned b, uint64_t expected)
{
    rn_check_result result;
    lengths[0] = a;
    lengths[1] = b;
    lengths[2] = 0;
    for (int t = 0; t < THREADS; t++) {
        for (int i = 0; i < LENGTH; i++)
            program[t][i] = (instruction){ STORE, t % LOCATIONS, 1, 0 };
    }
    explore((rn_check_options){ .memory = RN_CHECK_SC, .no_reduction = true }, &result);
    printf("%u and %u steps: %llu interleavings\n", a, b, (unsigned long long)result.schedules);
    return result.schedules != expected;
}

int main(void)
{
    int wrong = count(1, 1, 2) + count(2, 1, 3) + count(2, 2, 6) + count(3, 2, 10) +
                count(3, 3, 20);
    wrong += compare_random(RN_CHECK_SC);
    wrong += compare_random(RN_CHECK_C11);
    n_kinds = 6; /* with heavy fences, which are many steps each */
    lengths_most = 2;
    programs = 150;
    wrong += compare_random(RN_CHECK_C11);
    wrong += compare_random(RN_CHECK_SC);
    without_heavy = true;
    programs = PROGRAMS;
    lengths_most = LENGTH;
    n_kinds = 7;
    wrong += compare_random(RN_CHECK_SC);
    wrong += compare_random(RN_CHECK_C11);
    return wrong;
}
