/* SPDX-License-Identifier: MIT */
/* The umbrella header of runnel: tasks, channels, select, groups and contexts for C. */
#ifndef RUNNEL_H
#define RUNNEL_H

#include <runnel/base.h>
#include <runnel/task.h>
#include <runnel/fork.h>
#include <runnel/test.h>
#include <runnel/time.h>
#include <runnel/chan.h>
#include <runnel/select.h>
#include <runnel/sync.h>
#include <runnel/scope.h>
#include <runnel/any.h>
#include <runnel/stage.h>
#include <runnel/pattern.h>
#include <runnel/scale.h>
#include <runnel/io.h>
#include <runnel/obs.h>
#include <runnel/error.h>
#include <runnel/errno.h>

#endif
