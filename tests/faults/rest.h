/* SPDX-License-Identifier: MIT */
/* The parts of rest.c that have a file of their own. Each is a run's function. */
#ifndef RUNNEL_TESTS_REST_H
#define RUNNEL_TESTS_REST_H

#include <runnel.h>

int rest_leaks(rn_group *g, void *arg);

#endif
