/* SPDX-License-Identifier: MIT */
/*
 * Chapter: Error handling; errors are values that are sent with the results.
 *
 * Whoever asked for the pages sees the whole of what happened and decides. What is sent is given
 * away: main owns each status it has received, and the channel's drop function frees those that
 * nobody received. The chapter's channel has room for a result of each URL, so that the task never
 * waits for the consumer; the book's has none, as in errors_limit.c. Where to find a server:
 * errors_printed.c.
 *
 * Prints "Response: 200 OK" and, without a newline as in the chapter, "error: http://127.0.0.1:1/:
 * Connection refused".
 */
#include <stdio.h>
#include <stdlib.h>
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

typedef struct result {
    const char *url;
    int error;    /* 0, or why there is no status */
    char *status; /* owned */
} result;

static result check(const char *url)
{
    char status[64];
    result r = { .url = url, .error = http_get(url, status) };
    if (r.error == 0 && !(r.status = strdup(status)))
        r.error = -ENOMEM;
    return r;
}

static void drop_result(void *r)
{
    free(((result *)r)->status);
}

typedef struct urls {
    const char *list[2];
} url_list;

static int check_all(rn_receiver(rn_unit) done, rn_sender(result) results, url_list urls)
{
    enum { DONE, SENT };
    int got = SENT;
    for (int i = 0; got == SENT && i < 2; i++) {
        result r = check(urls.list[i]);
        got = rn_select([DONE] = RN_DONE(done), [SENT] = RN_SEND(results, r));
        if (got != SENT)
            free(r.status); /* not sent: still ours */
    }
    rn_close(results);
    return got < 0 ? got : 0;
}
RN_TASK(check_all, rn_receiver(rn_unit), rn_sender(result), url_list);

static rn_receiver(result) check_status(rn_group *g, rn_receiver(rn_unit) done, url_list urls)
{
    rn_chan(result) results = rn_make_drop(g, result, 2, drop_result);
    rn_go(g, check_all, done, rn_tx(results), urls);
    return rn_rx(results);
}

static int chapter(rn_group *g, void *site)
{
    rn_chan(rn_unit) done = rn_make(g, rn_unit, 0);
    url_list urls = { { site, "http://127.0.0.1:1/" } };
    rn_receiver(result) results = check_status(g, rn_rx(done), urls);
    for (result r; rn_recv(results, &r) == 0; free(r.status))
        if (r.error != 0)
            printf("error: %s: %s", r.url, rn_strerror(r.error));
        else
            printf("Response: %s\n", r.status);
    rn_close(done);
    return 0;
}

int main(int argc, char **argv)
{
    return rn_run(chapter, argc > 1 ? argv[1] : "http://127.0.0.1:8080/") == 0 ? 0 : 1;
}
