/* SPDX-License-Identifier: MIT */
/*
 * Requests by libcurl: one easy handle in one multi handle. curl_easy_perform would look at the
 * stop flag only once a second; driving the multi handle here makes it a tenth.
 *
 * Redirects are not followed: the frontier follows them, so that each URL is asked for once, the
 * limits of the host that is redirected to hold, and a loop is seen as one.
 *
 * What a hostile server can do is bounded: time by --timeout for the whole request, a body by
 * --max-body as decoded (so compressed bombs are counted by what they become), a body that is not
 * wanted by 64 KiB, headers by 256 KiB. Only http and https are spoken.
 */
#define _GNU_SOURCE
#include "http.h"
#include "status.h"

#include <runnel.h>

#include <curl/curl.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum {
    UNWANTED_MAX = 64 * 1024,
    HEADERS_MAX = 256 * 1024,
    LATER_MAX_S = 60,
    POLL_MS = 100,
    TRIES = 10
};

struct http {
    const options *o;
    bool (*stop)(void *arg);
    void *arg;
    CURL *easy;
    CURLM *multi;
    char error[CURL_ERROR_SIZE]; /* what libcurl says of the request that failed */
    /* The request that runs: */
    str *body;
    size_t body_bytes, header_bytes;
    bool want, page, enough, too_large;
};

static bool is_html(const char *type)
{
    if (!type)
        return true; /* a server that does not say: browsers look for themselves */
    size_t n = strcspn(type, "; \t");
    return (n == 9 && strncasecmp(type, "text/html", 9) == 0) ||
           (n == 21 && strncasecmp(type, "application/xhtml+xml", 21) == 0);
}

static size_t on_header(char *data, size_t size, size_t n, void *arg)
{
    http *h = arg;
    (void)data;
    h->header_bytes += size * n;
    return h->header_bytes > HEADERS_MAX ? 0 : size * n;
}

static size_t on_body(char *data, size_t size, size_t n, void *arg)
{
    http *h = arg;
    n *= size;
    if (h->body_bytes == 0 && h->want) {
        long status = 0;
        char *type = NULL;
        curl_easy_getinfo(h->easy, CURLINFO_RESPONSE_CODE, &status);
        curl_easy_getinfo(h->easy, CURLINFO_CONTENT_TYPE, &type);
        h->page = status >= 200 && status < 300 && is_html(type);
    }
    h->body_bytes += n;
    if (h->page && h->body_bytes <= h->o->max_body_bytes) {
        str_add(h->body, data, n);
        return n;
    }
    h->too_large = h->page;
    /* A short rest is read so that the connection can be used again. */
    h->enough = !h->page && h->body_bytes > UNWANTED_MAX;
    return h->too_large || h->enough ? CURL_WRITEFUNC_ERROR : n;
}

/* An option that is refused for want of memory is worse than no request: libcurl would go on with
 * the one before it, with its own certificates, or call what is not there. */
static void settled(CURLcode rc)
{
    if (rc != CURLE_OK)
        out_of_memory();
}

static void set_options(http *h)
{
    CURL *c = h->easy;
    settled(curl_easy_setopt(c, CURLOPT_NOSIGNAL, 1L));
    settled(curl_easy_setopt(c, CURLOPT_QUICK_EXIT, 1L));
    settled(curl_easy_setopt(c, CURLOPT_PROTOCOLS_STR, "http,https"));
    settled(curl_easy_setopt(c, CURLOPT_FOLLOWLOCATION, 0L));
    settled(curl_easy_setopt(c, CURLOPT_TIMEOUT_MS, (long)(h->o->timeout_ns / RN_MILLISECOND)));
    settled(
        curl_easy_setopt(c, CURLOPT_CONNECTTIMEOUT_MS, (long)(h->o->timeout_ns / RN_MILLISECOND)));
    settled(curl_easy_setopt(c, CURLOPT_USERAGENT, h->o->user_agent));
    settled(curl_easy_setopt(c, CURLOPT_ACCEPT_ENCODING, ""));
    settled(curl_easy_setopt(c, CURLOPT_ERRORBUFFER, h->error));
    if (h->o->ca_file)
        settled(curl_easy_setopt(c, CURLOPT_CAINFO, h->o->ca_file));
    settled(curl_easy_setopt(c, CURLOPT_SSL_VERIFYPEER, h->o->insecure ? 0L : 1L));
    settled(curl_easy_setopt(c, CURLOPT_SSL_VERIFYHOST, h->o->insecure ? 0L : 2L));
    settled(curl_easy_setopt(c, CURLOPT_HEADERFUNCTION, on_header));
    settled(curl_easy_setopt(c, CURLOPT_HEADERDATA, h));
    settled(curl_easy_setopt(c, CURLOPT_WRITEFUNCTION, on_body));
    settled(curl_easy_setopt(c, CURLOPT_WRITEDATA, h));
}

http *http_new(const options *o, bool (*stop)(void *arg), void *arg)
{
    http *h = xcalloc(1, sizeof *h);
    *h = (http){ .o = o, .stop = stop, .arg = arg };
    h->easy = curl_easy_init();
    h->multi = curl_multi_init();
    if (!h->easy || !h->multi)
        out_of_memory();
    set_options(h);
    return h;
}

void http_free(http *h)
{
    if (!h)
        return;
    curl_easy_cleanup(h->easy);
    curl_multi_cleanup(h->multi);
    free(h);
}

/* Runs the prepared request. Returns false if it was stopped. */
static bool run(http *h, CURLcode *rc)
{
    bool stopped = false, done = false;
    *rc = CURLE_FAILED_INIT;
    if (curl_multi_add_handle(h->multi, h->easy) != CURLM_OK)
        out_of_memory();
    while (!done && !(stopped = h->stop(h->arg))) {
        int running = 0, left = 0;
        CURLMcode multi = curl_multi_perform(h->multi, &running);
        if (multi == CURLM_OUT_OF_MEMORY)
            out_of_memory();
        if (multi != CURLM_OK)
            break;
        for (CURLMsg *m; (m = curl_multi_info_read(h->multi, &left));)
            if (m->msg == CURLMSG_DONE) {
                *rc = m->data.result;
                done = true;
            }
        if (!done)
            multi = curl_multi_poll(h->multi, NULL, 0, POLL_MS, NULL);
        if (multi == CURLM_OUT_OF_MEMORY)
            out_of_memory();
        if (multi != CURLM_OK)
            break;
    }
    curl_multi_remove_handle(h->multi, h->easy);
    return !stopped;
}

/*
 * Runs the request, a second time if it failed on a connection that was kept from an earlier one:
 * the server may have dropped that before it was asked. libcurl does the same, but six times in the
 * life of a handle, and then calls it an error.
 */
static bool run_afresh(http *h, CURLcode *rc)
{
    long connections = 0;
    if (!run(h, rc))
        return false;
    curl_easy_getinfo(h->easy, CURLINFO_NUM_CONNECTS, &connections);
    bool dropped = *rc == CURLE_SEND_ERROR || *rc == CURLE_RECV_ERROR || *rc == CURLE_GOT_NOTHING;
    if (!dropped || connections > 0 || h->header_bytes > 0)
        return true;
    settled(curl_easy_setopt(h->easy, CURLOPT_FRESH_CONNECT, 1L));
    bool ran = run(h, rc);
    settled(curl_easy_setopt(h->easy, CURLOPT_FRESH_CONNECT, 0L));
    return ran;
}

static void break_by_errno(http *h, result *r)
{
    long error = 0;
    curl_easy_getinfo(h->easy, CURLINFO_OS_ERRNO, &error);
    const char *why = error == ECONNREFUSED ? "connection refused"
                      : error               ? strerrordesc_np((int)error)
                                            : NULL;
    result_break(r, FAULT_NETWORK, "%s", why ? why : "cannot connect");
}

/* Only the reason that OpenSSL gives is passed on: the rest of libcurl's text holds names from the
 * certificate, which anybody can write. */
static void break_by_certificate(http *h, result *r)
{
    static const char problem[] = "SSL certificate problem: ";
    if (strstr(h->error, "subject name"))
        result_break(r, FAULT_TLS, "the certificate is for another host");
    else if (strncmp(h->error, problem, strlen(problem)) == 0)
        result_break(r, FAULT_TLS, "the certificate is not trusted: %s",
                     h->error + strlen(problem));
    else
        result_break(r, FAULT_TLS, "the certificate is not trusted");
}

/*
 * libcurl looks names up in a thread, and fails with the same code if it cannot start one (ulimit
 * -u, a container's limit). Then nothing is known of the host; only its words differ.
 */
static void break_by_name(http *h, result *r)
{
    if (strncmp(h->error, "Could not resolve", 17) == 0)
        result_break(r, FAULT_NETWORK, "host not found");
    else
        r->outcome = OUT_UNABLE;
}

/* What a failed transfer means for people. libcurl's own words hold byte counts that vary. */
static void break_by_curl(http *h, CURLcode rc, result *r)
{
    switch (rc) {
    case CURLE_COULDNT_CONNECT: break_by_errno(h, r); break;
    case CURLE_COULDNT_RESOLVE_HOST: break_by_name(h, r); break;
    case CURLE_OPERATION_TIMEDOUT:
        result_break(r, FAULT_TIMEOUT, "timed out after %g s", (double)h->o->timeout_ns / 1e9);
        break;
    case CURLE_GOT_NOTHING:
        result_break(r, FAULT_NETWORK, "the server closed the connection without an answer");
        break;
    case CURLE_PEER_FAILED_VERIFICATION: break_by_certificate(h, r); break;
    case CURLE_SSL_CACERT_BADFILE:
        result_break(r, FAULT_TLS,
                     "no certificate can be verified: the trusted ones cannot be "
                     "read (--cacert, or Debian's package ca-certificates)");
        break;
    case CURLE_SSL_CONNECT_ERROR: result_break(r, FAULT_TLS, "the TLS handshake failed"); break;
    case CURLE_PARTIAL_FILE: result_break(r, FAULT_NETWORK, "the body was cut short"); break;
    case CURLE_OUT_OF_MEMORY:
        /* What libcurl answers to a header line of over 100 KB. */
        result_break(r, FAULT_NETWORK, "a header larger than libcurl takes");
        break;
    case CURLE_RECV_ERROR:
        if (strstr(h->error, "chunk")) {
            result_break(r, FAULT_NETWORK, "the body is not chunked as HTTP demands");
            break;
        } /* fallthrough */
    case CURLE_SEND_ERROR: result_break(r, FAULT_NETWORK, "connection reset"); break;
    case CURLE_UNSUPPORTED_PROTOCOL:
    case CURLE_WEIRD_SERVER_REPLY: result_break(r, FAULT_NETWORK, "the answer is not HTTP"); break;
    case CURLE_BAD_CONTENT_ENCODING:
        result_break(r, FAULT_NETWORK, "the body cannot be decompressed");
        break;
    case CURLE_WRITE_ERROR: result_break(r, FAULT_NETWORK, "headers larger than 256 KiB"); break;
    default: result_break(r, FAULT_NETWORK, "%s", curl_easy_strerror(rc));
    }
}

static void take_redirect(http *h, result *r)
{
    /* Not CURLINFO_REDIRECT_URL: libcurl's own resolution loses the path before "#x". */
    struct curl_header *header = NULL;
    if (curl_easy_header(h->easy, "Location", 0, CURLH_HEADER, -1, &header) == CURLHE_OUT_OF_MEMORY)
        out_of_memory();
    const char *location = header ? header->value : "";
    if (!location[strspn(location, " \t\r\n")]) { /* an empty one reads "\r" here */
        result_break(r, FAULT_REDIRECT, "redirect (%d) without a Location", r->status);
        return;
    }
    r->outcome = OUT_REDIRECT;
    free(r->location);
    r->location = xstrdup(location);
}

static void take_status(http *h, result *r)
{
    long status = 0;
    curl_off_t later = 0;
    curl_easy_getinfo(h->easy, CURLINFO_RESPONSE_CODE, &status);
    curl_easy_getinfo(h->easy, CURLINFO_RETRY_AFTER, &later);
    r->status = (int)status;
    if (status >= 200 && status < 300) {
        r->outcome = OUT_OK;
    } else if (status == 301 || status == 302 || status == 303 || status == 307 || status == 308) {
        take_redirect(h, r);
    } else {
        const char *phrase = status_phrase(r->status);
        result_break(r, FAULT_STATUS, "%d%s%s", r->status, *phrase ? " " : "", phrase);
        if ((status == 429 || status == 503) && later > 0 && later <= LATER_MAX_S) {
            r->outcome = OUT_LATER;
            r->retry_ns = later * RN_SECOND;
        }
    }
}

/* One request. Returns false if it was stopped. */
static bool request(http *h, const job *j, bool head, result *r, str *body)
{
    CURLcode rc;
    str_clear(body);
    h->body = body;
    h->body_bytes = h->header_bytes = 0;
    h->page = h->enough = h->too_large = false;
    h->want = !head && j->parse;
    h->error[0] = 0;
    settled(curl_easy_setopt(h->easy, CURLOPT_URL, j->url));
    settled(curl_easy_setopt(h->easy, CURLOPT_NOBODY, head ? 1L : 0L));
    if (!head)
        settled(curl_easy_setopt(h->easy, CURLOPT_HTTPGET, 1L));
    free(r->reason);
    r->reason = NULL;
    r->outcome = OUT_NONE;
    r->status = 0;
    if (!run_afresh(h, &rc))
        return false;
    if (h->too_large)
        result_break(r, FAULT_TOO_LARGE, "larger than %zu MiB (--max-body)",
                     h->o->max_body_bytes >> 20);
    else if (rc == CURLE_OK || (rc == CURLE_WRITE_ERROR && h->enough))
        take_status(h, r);
    else
        break_by_curl(h, rc, r);
    return true;
}

/* A request, and more of them while there is no thread for it. Returns false if it was stopped. */
static bool ask(http *h, const job *j, bool head, result *r, str *body)
{
    bool ran = request(h, j, head, r, body);
    for (int i = 1; ran && r->outcome == OUT_UNABLE && i < TRIES; i++) {
        curl_multi_poll(h->multi, NULL, 0, POLL_MS, NULL);
        ran = request(h, j, head, r, body);
    }
    return ran;
}

/* Whether the answer to HEAD says more about HEAD than about the page. */
static bool head_is_useless(const result *r)
{
    if (r->outcome != OUT_BROKEN)
        return false;
    if (r->fault == FAULT_STATUS)
        return r->status != 429 && r->status != 410;
    return r->fault == FAULT_REDIRECT ||
           (r->fault == FAULT_NETWORK && strcmp(r->reason, "connection refused") != 0 &&
            strcmp(r->reason, "host not found") != 0);
}

bool http_check(http *h, const job *j, result *r, str *body)
{
    bool ran = ask(h, j, !j->parse, r, body);
    if (ran && !j->parse && head_is_useless(r))
        ran = ask(h, j, false, r, body);
    if (!ran)
        return false;
    if (r->outcome == OUT_OK && h->want && h->body_bytes == 0) {
        char *type = NULL; /* an empty page is a page */
        curl_easy_getinfo(h->easy, CURLINFO_CONTENT_TYPE, &type);
        h->page = type && is_html(type);
    }
    return r->outcome == OUT_OK && h->page;
}
