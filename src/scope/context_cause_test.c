/* SPDX-License-Identifier: MIT */
/* Which cancellation of a context counts: the first one of itself or of what is above it. */
#include <runnel.h>

#include <stdatomic.h>

#include "kit/kit.h"

/* Causes that nothing in the library uses. */
enum { PARENT = -EXDEV, CHILD = -EILSEQ, TOO_SLOW = -EDOM, FINISHED = -ENOTTY };

/* A step makes a context below the last one, or cancels the last but n. */
typedef enum op {
    END = 0,
    WITH_CANCEL,
    WITH_TIMEOUT,       /* that has passed */
    WITH_LONG_TIMEOUT,  /* that does not pass in the test */
    WITH_TIMEOUT_CAUSE, /* TOO_SLOW; has passed */
    WITH_LONG_TIMEOUT_CAUSE,
    WITHOUT_CANCEL,
    WITH_VALUE,
    CANCEL_LAST,
    CANCEL_ABOVE,
    CANCEL_TWO_ABOVE
} op;

typedef struct step {
    op op;
    int cause;
} step;

/* Runs the steps and CHECKs the last context's err and cause. */
static void check_cause(const step *steps, int err, int cause)
{
    static const char key;
    rn_ctx *made[8] = { rn_ctx_background() };
    int n = 0;
    for (const step *s = steps; s->op != END; s++) {
        rn_ctx *last = made[n];
        switch (s->op) {
        case WITH_CANCEL: made[++n] = rn_ctx_with_cancel(last); break;
        case WITH_TIMEOUT: made[++n] = rn_ctx_with_timeout(last, 0); break;
        case WITH_LONG_TIMEOUT: made[++n] = rn_ctx_with_timeout(last, 300 * RN_HOUR); break;
        case WITH_TIMEOUT_CAUSE: made[++n] = rn_ctx_with_timeout_cause(last, 0, TOO_SLOW); break;
        case WITH_LONG_TIMEOUT_CAUSE:
            made[++n] = rn_ctx_with_timeout_cause(last, 300 * RN_HOUR, TOO_SLOW);
            break;
        case WITHOUT_CANCEL: made[++n] = rn_ctx_without_cancel(last); break;
        case WITH_VALUE: made[++n] = rn_ctx_with_value(last, &key, NULL); break;
        case CANCEL_LAST: rn_ctx_cancel(last, s->cause); break;
        case CANCEL_ABOVE: rn_ctx_cancel(made[n - 1], s->cause); break;
        default: rn_ctx_cancel(made[n - 2], s->cause); break;
        }
        CHECK(made[n] != NULL);
    }
    CHECK_EQ(rn_ctx_err(made[n]), err);
    CHECK_EQ(rn_ctx_cause(made[n]), cause);
    while (n > 0)
        rn_ctx_unref(made[n--]);
}

#define STEPS(...) ((const step[]){ __VA_ARGS__, { END, 0 } })

TASK_TEST(cause_is_nothing_while_nothing_is_cancelled)
{
    check_cause(STEPS({ END, 0 }), 0, 0);
    CHECK_EQ(rn_ctx_err(rn_ctx_todo()), 0);
    CHECK_EQ(rn_ctx_cause(rn_ctx_todo()), 0);
    check_cause(STEPS({ WITH_CANCEL, 0 }, { WITH_LONG_TIMEOUT_CAUSE, 0 }), 0, 0);
    return 0;
}

TASK_TEST(cause_is_the_cancellers_or_err)
{
    check_cause(STEPS({ WITH_CANCEL, 0 }, { CANCEL_LAST, 0 }), -ECANCELED, -ECANCELED);
    check_cause(STEPS({ WITH_CANCEL, 0 }, { CANCEL_LAST, PARENT }), -ECANCELED, PARENT);
    check_cause(STEPS({ WITH_CANCEL, 0 }, { CANCEL_LAST, 1 }), -ECANCELED, -ECANCELED);
    check_cause(STEPS({ WITH_CANCEL, 0 }, { CANCEL_LAST, -ETIMEDOUT }), -ECANCELED, -ETIMEDOUT);
    return 0;
}

TASK_TEST(cause_of_the_first_of_parent_and_child_stays)
{
    static const step below[] = { { WITH_CANCEL, 0 }, { WITH_CANCEL, 0 } };
    check_cause(STEPS(below[0], below[1], { CANCEL_ABOVE, PARENT }, { CANCEL_LAST, CHILD }),
                -ECANCELED, PARENT);
    check_cause(STEPS(below[0], below[1], { CANCEL_LAST, CHILD }, { CANCEL_ABOVE, PARENT }),
                -ECANCELED, CHILD);
    check_cause(STEPS(below[0], below[1], { CANCEL_ABOVE, PARENT }, { CANCEL_LAST, 0 }), -ECANCELED,
                PARENT);
    check_cause(STEPS(below[0], below[1], { CANCEL_LAST, 0 }, { CANCEL_ABOVE, PARENT }), -ECANCELED,
                -ECANCELED);
    check_cause(STEPS(below[0], below[1], { CANCEL_ABOVE, 0 }, { CANCEL_LAST, CHILD }), -ECANCELED,
                -ECANCELED);
    check_cause(STEPS(below[0], below[1], { CANCEL_LAST, CHILD }, { CANCEL_ABOVE, 0 }), -ECANCELED,
                CHILD);
    return 0;
}

TASK_TEST(cause_of_a_deadline_is_set_only_when_it_passes)
{
    check_cause(STEPS({ WITH_TIMEOUT, 0 }, { CANCEL_LAST, 0 }), -ETIMEDOUT, -ETIMEDOUT);
    check_cause(STEPS({ WITH_LONG_TIMEOUT, 0 }, { CANCEL_LAST, 0 }), -ECANCELED, -ECANCELED);
    check_cause(STEPS({ WITH_TIMEOUT_CAUSE, 0 }, { CANCEL_LAST, 0 }), -ETIMEDOUT, TOO_SLOW);
    check_cause(STEPS({ WITH_LONG_TIMEOUT_CAUSE, 0 }, { CANCEL_LAST, 0 }), -ECANCELED, -ECANCELED);
    check_cause(STEPS({ WITH_CANCEL, 0 }, { WITH_TIMEOUT_CAUSE, 0 }, { CANCEL_ABOVE, FINISHED }),
                -ETIMEDOUT, TOO_SLOW);
    check_cause(
        STEPS({ WITH_CANCEL, 0 }, { WITH_LONG_TIMEOUT_CAUSE, 0 }, { CANCEL_ABOVE, FINISHED }),
        -ECANCELED, FINISHED);
    return 0;
}

TASK_TEST(cause_does_not_pass_a_context_without_cancel)
{
    check_cause(STEPS({ WITHOUT_CANCEL, 0 }), 0, 0);
    check_cause(STEPS({ WITH_CANCEL, 0 }, { WITHOUT_CANCEL, 0 }, { CANCEL_ABOVE, FINISHED }), 0, 0);
    check_cause(STEPS({ WITH_CANCEL, 0 }, { CANCEL_LAST, FINISHED }, { WITHOUT_CANCEL, 0 }), 0, 0);
    check_cause(STEPS({ WITH_TIMEOUT_CAUSE, 0 }, { WITHOUT_CANCEL, 0 }, { CANCEL_ABOVE, 0 }), 0, 0);
    check_cause(STEPS({ WITH_CANCEL, 0 }, { WITHOUT_CANCEL, 0 }, { WITH_CANCEL, 0 },
                      { CANCEL_TWO_ABOVE, FINISHED }, { CANCEL_LAST, CHILD }),
                -ECANCELED, CHILD);
    return 0;
}

/* A context made below a cancelled one has its err, too, not only its cause. */
TASK_TEST(cause_and_err_are_inherited_at_birth)
{
    static const op kinds[] = { WITH_CANCEL, WITH_TIMEOUT, WITH_LONG_TIMEOUT_CAUSE, WITH_VALUE };
    for (int i = 0; i < 4; i++) {
        check_cause(STEPS({ WITH_CANCEL, 0 }, { CANCEL_LAST, PARENT }, { kinds[i], 0 }), -ECANCELED,
                    PARENT);
        check_cause(STEPS({ WITH_TIMEOUT_CAUSE, 0 }, { kinds[i], 0 }, { CANCEL_LAST, CHILD }),
                    -ETIMEDOUT, TOO_SLOW);
    }
    return 0;
}

TASK_TEST(cause_goes_down_through_any_kind_of_context)
{
    static const op kinds[] = { WITH_CANCEL, WITH_LONG_TIMEOUT, WITH_LONG_TIMEOUT_CAUSE,
                                WITH_VALUE };
    for (int i = 0; i < 16; i++)
        check_cause(STEPS({ WITH_CANCEL, 0 }, { kinds[i / 4], 0 }, { kinds[i % 4], 0 },
                          { CANCEL_TWO_ABOVE, PARENT }),
                    -ECANCELED, PARENT);
    return 0;
}

/* ---- whose cause, with both looked at ---- */

TASK_TEST(cause_of_the_child_does_not_reach_the_parent)
{
    rn_ctx *parent = rn_ctx_with_cancel(rn_group_ctx(g)), *child = rn_ctx_with_cancel(parent);
    rn_ctx_cancel(child, CHILD);
    CHECK_EQ(rn_ctx_cause(parent), 0);
    rn_ctx_cancel(parent, PARENT);
    CHECK_EQ(rn_ctx_cause(parent), PARENT);
    CHECK_EQ(rn_ctx_cause(child), CHILD);
    rn_ctx_unref(child);
    rn_ctx_unref(parent);
    return 0;
}

static int fail(int rc)
{
    return rc;
}
RN_TASK(fail, int);

TASK_TEST(cause_of_a_group_is_the_error_of_its_first_failed_task)
{
    (void)g;
    rn_group *h = rn_group_new(NULL);
    rn_ctx *below = rn_ctx_with_timeout_cause(rn_group_ctx(h), RN_HOUR, TOO_SLOW);
    CHECK_EQ(rn_go(h, fail, FINISHED), 0);
    CHECK_EQ(rn_group_wait(h), FINISHED);
    CHECK_EQ(rn_ctx_err(below), -ECANCELED);
    CHECK_EQ(rn_ctx_cause(below), FINISHED);
    CHECK_EQ(rn_group_close(h), FINISHED);
    CHECK_EQ(rn_ctx_cause(below), FINISHED);
    rn_ctx_unref(below);
    return 0;
}

/* ---- races ---- */

static int cancel_with(rn_ctx *ctx, int cause)
{
    rn_ctx_cancel(ctx, cause);
    rn_ctx_unref(ctx);
    return 0;
}
RN_TASK(cancel_with, rn_ctx *, int);

TASK_TEST(cause_can_be_polled_while_another_task_cancels)
{
    (void)g;
    for (int i = 0; i < 500; i++) {
        rn_group *h = rn_group_new(NULL);
        rn_ctx *ctx = rn_ctx_with_cancel(rn_ctx_background());
        CHECK_EQ(rn_go(h, cancel_with, rn_ctx_ref(ctx), PARENT), 0);
        int cause;
        while ((cause = rn_ctx_cause(ctx)) == 0)
            rn_yield();
        CHECK_EQ(cause, PARENT);
        rn_ctx_unref(ctx);
        CHECK_EQ(rn_group_close(h), 0);
    }
    return 0;
}

/* Of many cancels at once one wins, for the context and for all below it. */
TASK_TEST(cause_is_the_same_for_all_who_look_when_many_cancel)
{
    enum { CANCELLERS = 6 };
    (void)g;
    for (int i = 0; i < 200; i++) {
        rn_group *h = rn_group_new(NULL);
        rn_ctx *ctx = rn_ctx_with_cancel(rn_ctx_background()), *below = rn_ctx_with_cancel(ctx);
        for (int j = 1; j <= CANCELLERS; j++)
            CHECK_EQ(rn_go(h, cancel_with, rn_ctx_ref(ctx), -j), 0);
        CHECK_EQ(rn_wait(rn_ctx_done(below)), -EPIPE);
        int cause = rn_ctx_cause(below);
        CHECK(cause <= -1 && cause >= -CANCELLERS);
        CHECK_EQ(rn_group_wait(h), 0);
        CHECK_EQ(rn_ctx_cause(ctx), cause);
        CHECK_EQ(rn_ctx_cause(below), cause);
        CHECK_EQ(rn_group_close(h), 0);
        rn_ctx_unref(below);
        rn_ctx_unref(ctx);
    }
    return 0;
}
