/* SPDX-License-Identifier: MIT */
/* echo: a TCP server that sends back what it gets, a task for each connection. load.c is its
 * client. */
#include <runnel.h>

#include <stdio.h>

static int serve(rn_conn *c)
{
    char buffer[4096];
    int64_t n;
    while ((n = rn_conn_read(c, buffer, sizeof buffer, RN_FOREVER)) > 0)
        if (rn_conn_write(c, buffer, (size_t)n, RN_FOREVER, NULL) != 0)
            break;
    rn_conn_close(c);
    return 0;
}
RN_TASK(serve, rn_conn *);

static int echo(rn_group *g, void *unused)
{
    (void)unused;
    rn_listener *l;
    int rc = rn_tcp_listen("127.0.0.1", 0, &l);
    if (rc)
        return rc;
    printf("%u %u\n", rn_listener_port(l), rn_worker_count());
    fflush(stdout);
    for (rn_conn *c; (rc = rn_tcp_accept(l, RN_FOREVER, &c)) == 0;)
        if (rn_go(g, serve, c) != 0)
            rn_conn_close(c);
    rn_listener_close(l);
    return rc;
}

int main(void)
{
    int rc = rn_run(echo, NULL);
    fprintf(stderr, "echo: %s\n", rn_strerror(rc));
    return 1;
}
