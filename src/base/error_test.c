/* SPDX-License-Identifier: MIT */
/* The names of status codes. */
#include <errno.h>
#include <limits.h>

#include <runnel.h>

#include "kit/kit.h"

TEST(strerror_names_its_own_codes_with_either_sign)
{
    CHECK_STR(rn_strerror(0), "ok");
    CHECK_STR(rn_strerror(-EPIPE), "closed");
    CHECK_STR(rn_strerror(EPIPE), "closed");
    CHECK_STR(rn_strerror(-ENOENT), "No such file or directory");
}

TEST(strerror_knows_no_name_for_what_is_no_code)
{
    CHECK_STR(rn_strerror(INT_MAX), "unknown error");
    CHECK_STR(rn_strerror(-INT_MAX), "unknown error");
    CHECK_STR(rn_strerror(INT_MIN), "unknown error"); /* which has no opposite */
}
