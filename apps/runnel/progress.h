/* SPDX-License-Identifier: MIT */
/* The live line on stderr while a check runs; only ever used on a terminal. */
#ifndef APP_PROGRESS_H
#define APP_PROGRESS_H

#include "frontier.h"

void progress_show(const counts *c);
void progress_clear(void);

#endif
