/* SPDX-License-Identifier: MIT */
/* A part of rest.c: simulated runs that fail, the search for the shortest schedule, the report. */
#include <runnel.h>

#include <errno.h>
#include <stdio.h>

#include "rest.h"

/* More decisions than a schedule has room for at first. */
enum { MANY = 400 };

static int send_many(rn_chan(int) c)
{
    int rc = 0;
    for (int i = 0; i < MANY && rc == 0; i++)
        rc = rn_send(c, i);
    return rc;
}
RN_TASK(send_many, rn_chan(int));

static int fails(rn_group *g, void *unused)
{
    (void)unused;
    rn_chan(int) c = rn_make(g, int, 8);
    int v, rc = c ? rn_go(g, send_many, c) : -ENOMEM;
    if (rc == 0)
        rc = rn_go(g, send_many, c);
    for (int i = 0; i < 2 * MANY && rc == 0; i++)
        rc = rn_recv(c, &v);
    return rc ? rc : -EDOM;
}

int rest_failing(void)
{
    rn_test_report report = { 0 };
    const rn_test_options options = { .runs = 3, .together = true, .report = &report };
    int rc = rn_test_run(fails, NULL, &options);
    if (rc != -EDOM)
        return rc ? rc : -EPROTO;
    printf("failed %d\n", report.failed);
    return 0;
}
