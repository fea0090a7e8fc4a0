/* SPDX-License-Identifier: MIT */
/*
 * Chapter: Error handling; the consumer stops after three errors (the book's program; the notes
 * leave it out).
 *
 * The range loop is left while the task still has a URL to check; closing `done` is what ends it.
 * With a group there is nothing to close: errors_limit_group.c. Where to find a server:
 * errors_printed.c.
 *
 * Prints an error, "Response: 200 OK", two errors, and "Too many errors, breaking!".
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

typedef struct urls {
    const char *list[5];
} url_list;

static int check_all(rn_receiver(rn_unit) done, rn_sender(result) results, url_list urls)
{
    enum { DONE, SENT };
    int got = SENT;
    for (int i = 0; got == SENT && i < 5; i++) {
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
    rn_chan(result) results = rn_make(g, result, 0);
    rn_go(g, check_all, done, rn_tx(results), urls);
    return rn_rx(results);
}

static int chapter(rn_group *g, void *site)
{
    static const char closed[] = "http://127.0.0.1:1/";
    rn_chan(rn_unit) done = rn_make(g, rn_unit, 0);
    url_list urls = { { closed, site, closed, closed, closed } };
    rn_receiver(result) results = check_status(g, rn_rx(done), urls);
    int errors = 0;
    for (result r; errors < 3 && rn_recv(results, &r) == 0; free(r.status)) {
        if (r.error == 0) {
            printf("Response: %s\n", r.status);
            continue;
        }
        printf("error: %s: %s\n", r.url, rn_strerror(r.error));
        if (++errors == 3)
            printf("Too many errors, breaking!\n");
    }
    rn_close(done);
    return 0;
}

int main(int argc, char **argv)
{
    return rn_run(chapter, argc > 1 ? argv[1] : "http://127.0.0.1:8080/") == 0 ? 0 : 1;
}
