/* SPDX-License-Identifier: MIT */
/*
 * The scenario runner's process: forked before the BPF programs are loaded, so that it shares none of the tracer's
 * memory, and confined before it looks at anything.
 */
#ifndef VS_PRIV_RUNNER_PROCESS_H
#define VS_PRIV_RUNNER_PROCESS_H

#include <sys/types.h>

#include "priv/confine.h"
#include "scenario/runner.h"

struct vs_runner_process {
	pid_t pid; /* 0: there is none */
	int socket; /* SOCK_SEQPACKET, -1: there is none */
};

/* 0 or -errno. Afterwards the caller may close what is in fds. */
int vs_runner_process_start(struct vs_runner_process *process, const struct vs_identity *identity,
			    const struct vs_runner_fds *fds);
/* Closes the socket, which ends the runner, and waits for it; kills it when it does not end by itself. */
void vs_runner_process_stop(struct vs_runner_process *process);

#endif
