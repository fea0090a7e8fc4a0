/* SPDX-License-Identifier: MIT */
/*
 * Book, chapter 5: Replicated requests.
 *
 * Ten tasks, as if on ten servers, answer one request; the first answer counts. The others are
 * cancelled, and have ended when rn_replicate returns: nothing goes on in the background for an
 * answer that nobody wants. In the book the load times are random; here each has its own, so that
 * the output is always the same.
 *
 * Prints "#7 answered after 1 s", "#k was cancelled after 1 s" for the others in any order, and
 * "Received an answer from #7".
 */
#include <stdio.h>

#include <runnel.h>

static int do_work(int id, int *answer, int64_t start)
{
    int rc = rn_sleep((1 + (id * 3 + 9) % 10) * RN_SECOND); /* the load: 1 to 10 seconds */
    printf("#%d %s after %d s\n", id, rc == 0 ? "answered" : "was cancelled",
           (int)((rn_now() - start) / RN_SECOND));
    *answer = id;
    return rc;
}
RN_TASK(do_work, int, int *, int64_t);

static int chapter(rn_group *g, void *unused)
{
    (void)unused;
    int answer;
    int rc = rn_replicate(g, 10, &answer, do_work, rn_now());
    if (rc < 0)
        return rc;
    printf("Received an answer from #%d\n", answer);
    return 0;
}

int main(void)
{
    return rn_run(chapter, NULL) == 0 ? 0 : 1;
}
