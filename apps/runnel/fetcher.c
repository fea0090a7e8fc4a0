/* SPDX-License-Identifier: MIT */
/*
 * A fetcher: for each job one trip to a helper thread for what blocks (disk, network) and, if it
 * brought a page, a second one to parse it, bounded by the semaphore. A parser needs the helper
 * thread too: gumbo may need more stack than a task has, and a page that takes seconds must not
 * keep a worker from the task that waits for Ctrl-C.
 *
 * A helper's call cannot be interrupted, so everything it does asks the context: the transfer ten
 * times a second, the parser at every few hundred tags.
 *
 * A fetcher gives each result away exactly once: to the channel, or, when it is cancelled, to free.
 */
#include "fetcher.h"
#include "disk.h"
#include "http.h"
#include "page.h"

#include <stdlib.h>

typedef struct work {
    const fetch_env *env;
    const job *job;
    http **client; /* made at the first http job */
    result *result;
    str body;
    bool page;
} work;

static bool is_cancelled(void *arg)
{
    return rn_ctx_err(((const fetch_env *)arg)->ctx) != 0;
}

static int look(void *arg)
{
    work *w = arg;
    const job *j = w->job;
    if (j->list) {
        disk_list(j, w->result);
    } else if (j->kind == URL_FILE) {
        w->page = disk_check(w->env->o, j, w->result, &w->body);
    } else {
        if (!*w->client)
            *w->client = http_new(w->env->o, is_cancelled, (void *)w->env);
        w->page = http_check(*w->client, j, w->result, &w->body);
    }
    return w->result->outcome == OUT_NONE ? -ECANCELED : 0;
}

static int parse(void *arg)
{
    work *w = arg;
    html_limits limits = { .deadline_ns = rn_now() + w->env->o->timeout_ns,
                           .stop = is_cancelled,
                           .arg = (void *)w->env };
    return page_read(w->env->o, &limits, w->job->url, &w->body, w->result);
}

static int do_job(work *w, fetch_env *env)
{
    int rc = rn_blocking(look, w);
    if (rc != 0 || !w->page)
        return rc;
    rc = rn_semaphore_acquire(&env->parsers, 1);
    if (rc != 0)
        return rc;
    rc = rn_blocking(parse, w);
    rn_semaphore_release(&env->parsers, 1);
    return rc;
}

static int close_client(void *client)
{
    http_free(client);
    return 0;
}

static int fetcher(rn_receiver(job) jobs, rn_sender(result_ptr) results, fetch_env *env)
{
    int rc = 0;
    http *client = NULL;
    job j;
    while (rc == 0 && rn_recv(jobs, &j) == 0) {
        work w = { .env = env, .job = &j, .client = &client };
        w.result = xcalloc(1, sizeof *w.result);
        w.result->target = j.target;
        rc = do_job(&w, env);
        str_fini(&w.body);
        if (rc == 0)
            rc = rn_send(results, w.result);
        if (rc != 0)
            result_free(w.result);
    }
    rn_shield(); /* closing TLS connections may block, also when the run was cancelled */
    if (client && rn_blocking(close_client, client) != 0)
        http_free(client);
    rn_unshield();
    return rc;
}
RN_TASK(fetcher, rn_receiver(job), rn_sender(result_ptr), fetch_env *);

int fetchers_start(rn_group *g, unsigned n, rn_receiver(job) jobs, rn_sender(result_ptr) results,
                   fetch_env *env)
{
    int rc = 0;
    for (unsigned i = 0; i < n && rc == 0; i++)
        rc = rn_go(g, fetcher, jobs, results, env);
    return rc;
}
