/* SPDX-License-Identifier: MIT */
/* SIGINT and SIGTERM as something a task can wait for. One that comes half a second after the first
 * ends the process. */
#ifndef APP_SIGNALS_H
#define APP_SIGNALS_H

#include <runnel.h>

/* Blocks the signals in this thread and those it starts, so call it before rn_run. Returns a
 * descriptor that becomes readable when one is sent, or a negative errno value. */
int signals_open(void);
/* Gives the signals their usual meaning back. */
void signals_close(int fd);

/* A task: cancels ctx with -EINTR at the first signal, ends the process at a later one. */
int signals_watch(int fd, rn_ctx *ctx);
RN_TASK(signals_watch, int, rn_ctx *);

#endif
