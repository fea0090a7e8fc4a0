/* SPDX-License-Identifier: MIT */
/* SIGINT and SIGTERM as something a task can wait for. The second one ends the process. */
#ifndef APP_SIGNALS_H
#define APP_SIGNALS_H

#include <runnel.h>

/* Catches the signals from now on. Returns a descriptor that becomes readable with the first one,
 * or a negative errno value. Once per process. */
int signals_open(void);

/* A task: waits for a signal and cancels ctx with -EINTR. */
int signals_watch(int fd, rn_ctx *ctx);
RN_TASK(signals_watch, int, rn_ctx *);

#endif
