/* SPDX-License-Identifier: MIT */
/* Values of any type, and the stages on them. */
#include <runnel.h>

#include <string.h>

#include "kit/kit.h"

TEST(an_any_knows_its_type)
{
    int64_t n = 0;
    double d = 0;
    const char *s = NULL;
    void *p = NULL;
    char text[] = "text";
    CHECK_EQ(rn_any_int(RN_ANY(-1)), -1);
    CHECK_EQ(rn_any_int(RN_ANY((unsigned char)200)), 200);
    CHECK_EQ(rn_any_int(RN_ANY(INT64_MIN)), INT64_MIN);
    CHECK_EQ(rn_any_int(RN_ANY((bool)true)), 1);
    CHECK(rn_any_double(RN_ANY(0.5f)) == 0.5);
    CHECK_STR(rn_any_string(RN_ANY("a")), "a");
    CHECK(rn_any_string(RN_ANY(text)) == text);
    CHECK(rn_any_pointer(RN_ANY(&n)) == &n);
    CHECK(rn_any_pointer(RN_ANY((const double *)&d)) == &d);
    CHECK(rn_any_try_int(RN_ANY(5L), &n) && n == 5);
    CHECK(rn_any_try_double(RN_ANY(2.5), &d) && d == 2.5);
    CHECK(rn_any_try_string(RN_ANY("b"), &s) && strcmp(s, "b") == 0);
    CHECK(rn_any_try_pointer(RN_ANY((void *)&d), &p) && p == &d);
    CHECK(!rn_any_try_int(RN_ANY("7"), &n) && n == 5);
    CHECK(!rn_any_try_double(RN_ANY(1), &d) && !rn_any_try_string(RN_ANY(1), &s));
    CHECK(!rn_any_try_pointer(RN_ANY("b"), &p));
    CHECK(!rn_any_try_int((rn_any){ 0 }, &n));
}

TEST_EXIT(a_wrong_assertion_says_what_it_found, 2, "an rn_any holds an integer, not a string")
{
    rn_any_string(RN_ANY(1));
}

TEST_EXIT(nothing_is_no_double, 2, "an rn_any holds nothing, not a double")
{
    rn_any_double((rn_any){ 0 });
}

static bool is_string(rn_any v)
{
    return v.tag == RN_ANY_STRING;
}
RN_STAGE(is_string, bool, rn_any);

/* The chapter's to-string stage. */
TASK_TEST(to_string_asserts_the_type)
{
    char message[64] = "message: ";
    rn_receiver(rn_any) in = rn_take(g, rn_repeat(g, rn_any, RN_ANY("I"), RN_ANY("am.")), 5);
    rn_receiver(const char *) words = rn_to_string(g, in);
    for (const char *s; rn_recv(words, &s) == 0;)
        strcat(message, s);
    strcat(message, "...");
    CHECK_STR(message, "message: Iam.Iam.I...");
    return 0;
}

TASK_TEST(anys_go_through_stages_of_any_kind)
{
    rn_stage(rn_any, const char *)
        strings = rn_compose(rn_any, rn_stage_filter(g, is_string), rn_stage_to_string(g));
    rn_receiver(rn_any) in = rn_generator(g, rn_any, RN_ANY(1), RN_ANY("x"), RN_ANY(0.5),
                                          RN_ANY("y"));
    rn_receiver(const char *) out = rn_start_with(g, in, strings, RN_FUSED);
    const char *s;
    CHECK_EQ(rn_recv(out, &s), 0);
    CHECK_STR(s, "x");
    CHECK_EQ(rn_recv(out, &s), 0);
    CHECK_STR(s, "y");
    CHECK_EQ(rn_recv(out, &s), -EPIPE);
    return 0;
}

static int to_string_meets_a_number(rn_group *g, void *arg)
{
    (void)arg;
    rn_receiver(const char *) out = rn_to_string(g, rn_generator(g, rn_any, RN_ANY(3)));
    return rn_wait(out);
}

TEST_EXIT(to_string_of_a_number_is_a_mistake, 2, "an rn_any holds an integer, not a string")
{
    rn_run(to_string_meets_a_number, NULL);
}
