/* SPDX-License-Identifier: MIT */
/* kit: not-under-sanitizers */
/* os.h says that errno is left as it was found, also by calls that fail. */
#include <errno.h>
#include <stdint.h>

#include "kit/kit.h"
#include "os/os.h"

enum { MARK = 7777 };

TEST(os_allocations_that_fail_keep_errno)
{
    volatile size_t too_much = PTRDIFF_MAX / 2;
    errno = MARK;
    CHECK(rni_os_alloc(too_much) == NULL);
    CHECK_EQ(errno, MARK);
    CHECK(rni_os_alloc_aligned(64, too_much) == NULL);
    CHECK_EQ(errno, MARK);
    CHECK(rni_os_resize(NULL, too_much) == NULL);
    CHECK_EQ(errno, MARK);
    CHECK(rni_os_reserve(too_much) == NULL);
    CHECK_EQ(errno, MARK);
}

TEST(os_poller_calls_that_fail_keep_errno)
{
    errno = MARK;
    CHECK_EQ(rni_os_poller_arm(-1, RNI_OS_READ, 1), -EBADF);
    CHECK_EQ(errno, MARK);
    rni_os_poller_close();
    CHECK_EQ(errno, MARK);
}
