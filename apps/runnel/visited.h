/* SPDX-License-Identifier: MIT */
/* The visited set of the frontier: targets and links by name. Confined to the frontier task. */
#ifndef APP_VISITED_H
#define APP_VISITED_H

#include "frontier.h"

/* Notes a link found on a page; queues its target if it is new. */
void visited_add_link(frontier *f, const target *page, const found *l);

/* Makes a target of where t leads to, unless that is one redirect too many. */
void visited_follow(frontier *f, target *t);

#endif
