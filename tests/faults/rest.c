/* SPDX-License-Identifier: MIT */
/*
 * What the examples and the command do not use of the library: for the driver, which fails its
 * calls. A part is a program of its own:
 *
 *     rest PART          prints what it has computed, or why it could not, with exit status 1
 *     rest               names the parts
 *
 * The parts look at every result that the headers tell them to.
 */
#include <runnel.h>

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "rest.h"

static int rest_reports(rn_group *g, void *unused)
{
    (void)unused;
    rn_chan(rn_unit) c = rn_make(g, rn_unit, 0);
    rn_channel_stats stats;
    if (!c)
        return -ENOMEM;
    int rc = rn_dump_on_sigquit();
    if (rc == 0)
        rc = rn_measure(c);
    if (rc == 0 && !rn_measured(c, &stats))
        rc = -EPROTO;
    if (rc == 0 && rn_fd_wait(0, RN_READABLE, rn_now() + RN_MILLISECOND) < 0)
        rc = 0; /* whatever 0 is */
    if (rc == 0)
        printf("reports\n");
    return rc;
}

/* ---- which ---- */

static const struct {
    const char *name;
    int (*in_run)(rn_group *g, void *arg);
    int (*alone)(void);
    bool wrong; /* on purpose: not named */
} parts[] = {
    { "tcp", rest_tcp, NULL, false },
    { "strangers", rest_strangers, NULL, false },
    { "reports", rest_reports, NULL, false },
    { "stages", rest_stages, NULL, false },
    { "broadcasts", rest_broadcasts, NULL, false },
    { "scale", rest_scale, NULL, false },
    { "scopes", rest_scopes, NULL, false },
    { "discards", rest_discards, NULL, false },
    { "crowd", rest_crowd, NULL, false },
    { "scarce", rest_scarce, NULL, false },
    { "outliving", NULL, rest_outliving, false },
    { "leaks", rest_leaks, NULL, false },
    { "failing", NULL, rest_failing, false },
    { "lost", rest_lost, NULL, true },
};

int main(int argc, char **argv)
{
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
        if (argc < 2) {
            if (!parts[i].wrong)
                puts(parts[i].name);
        } else if (strcmp(argv[1], parts[i].name) == 0) {
            int rc = parts[i].in_run ? rn_run(parts[i].in_run, NULL) : parts[i].alone();
            if (rc != 0)
                fprintf(stderr, "rest: %s: %s\n", argv[1], rn_strerror(rc));
            return rc ? 1 : 0;
        }
    }
    return argc < 2 ? 0 : 2;
}
