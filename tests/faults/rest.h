/* SPDX-License-Identifier: MIT */
/* The parts of rest.c, which have files of their own by what they are about. */
#ifndef RUNNEL_TESTS_REST_H
#define RUNNEL_TESTS_REST_H

#include <runnel.h>

/* Functions of a run. */
int rest_tcp(rn_group *g, void *unused);
int rest_strangers(rn_group *g, void *unused);
int rest_stages(rn_group *g, void *unused);
int rest_broadcasts(rn_group *g, void *unused);
int rest_scale(rn_group *g, void *unused);
int rest_scopes(rn_group *g, void *unused);
int rest_discards(rn_group *g, void *unused);
int rest_scarce(rn_group *g, void *unused);
int rest_crowd(rn_group *g, void *unused);
int rest_leaks(rn_group *g, void *arg);
int rest_lost(rn_group *g, void *unused);

/* Those that make runs of their own. */
int rest_outliving(void);
int rest_failing(void);

#endif
