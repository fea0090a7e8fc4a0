/* SPDX-License-Identifier: MIT */
/*
 * Book, chapter 5: Error propagation.
 *
 * The low-level module knows files, the one above knows jobs, and main speaks to a user. An error
 * is wrapped where it crosses a module's boundary: the message is then in the terms of whoever
 * called, the rest is kept for the log. Only the job module names jobs in its errors; one without
 * a name has come through unwrapped, and that is a bug to report. An error is a value that tasks
 * send each other; the channel's drop function frees those that nobody receives.
 *
 * Prints "[1] There was an unexpected issue; please report this as a bug." for the version that
 * forgot to wrap, then `[2] cannot run job "1": requisite binaries not available`; and on stderr,
 * under the same log ids, each with its causes, places and tasks.
 */
#include <errno.h>
#include <stdio.h>
#include <sys/stat.h>

#include <runnel.h>

static rn_error *is_globally_exec(const char *path, bool *is)
{
    struct stat info;
    if (stat(path, &info) != 0)
        return rn_error_new(-errno, "stat %s", path);
    *is = (info.st_mode & 0100) != 0;
    return NULL;
}

static rn_error *check_job(const char *id, bool wrap)
{
    bool is_executable = false;
    rn_error *e = is_globally_exec("/bad/job/binary", &is_executable);
    if (e && !wrap)
        return e;
    if (e)
        e = rn_error_wrap(e, 0, "cannot run job \"%s\": requisite binaries not available", id);
    else if (!is_executable)
        e = rn_error_new(-EACCES, "cannot run job \"%s\": requisite binaries not executable", id);
    int rc = e ? rn_error_set(e, "job", id) : 0;
    return rc == 0 ? e : rn_error_wrap(e, rc, "the job is not noted");
}

static int run_job(const char *id, bool wrap, rn_sender(rn_error *) errors)
{
    rn_error *e = check_job(id, wrap);
    int rc = rn_send(errors, e);
    if (rc != 0)
        rn_error_unref(e);
    return rc;
}
RN_TASK(run_job, const char *, bool, rn_sender(rn_error *));

static void handle_error(int log_id, rn_error *e)
{
    const char *message = "There was an unexpected issue; please report this as a bug.";
    if (rn_error_get(e, "job"))
        message = rn_error_message(e);
    fprintf(stderr, "[logID: %d]: ", log_id);
    rn_error_print(e, 2);
    printf("[%d] %s\n", log_id, message);
}

static int chapter(rn_group *g, void *unused)
{
    (void)unused;
    rn_chan(rn_error *) errors = rn_make_drop(g, rn_error *, 0, rn_error_drop);
    for (int log_id = 1; log_id <= 2; log_id++) {
        rn_error *e = NULL;
        rn_go(g, run_job, "1", log_id == 2, rn_tx(errors));
        if (rn_recv(errors, &e) == 0 && e)
            handle_error(log_id, e);
        rn_error_unref(e);
    }
    return 0;
}

int main(void)
{
    return rn_run(chapter, NULL) == 0 ? 0 : 1;
}
