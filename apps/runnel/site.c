/* SPDX-License-Identifier: MIT */
/*
 * The demonstration site's server: one task accepts, one task per connection answers, all in one
 * group under one context. A signal cancels the context, every wait of every task returns
 * -ECANCELED, and closing the group joins them all.
 *
 * It speaks just enough HTTP/1.1 (GET and HEAD, keep-alive) and listens on 127.0.0.1 only.
 */
#define _GNU_SOURCE
#include "site.h"
#include "check.h"
#include "signals.h"
#include "status.h"

#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { REQUEST_MAX = 16 * 1024 };

#define IDLE_NS (30 * RN_SECOND)
#define BUSY_NS (800 * RN_MILLISECOND) /* less than its Retry-After of one second */

typedef struct site {
    unsigned port; /* asked for; 0 lets the system choose */
    unsigned closed_port;
    int closed_fd; /* bound to closed_port, not listening: connections are refused */
    int signal_fd;
    rn_mutex lock;
    int64_t first_busy_ns; /* when /busy.html was first asked for; guarded by lock */
} site;

static int send_text(rn_conn *c, const str *s)
{
    return rn_conn_write(c, str_c(s), s->len, rn_now() + IDLE_NS, NULL);
}

static bool is_busy(site *s)
{
    if (rn_mutex_lock(&s->lock) != 0)
        return false;
    int64_t now = rn_now();
    if (!s->first_busy_ns)
        s->first_busy_ns = now;
    bool busy = now - s->first_busy_ns < BUSY_NS;
    rn_mutex_unlock(&s->lock);
    return busy;
}

static void add_head(str *out, int status, const site_page *p, size_t length)
{
    str_printf(out, "HTTP/1.1 %d %s\r\nContent-Type: %s\r\n", status, status_phrase(status),
               p && p->type ? p->type : "text/html; charset=utf-8");
    if (p && p->location)
        str_printf(out, "Location: %s\r\n", p->location);
    if (status == 429)
        str_puts(out, "Retry-After: 1\r\n");
    if (length != SIZE_MAX)
        str_printf(out, "Content-Length: %zu\r\n", length);
    str_puts(out, "\r\n");
}

/* Half of the page, and then the connection's end: abrupt (a reset) or not. */
static int send_half(rn_conn *c, const str *head, const str *body, bool reset)
{
    str half = { 0 };
    str_add(&half, str_c(head), head->len);
    str_add(&half, str_c(body), body->len / 2);
    int rc = send_text(c, &half);
    str_fini(&half);
    if (rc == 0 && reset) {
        /* Let the half arrive first: a reset discards what the peer has not read. */
        rn_sleep(50 * RN_MILLISECOND);
        struct linger abrupt = { .l_onoff = 1, .l_linger = 0 };
        setsockopt(rn_conn_fd(c), SOL_SOCKET, SO_LINGER, &abrupt, sizeof abrupt);
    }
    return rc ? rc : -ECONNRESET;
}

static int send_endless(rn_conn *c, const str *head)
{
    str more = { 0 };
    int rc = send_text(c, head);
    while (more.len < 65536)
        str_puts(&more, "<p>and so on and so on\n");
    while (rc == 0)
        rc = send_text(c, &more);
    str_fini(&more);
    return rc;
}

/* Answers one request; anything but 0 ends the connection. */
static int answer(site *s, rn_conn *c, bool is_head, const char *path)
{
    const site_page *p = site_find(path);
    site_manner manner = p ? p->manner : SITE_PLAIN;
    str head = { 0 }, body = { 0 };
    int rc = 0, status = !p ? 404 : p->status ? p->status : 200;
    if (manner == SITE_NO_HEAD && is_head)
        status = 405;
    if (manner == SITE_BUSY && is_busy(s))
        status = 429;
    if (manner == SITE_SLOW)
        rc = rn_sleep(2 * RN_SECOND);
    if (p)
        site_body(p, s->closed_port, &body);
    else
        str_puts(&body, "<p>There is no such page.\n");
    add_head(&head, status, p, manner == SITE_ENDLESS ? SIZE_MAX : body.len);
    if (rc != 0) {
        /* cancelled */
    } else if (manner == SITE_SILENT) {
        rc = -ECONNRESET;
    } else if (manner == SITE_GARBAGE) {
        str_clear(&head);
        str_puts(&head, "\x01\x02 this is no answer \xff\r\n\r\n");
        rc = send_text(c, &head);
        rc = rc ? rc : -ECONNRESET;
    } else if ((manner == SITE_RESET || manner == SITE_SHORT) && !is_head) {
        rc = send_half(c, &head, &body, manner == SITE_RESET);
    } else if (manner == SITE_ENDLESS && !is_head) {
        rc = send_endless(c, &head);
    } else {
        if (!is_head)
            str_add(&head, str_c(&body), body.len);
        rc = send_text(c, &head);
    }
    str_fini(&head);
    str_fini(&body);
    return rc;
}

/* Reads up to the empty line. Returns the request's length, 0 at the end of the stream, or < 0. */
static int64_t read_request(rn_conn *c, char *buf, size_t *used)
{
    for (;;) {
        char *end = memmem(buf, *used, "\r\n\r\n", 4);
        if (end)
            return end + 4 - buf;
        if (*used == REQUEST_MAX)
            return -EMSGSIZE;
        int64_t n = rn_conn_read(c, buf + *used, REQUEST_MAX - *used, rn_now() + IDLE_NS);
        if (n <= 0)
            return n;
        *used += (size_t)n;
    }
}

static int serve(site *s, rn_conn *c)
{
    char *buf = xmalloc(REQUEST_MAX + 1);
    size_t used = 0;
    int64_t n;
    while ((n = read_request(c, buf, &used)) > 0) {
        char method[8], path[1024];
        char after = buf[n - 1];
        buf[n - 1] = 0;
        bool ok = sscanf(buf, "%7s %1023s", method, path) == 2;
        buf[n - 1] = after;
        path[ok ? strcspn(path, "?#") : 0] = 0;
        if (!ok || answer(s, c, strcmp(method, "HEAD") == 0, path) != 0)
            break;
        used -= (size_t)n;
        memmove(buf, buf + n, used);
    }
    free(buf);
    rn_conn_close(c);
    return 0;
}
RN_TASK(serve, site *, rn_conn *);

static int accept_all(site *s, rn_listener *l, rn_group *connections)
{
    int rc = 0;
    while (rc == 0) {
        rn_conn *c = NULL;
        rc = rn_tcp_accept(l, RN_FOREVER, &c);
        if (rc == 0 && (rc = rn_go(connections, serve, s, c)) != 0)
            rn_conn_close(c);
    }
    return rc;
}

static int run(rn_group *g, void *arg)
{
    site *s = arg;
    rn_listener *l = NULL;
    int rc = rn_tcp_listen("127.0.0.1", s->port, &l);
    if (rc != 0)
        return rc;
    /* The accepting task is this one; a signal cancels the group it works in. */
    rn_ctx *ctx = rn_group_ctx(g);
    if (printf("http://127.0.0.1:%u/\n", rn_listener_port(l)) < 0 || fflush(stdout) != 0)
        rc = -errno; /* nobody would know where the site is */
    if (rc == 0)
        rc = rn_go(g, signals_watch, s->signal_fd, ctx);
    rn_group *connections = rn_group_new(NULL);
    if (rc == 0)
        rc = connections ? accept_all(s, l, connections) : -ENOMEM;
    rn_group_close(connections);
    rn_listener_close(l);
    return rn_ctx_cause(ctx) == -EINTR ? 0 : rc;
}

/* Binds a port without listening on it, so that connecting is refused as long as we run. */
static int reserve_closed_port(site *s)
{
    struct sockaddr_in address = { .sin_family = AF_INET };
    socklen_t size = sizeof address;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    s->closed_fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (s->closed_fd < 0 || bind(s->closed_fd, (struct sockaddr *)&address, size) != 0 ||
        getsockname(s->closed_fd, (struct sockaddr *)&address, &size) != 0)
        return -errno;
    s->closed_port = ntohs(address.sin_port);
    return 0;
}

static bool parse_port(int argc, char **argv, unsigned *port)
{
    char *end = NULL;
    unsigned long n = 0;
    if (argc == 3 && strcmp(argv[1], "--port") == 0)
        n = strtoul(argv[2], &end, 10);
    *port = (unsigned)n;
    return argc == 1 || (end && end != argv[2] && !*end && n < 65536);
}

int site_main(int argc, char **argv)
{
    site s = { .closed_fd = -1 };
    if (!parse_port(argc, argv, &s.port)) {
        bool help = argc == 2 && strcmp(argv[1], "--help") == 0;
        fprintf(help ? stdout : stderr, "Usage: runnel demo-site [--port N]\n");
        return help ? EXIT_OK : EXIT_ERROR;
    }
    int rc = reserve_closed_port(&s);
    if (rc == 0)
        rc = s.signal_fd = signals_open();
    if (rc >= 0) {
        rc = rn_run(run, &s);
        signals_close(s.signal_fd);
    }
    if (rc < 0)
        fprintf(stderr, "runnel demo-site: %s\n", rn_strerror(rc));
    close(s.closed_fd);
    return rc < 0 ? EXIT_ERROR : EXIT_OK;
}
