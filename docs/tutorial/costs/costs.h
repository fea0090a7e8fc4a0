/* SPDX-License-Identifier: MIT */
/* What the rows of the tutorial's table of costs share; main.c tells what it is for. */
#ifndef COSTS_H
#define COSTS_H

#include <runnel.h>

enum { MANY = 20000, SOME = 500 }; /* operations in a round */

typedef struct costs_row {
    const char *page, *what;
    /* Does n operations in group g, which is closed afterwards, and returns how long they took. */
    int64_t (*run)(rn_group *g, int n);
    int n;
} costs_row;

/* Each ends with a row without a page. */
extern const costs_row costs_basics[], costs_streams[], costs_contexts[], costs_scale[];

/* A task that sends 0 to n-1 to a channel of that capacity. */
rn_receiver(int) numbers(rn_group *g, int n, size_t cap);
/* Receives until the end; and how long that takes. */
int drain(rn_receiver(int) in);
int64_t time_to_drain(rn_receiver(int) in);
/* Rows of several pages. */
int64_t channel_0(rn_group *g, int n);
int64_t channel_16(rn_group *g, int n);
int64_t channel_64(rn_group *g, int n);
int64_t channel_256(rn_group *g, int n);

#endif
