/* SPDX-License-Identifier: MIT */
/*
 * What the daemon makes in tracefs does not go away with its descriptors, and when it ends it may not remove it: its
 * privileges are gone. So a child stays root for this alone. It reads nothing but the end of a pipe, which comes when
 * the daemon ends, however that is, removes the instance and its events, and ends.
 */
#ifndef VS_TRACE_TRACEFS_KEEPER_H
#define VS_TRACE_TRACEFS_KEEPER_H

#include <sys/types.h>

#include "trace/tracefs.h"

struct vs_keeper {
	pid_t pid; /* 0: none */
	int pipe;  /* its other end is the keeper's */
};

/* Starts it, once the instance is there and before any event is. 0 or -errno. */
int vs_keeper_start(struct vs_keeper *keeper, const struct vs_tracefs *tracefs);
/* Lets it do its work, and waits until it has. What is ours in the instance must be closed before. */
void vs_keeper_stop(struct vs_keeper *keeper);

#endif
