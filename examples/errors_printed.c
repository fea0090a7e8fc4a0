/* SPDX-License-Identifier: MIT */
/*
 * Chapter: Error handling; the way that is to be mended.
 *
 * The task sends the answers and prints the errors itself, because it has nobody to give them to:
 * who reads the answers cannot know that one is missing. errors_returned.c is better.
 *
 * The chapter asks https://www.google.com and https://badhost. This asks a server on this machine
 * and a port that nobody listens on:
 *
 *     runnel demo-site --port 8080 & ./errors_printed http://127.0.0.1:8080/
 *
 * Prints "Response: 200 OK" and "http://127.0.0.1:1/: Connection refused".
 */
#include <stdio.h>
#include <string.h>

#include <runnel.h>

/* Asks for a page and stores what the answer's first line says. Returns 0 or an error. */
static int http_get(const char *url, char status[64])
{
    char host[64], path[128], text[512];
    unsigned port;
    rn_conn *c = NULL;
    if (sscanf(url, "http://%63[^:/]:%u%127s", host, &port, path) != 3)
        return -EINVAL;
    int64_t n, deadline = rn_now() + 10 * RN_SECOND;
    int rc = rn_tcp_dial(host, port, deadline, &c);
    if (rc != 0)
        return rc;
    n = snprintf(text, sizeof text, "GET %s HTTP/1.1\r\nHost: %s\r\n\r\n", path, host);
    rc = rn_conn_write(c, text, (size_t)n, deadline, NULL);
    memset(text, 0, sizeof text);
    for (size_t used = 0; rc == 0 && !strchr(text, '\n'); used += (size_t)n) {
        n = rn_conn_read(c, text + used, sizeof text - 1 - used, deadline);
        rc = n > 0 ? 0 : n < 0 ? (int)n : -EPROTO;
    }
    if (rc == 0 && sscanf(text, "HTTP/1.%*c %63[^\r]", status) != 1)
        rc = -EPROTO;
    rn_conn_close(c);
    return rc;
}

typedef struct response {
    char status[64];
} response;

typedef struct urls {
    const char *list[2];
} url_list;

static int check_all(rn_receiver(rn_unit) done, rn_sender(response) responses, url_list urls)
{
    enum { DONE, SENT };
    int got = SENT;
    for (int i = 0; got == SENT && i < 2; i++) {
        response r;
        int rc = http_get(urls.list[i], r.status);
        if (rc != 0)
            printf("%s: %s\n", urls.list[i], rn_strerror(rc));
        else
            got = rn_select([DONE] = RN_DONE(done), [SENT] = RN_SEND(responses, r));
    }
    rn_close(responses);
    return got < 0 ? got : 0;
}
RN_TASK(check_all, rn_receiver(rn_unit), rn_sender(response), url_list);

static rn_receiver(response) check_status(rn_group *g, rn_receiver(rn_unit) done, url_list urls)
{
    rn_chan(response) responses = rn_make(g, response, 0);
    rn_go(g, check_all, done, rn_tx(responses), urls);
    return rn_rx(responses);
}

static int chapter(rn_group *g, void *site)
{
    rn_chan(rn_unit) done = rn_make(g, rn_unit, 0);
    url_list urls = { { site, "http://127.0.0.1:1/" } };
    rn_receiver(response) responses = check_status(g, rn_rx(done), urls);
    for (response r; rn_recv(responses, &r) == 0;)
        printf("Response: %s\n", r.status);
    rn_close(done);
    return 0;
}

int main(int argc, char **argv)
{
    return rn_run(chapter, argc > 1 ? argv[1] : "http://127.0.0.1:8080/") == 0 ? 0 : 1;
}
