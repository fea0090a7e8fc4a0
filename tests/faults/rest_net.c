/* SPDX-License-Identifier: MIT */
/* A part of rest.c: TCP. */
#include <runnel.h>

#include <errno.h>
#include <stdio.h>

#include "rest.h"

/* Owns l: when nobody accepts any more, who waits for that is told. */
static int serve(rn_listener *l)
{
    rn_conn *c = NULL;
    char text[64];
    int rc = rn_tcp_accept(l, RN_FOREVER, &c);
    while (rc == 0) {
        int64_t n = rn_conn_read(c, text, sizeof text, RN_FOREVER);
        if (n <= 0) {
            rc = (int)n;
            break;
        }
        rc = rn_conn_write(c, text, (size_t)n, RN_FOREVER, NULL);
    }
    rn_conn_close(c);
    rn_listener_close(l);
    return rc;
}
RN_TASK(serve, rn_listener *);

static int ask(unsigned port, char *answer, size_t n)
{
    rn_conn *c = NULL;
    int rc = rn_tcp_dial("127.0.0.1", port, RN_FOREVER, &c);
    if (rc == 0)
        rc = rn_conn_write(c, "echo", 4, RN_FOREVER, NULL);
    if (rc == 0)
        rc = rn_conn_shutdown(c);
    for (size_t at = 0; rc == 0 && at < n;) {
        int64_t got = rn_conn_read(c, answer + at, n - at, RN_FOREVER);
        if (got < 0)
            rc = (int)got;
        if (got <= 0)
            break;
        at += (size_t)got;
    }
    rn_conn_close(c);
    return rc;
}

int rest_tcp(rn_group *g, void *unused)
{
    (void)g, (void)unused;
    rn_listener *l = NULL;
    unsigned port = 0;
    char answer[64] = "";
    int rc = rn_tcp_listen("127.0.0.1", 0, &l);
    rn_group *servers = rc == 0 ? rn_group_new(NULL) : NULL;
    if (rc == 0 && !servers)
        rc = -ENOMEM;
    if (rc == 0) {
        port = rn_listener_port(l);
        rc = rn_go(servers, serve, l);
    }
    if (rc == 0)
        rc = ask(port, answer, sizeof answer - 1);
    else
        rn_listener_close(l);
    int ended = rc == 0 ? rn_group_wait(servers) : 0;
    rn_group_close(servers);
    if (rc == 0)
        printf("%s\n", answer);
    return rc ? rc : ended;
}
