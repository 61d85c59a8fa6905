/* SPDX-License-Identifier: MIT */
/* A process of a scenario's own, which does something and then ends, in order or not. */
#ifndef VS_SCENARIO_CHILD_H
#define VS_SCENARIO_CHILD_H

#include <sys/types.h>

#include "scenario/run.h"

struct vs_child {
	pid_t pid;
	int talk; /* a socket: closing it ends the process */
};

/*
 * Fork, do body in the new process, and return once it is done there and the process waits to be ended. body gets a run of its
 * own, whose counts and checkpoints nobody hears of; what it fails of is noted here. 0, or a noted failure: then no process is
 * left.
 */
int vs_child_start(struct vs_run *run, int (*body)(struct vs_run *run, void *data), void *data, struct vs_child *ret);
/* End it, by SIGKILL or by its own exit(2), and wait until it is gone, its files closed. */
int vs_child_end(struct vs_run *run, struct vs_child *child, bool kill_it);

#endif
