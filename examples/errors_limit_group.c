/* SPDX-License-Identifier: MIT */
/*
 * Chapter: Error handling; the consumer stops after three errors, as runnel writes it.
 *
 * Checking one URL is a plain function, and check_status is rn_map over a generator. The pipeline
 * has a group of its own. Closing it when the loop is left stops what still checks, and frees the
 * results that nobody received. Where to find a server: errors_printed.c.
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
RN_STAGE(check, result, const char *);

static void drop_result(void *r)
{
    free(((result *)r)->status);
}

static int chapter(rn_group *g, void *site)
{
    (void)g;
    const char *closed = "http://127.0.0.1:1/", *page = site;
    rn_group *checks = rn_group_new(NULL);
    rn_receiver(const char *) urls = rn_generator(checks, const char *, closed, page, closed,
                                                  closed, closed);
    rn_receiver(result) results = rn_map_drop(checks, urls, drop_result, check);
    int errors = 0;
    for (result r; errors < 3 && rn_recv(results, &r) == 0; free(r.status)) {
        if (r.error != 0)
            printf("error: %s: %s\n", r.url, rn_strerror(r.error));
        else
            printf("Response: %s\n", r.status);
        errors += r.error != 0;
    }
    printf("Too many errors, breaking!\n");
    return rn_group_close(checks);
}

int main(int argc, char **argv)
{
    return rn_run(chapter, argc > 1 ? argv[1] : "http://127.0.0.1:8080/") == 0 ? 0 : 1;
}
